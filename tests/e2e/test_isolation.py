"""Who shares what: sessions of one user an engine, users nothing."""

import threading

import pytest
from pyspark.errors import PySparkException


def application_id(spark):
    return spark.conf.get("spark.app.id")


def test_two_sessions_of_a_user_share_an_engine(connect):
    assert application_id(connect("alice")) == application_id(connect("alice"))


def test_users_have_engines_of_their_own(connect, gateway):
    assert application_id(connect("alice")) != application_id(connect("bob"))
    assert gateway.engine("alice")["pid"] != gateway.engine("bob")["pid"]


def test_views_and_settings_belong_to_a_session(connect):
    one, other = connect("alice"), connect("alice")
    one.range(3).createOrReplaceTempView("mine")
    one.conf.set("spark.sql.shuffle.partitions", "7")

    with pytest.raises(PySparkException, match="TABLE_OR_VIEW_NOT_FOUND"):
        other.sql("select * from mine").collect()
    assert other.conf.get("spark.sql.shuffle.partitions") != "7"


@pytest.mark.parametrize("disguise", [
    "", ";user_id=alice", ";x-foxfire-subdomain=default", ";user_id=alice;x-user=alice;x-forwarded-user=alice"])
def test_nobody_reaches_anothers_session_by_its_id(connect, disguise):
    alice = connect("alice")
    alice.range(3).createOrReplaceTempView("secret")

    bob = connect("bob", f"{disguise};session_id={alice.session_id}")

    assert bob.session_id == alice.session_id
    assert bob.sql("select current_user()").first()[0] == "bob"
    with pytest.raises(PySparkException, match="TABLE_OR_VIEW_NOT_FOUND"):
        bob.sql("select * from secret").collect()
    assert alice.sql("select count(*) from secret").first()[0] == 3


def test_ten_clients_at_once_start_one_engine(gateway, newcomer):
    url = gateway.url(newcomer)
    answers = []

    def ask():
        spark = gateway.connect_url(url)
        answers.append((spark.range(10).count(), application_id(spark)))
        spark.stop()

    clients = [threading.Thread(target=ask) for _ in range(10)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(120)

    assert [count for count, _ in answers] == [10] * 10
    assert len({application for _, application in answers}) == 1
    launches = gateway.events("--user", newcomer, "--type", "engine_launching")
    assert len(launches) == 1
    gateway.cli("engine", "kill", gateway.engine(newcomer)["engine_id"])
