"""How foxfired ends and comes back, and what scripts notice of it."""

import os
import signal
from pathlib import Path

import pytest
from support.gateway import Gateway
from support.held_query import HeldQuery
from support.script import Script
from support.waiting import wait_until

LOSES_ITS_ENGINE = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(3).count()
print(spark.conf.get("spark.app.id"))
input()
try:
    spark.range(3).count()
    print("no error")
except Exception as error:
    print(type(error).__name__, str(error).splitlines()[0])
spark = SparkSession.builder.getOrCreate()
print(spark.conf.get("spark.app.id"))
print(spark.range(3).count())
spark.stop()
"""


@pytest.fixture(scope="module")
def shared_gateway(tmp_path_factory):
    """One for this module: it is killed and comes back."""
    with Gateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


def has_ended(pid):
    """Also while it waits for its parent to ask how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_script_whose_engine_dies_goes_on_with_get_or_create(gateway, newcomer):
    with Script(LOSES_ITS_ENGINE, gateway.url(newcomer)) as script:
        first = script.read()
        os.kill(gateway.engine(newcomer)["pid"], signal.SIGKILL)

        script.say()

        assert "INVALID_HANDLE.SESSION_CHANGED" in script.read(seconds=10)
        second = script.read()
        assert second.startswith("local-") and second != first
        assert script.read() == "3"
        assert script.finish() == 0, script.errors()


def test_a_query_outlives_foxfired(connect, gateway, newcomer, tmp_path):
    query = HeldQuery(connect(newcomer), tmp_path)
    engine = gateway.engine(newcomer)

    gateway.kill()
    gateway.start()
    query.release()

    query.join()
    assert query.error is None and query.result == 0
    assert gateway.engine(newcomer)["pid"] == engine["pid"]


def test_a_restarted_foxfired_ends_engines_that_it_found(connect, gateway, newcomer):
    connect(newcomer).range(1).count()
    engine = gateway.engine(newcomer)
    gateway.kill()
    gateway.start()

    killed = gateway.cli("engine", "kill", engine["engine_id"])

    assert killed["forced"] is False and killed["sessions"] == 1
    assert has_ended(engine["pid"])


def test_readiness_says_why_while_zookeeper_hangs(gateway):
    frozen = gateway.zookeeper_pid()
    os.kill(frozen, signal.SIGSTOP)
    try:
        wait_until(lambda: gateway.http("/readyz")[0] == 503, 60, "/readyz says no")
        assert '"zookeeper"' in gateway.http("/readyz")[1]
        assert gateway.http("/healthz")[0] == 200
    finally:
        os.kill(frozen, signal.SIGCONT)
    wait_until(lambda: gateway.http("/readyz")[0] == 200, 60, "/readyz says yes again", gateway.log)


def test_sigterm_takes_engines_and_zookeeper_along(make_gateway):
    gateway = make_gateway()
    spark = gateway.connect("alice")
    assert spark.range(3).count() == 3

    gateway.process.send_signal(signal.SIGTERM)

    assert gateway.process.wait(60) == 0
    assert gateway.left_processes() == []
    spark.client.close()


def test_what_sigterm_keeps_is_adopted(make_gateway):
    gateway = make_gateway({"server.on_shutdown": "keep"})
    spark = gateway.connect("alice")
    spark.range(7).createOrReplaceTempView("seven")
    engine, zookeeper = gateway.engine("alice"), gateway.zookeeper_pid()

    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.process.wait(60) == 0
    gateway.start()

    assert gateway.zookeeper_pid() == zookeeper
    assert spark.sql("select count(*) from seven").first()[0] == 7
    assert gateway.engine("alice")["pid"] == engine["pid"]
    spark.stop()
