"""Things that die while people work."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from pyspark.errors import PySparkException
from pyspark.sql.connect.session import SparkSession
from support.waiting import wait_until

SESSION_CHANGED = "INVALID_HANDLE.SESSION_CHANGED"
AT_ONCE = 30  # seconds; a client that takes it for something passing retries for ten minutes
SLOW = "select count(*) from range(20000000000) where id % 7 = 8"  # minutes on this machine


def run_in_background(action):
    """Starts it; returns a function that waits for its result or its error."""
    outcome = []

    def run():
        try:
            outcome.append(action())
        except Exception as error:  # the test looks at whatever it was
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def result(seconds=60):
        thread.join(seconds)
        assert outcome, f"no result within {seconds} s"
        return outcome[0]

    return result


def await_operation(gateway, user):
    wait_until(lambda: gateway.events("--user", user, "--type", "operation_started"), 30, "a query runs")
    wait_until(lambda: gateway.engine(user)["operations"] > 0, 30, "a query is open")


def new_session_works(url):
    """What the same script's next getOrCreate() does."""
    spark = SparkSession.builder.remote(url).getOrCreate()
    assert spark.sql("select current_user()").first()[0]
    spark.stop()


def test_an_engine_killed_while_idle(gateway, newcomer):
    spark = SparkSession.builder.remote(gateway.url(newcomer)).getOrCreate()
    spark.range(1).collect()
    first = gateway.engine(newcomer)

    os.kill(first["pid"], signal.SIGKILL)
    started = time.monotonic()
    with pytest.raises(PySparkException, match=SESSION_CHANGED):
        spark.range(1).collect()

    assert time.monotonic() - started < AT_ONCE
    new_session_works(gateway.url(newcomer))
    second = gateway.engine(newcomer)
    assert second["engine_id"] != first["engine_id"]
    lost = gateway.events("--engine", first["engine_id"], "--type", "engine_lost")
    assert "signal 9" in lost[0]["detail"]
    gateway.cli("engine", "kill", second["engine_id"])


def test_an_engine_killed_while_a_query_runs(gateway, newcomer):
    spark = SparkSession.builder.remote(gateway.url(newcomer)).getOrCreate()
    spark.range(1).collect()
    result = run_in_background(lambda: spark.sql(SLOW).collect())
    await_operation(gateway, newcomer)

    os.kill(gateway.engine(newcomer)["pid"], signal.SIGKILL)
    started = time.monotonic()
    error = result(60)

    assert SESSION_CHANGED in str(error)
    assert time.monotonic() - started < AT_ONCE
    new_session_works(gateway.url(newcomer))
    gateway.cli("engine", "kill", gateway.engine(newcomer)["engine_id"])


def test_a_gateway_killed_while_idle_finds_everything_again(make_gateway):
    gateway = make_gateway()
    spark = gateway.connect("alice")
    spark.range(5).createOrReplaceTempView("five")
    engine, zookeeper = gateway.engine("alice"), gateway.zookeeper_pid()

    gateway.kill()
    gateway.start()

    assert spark.sql("select count(*) from five").first()[0] == 5
    assert gateway.zookeeper_pid() == zookeeper
    again = wait_until(lambda: [e for e in gateway.engines("alice") if e["state"] == "ready"], 30,
                       "the engine is there")
    assert [e["engine_id"] for e in again] == [engine["engine_id"]]
    assert again[0]["application_id"] == engine["application_id"]
    spark.stop()


def test_a_gateway_killed_while_a_query_runs_still_delivers_its_answer(make_gateway):
    gateway = make_gateway()
    spark = gateway.connect("alice")
    spark.range(5).createOrReplaceTempView("five")
    result = run_in_background(
        lambda: spark.sql("select count(*) from range(1500000000) where id % 7 = 3").first()[0])
    await_operation(gateway, "alice")

    gateway.kill()
    gateway.start()

    assert result(120) == 214285714
    assert spark.sql("select count(*) from five").first()[0] == 5
    spark.stop()


def test_zookeeper_killed_and_back(make_gateway):
    gateway = make_gateway()
    spark = gateway.connect("alice")
    spark.range(1).collect()
    engine = gateway.engine("alice")
    killed = gateway.zookeeper_pid()

    os.kill(killed, signal.SIGKILL)
    for _ in range(20):
        assert spark.range(3).count() == 3  # goes on without ZooKeeper

    wait_until(lambda: gateway.http("/readyz")[0] == 200 and gateway.zookeeper_pid() != killed, 60,
               "ZooKeeper is back", hint=lambda: gateway.http("/readyz")[1])

    def registered():
        client = gateway.zookeeper()
        try:
            paths = [f"/foxfire/engines/user:alice:default:default/{engine['engine_id']}"]
            return all(client.exists(path) for path in paths) and client.get_children("/foxfire/gateways")
        finally:
            client.stop()
            client.close()

    wait_until(registered, 60, "engine and gateway are registered again")
    assert gateway.engine("alice")["engine_id"] == engine["engine_id"]
    assert spark.range(3).count() == 3
    spark.stop()


def test_an_engine_stops_when_its_registration_is_lost_for_good(make_gateway):
    gateway = make_gateway({"engine.lost_timeout": "7s"})
    spark = gateway.connect("alice")
    spark.range(1).collect()
    pid = gateway.engine("alice")["pid"]

    gateway.kill()
    os.kill(gateway.zookeeper_pid(), signal.SIGKILL)

    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 60, "the engine has ended")
    spark.client.close()


def test_the_end_of_a_forgotten_script_starts_no_engine(make_gateway):
    """PySpark from 4.1 on ends every process with an ExecutePlan that cleans a cache."""
    gateway = make_gateway({"session.ended_ttl": "0s"})
    answered = 'foxfire_calls_total{code="OK"}'
    script = ("from pyspark.sql import SparkSession\n"
              f"spark = SparkSession.builder.remote({gateway.url('alice')!r}).getOrCreate()\n"
              "print(spark.range(3).count(), flush=True)\n"
              "input()\n")
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout.readline() == "3\n"
        gateway.cli("engine", "kill", gateway.engine("alice")["engine_id"])
        before = gateway.metric(answered)

        process.communicate("\n", timeout=60)

    assert process.returncode == 0
    assert len(gateway.events("--type", "engine_launching")) == 1
    refused = [gateway.metric(f'foxfire_calls_total{{code="{code}"}}') for code in ("NOT_FOUND", "INTERNAL")]
    assert sum(refused) >= 1 and gateway.metric(answered) == before


def test_an_idle_engine_stops(make_gateway):
    # A probe that finds the port closed would bury it before its process has ended.
    gateway = make_gateway({"engine.idle_timeout": "3s", "engine.probe_interval": "1h"})
    spark = gateway.connect("alice")
    spark.range(1).collect()
    engine = gateway.engine("alice")
    spark.stop()

    wait_until(lambda: not gateway.engines("alice"), 60, "the engine has ended")
    [stopped] = gateway.events("--engine", engine["engine_id"], "--type", "engine_stopped")
    assert stopped["detail"].startswith("exit status 0")
