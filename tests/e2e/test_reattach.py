"""Streams that are cut on their way: PySpark has every row exactly once all the same."""

import contextlib
import json
import signal
import sqlite3

import pytest
from pyspark.errors import PySparkException
from support.cutting_proxy import CuttingProxy
from support.gateway import Gateway
from support.held_query import HeldQuery
from support.waiting import wait_until

ROWS = 20_000  # of a kibibyte each, in 200 messages
BATCH = 100
CUTS = [10_000, 102_400, 300_001, 1 << 20, 3_000_000]  # bytes


@pytest.fixture(scope="module")
def shared_gateway(tmp_path_factory):
    """One for this module: it ends and comes back."""
    settings = {
        "server.on_shutdown": "keep",
        "server.drain_timeout": "1s",
        # Spark keeps 10 MiB for clients that come back; networks may hold more of a slow reader's.
        "profile.default.java_options": [
            "-XX:TieredStopAtLevel=1",
            "-Dspark.connect.execute.reattachable.observerRetryBufferSize=100m"],
    }
    with Gateway(tmp_path_factory.mktemp("gateway"), settings) as gateway:
        yield gateway


@contextlib.contextmanager
def session(gateway, port=None):
    """One of alice's that gets its results in many messages."""
    url = f"sc://localhost:{port or gateway.port}/;token={gateway.token('alice')}"
    spark = gateway.connect_url(url)
    try:
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", BATCH)
        yield spark
        spark.stop()
    finally:
        spark.client.close()


def rows_of(spark):
    return spark.range(0, ROWS, 1, 4).selectExpr("id", "repeat('x', 1024) as ballast")


def assert_complete(rows):
    assert [row[0] for row in rows] == list(range(ROWS))


def operations_of(gateway, spark):
    """The ids of all that are known; short ones are so from their end on."""
    return wait_until(
        lambda: {event["operation_id"] for event in gateway.events("--session", spark.session_id)
                 if event["type"] in ("operation_started", "operation_finished")}, 30,
        "the operations of the session are known")


def test_connections_reset_after_any_number_of_bytes_lose_and_double_nothing(gateway):
    with session(gateway) as warm:
        warm.range(1).collect()
    target = f"127.0.0.1:{gateway.port}"
    with CuttingProxy(target, CUTS) as proxy, session(gateway, proxy.port) as spark:
        assert_complete(rows_of(spark).collect())
        assert proxy.allowances == []
        assert len(operations_of(gateway, spark)) == 1


def test_a_client_whose_network_breaks_between_any_two_batches_goes_on(gateway):
    with CuttingProxy(f"127.0.0.1:{gateway.port}") as proxy, session(gateway, proxy.port) as spark:
        rows = []
        for row in rows_of(spark).toLocalIterator():
            if len(rows) % (ROWS // 8) == 0:
                proxy.cut()
            rows.append(row)

        assert_complete(rows)
        assert proxy.cuts >= 2  # the rest may have arrived before it was asked for


@contextlib.contextmanager
def endpoint_of_alices_engine(gateway, endpoint):
    """Puts it into all that a gateway knows of the engine when it starts: its node and its row."""
    engine = gateway.engine("alice")
    node = f"/foxfire/engines/{engine['key']}/{engine['engine_id']}"

    def write(endpoint):
        zookeeper = gateway.zookeeper()
        record = json.loads(zookeeper.get(node)[0])
        zookeeper.set(node, json.dumps(record | {"endpoint": endpoint}).encode())
        zookeeper.stop()
        zookeeper.close()
        gateway.kill()
        with contextlib.closing(sqlite3.connect(gateway.var / "foxfire.db")) as store, store:
            store.execute("update engines set endpoint = ? where engine_id = ?",
                          (endpoint, engine["engine_id"]))
        gateway.start()

    write(endpoint)
    try:
        yield
    finally:
        write(engine["endpoint"])


def test_connections_to_the_engine_that_break_lose_and_double_nothing(gateway):
    with session(gateway) as warm:
        warm.range(1).collect()
    endpoint = gateway.engine("alice")["endpoint"]
    with CuttingProxy(endpoint, CUTS) as proxy, \
            endpoint_of_alices_engine(gateway, f"127.0.0.1:{proxy.port}"):
        with session(gateway) as spark:
            assert_complete(rows_of(spark).collect())
            assert proxy.allowances == []
            assert len(operations_of(gateway, spark)) == 1


@pytest.mark.parametrize("end", ["killed", "ended"])
def test_a_long_result_goes_on_where_it_was_when_foxfired_comes_back(gateway, end):
    with session(gateway) as spark:
        rows = []
        engine = None
        for row in rows_of(spark).toLocalIterator():
            if len(rows) == ROWS // 4:
                engine = gateway.engine("alice")["engine_id"]
                if end == "killed":
                    gateway.kill()
                else:
                    gateway.process.send_signal(signal.SIGTERM)
                    assert gateway.process.wait(60) == 0
                gateway.start()
            rows.append(row)

        assert_complete(rows)
        assert gateway.engine("alice")["engine_id"] == engine
        assert len(operations_of(gateway, spark)) == 1


def test_a_query_outlives_an_orderly_restart(gateway, tmp_path):
    with session(gateway) as spark:
        query = HeldQuery(spark, tmp_path)

        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(60) == 0
        gateway.start()
        query.release()

        query.join()
        assert query.error is None and query.result == 0


def test_interrupting_another_users_operation_does_nothing(gateway, tmp_path):
    with session(gateway) as spark:
        query = HeldQuery(spark, tmp_path)
        [operation] = [e["operation_id"] for e in gateway.events(
            "--session", spark.session_id, "--type", "operation_started")][-1:]
        thief = gateway.connect("mallory", f";session_id={spark.session_id}")
        with pytest.raises(PySparkException, match="no engine is running for mallory"):
            thief.interruptOperation(operation)
        thief.client.close()
        query.release()

        query.join()
        assert query.error is None and query.result == 0
        assert gateway.engines("mallory") == []
