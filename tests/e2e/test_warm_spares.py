"""Warm spares on real Spark: whose they become, and that nothing of their past is seen."""

import os

import pytest

from support.waiting import wait_until


@pytest.fixture
def warm_gateway(make_gateway):
    gateway = make_gateway({"profile.default.warm_spares": 1})
    gateway.await_spare()
    return gateway


def test_a_spare_becomes_its_owners_engine_and_nobody_elses(warm_gateway):
    [spare] = warm_gateway.cli("engine", "list", "--spares")
    spark = warm_gateway.connect("alice")

    assert spark.sql("select current_user()").first()[0] == "alice"
    engine = warm_gateway.engine("alice")
    assert (engine["engine_id"], engine["pid"]) == (spare["engine_id"], spare["pid"])
    assert spark.conf.get("spark.app.name") == "foxfire user:alice:default:default"
    assert [row for row in spark.sql("show tables").collect()] == []
    assert not spark.sql("set").where("value = 'foxfire spare' or key like '%foxfire%'").collect()
    spark.stop()

    warm_gateway.await_spare()
    other = warm_gateway.connect("bob")
    assert other.sql("select current_user()").first()[0] == "bob"
    assert warm_gateway.engine("bob")["pid"] != engine["pid"]
    other.stop()


def test_no_spare_outlives_a_gateway_that_is_killed(warm_gateway):
    [spare] = warm_gateway.cli("engine", "list", "--spares")

    warm_gateway.kill()

    wait_until(lambda: not os.path.exists(f"/proc/{spare['pid']}"), 30, "the spare's end")
