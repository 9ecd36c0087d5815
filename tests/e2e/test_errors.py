"""Every way in which Foxfire says no (docs/errors.md): one clean line, word by word, and soon.

What a failed launch looks like: test_launch_failures.py; a token on a plaintext connection to a TLS
port: test_tls.py.
"""

import contextlib
import os
import re
import shutil
import signal
import threading
import time
from functools import partial

import pytest
from pyspark.errors import PySparkException
from pyspark.sql.connect.client import DefaultChannelBuilder
from pyspark.sql.connect.session import SparkSession
from support.gateway import Gateway
from support.script import Script
from support.waiting import wait_until

PATIENCE = 30  # far less than the ten minutes for which PySpark retries
SLOW = "select count(*) from range(20000000000) where id % 7 = 8"  # minutes on this machine
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
GRPC = "SparkConnectGrpcException"
SESSION_CHANGED = (
    r"\(org\.apache\.spark\.SparkSQLException\) \[INVALID_HANDLE\.SESSION_CHANGED\] "
    r"The handle " + UUID + r" is invalid\. "
    r"The existing Spark server driver instance has restarted "
    r"\((its engine|the session) has ended\)\. Please reconnect\. SQLSTATE: HY000")

DIES_WITHOUT_STOP = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(3).count()
print("ready")
input()
"""


@pytest.fixture(scope="module")
def strict_gateway(tmp_path_factory):
    """One with room for next to nothing; its engines of the profile `held` wait for the file `go`,
    those of `broken` fail."""
    folder = tmp_path_factory.mktemp("strict")
    os.mkfifo(folder / "go")
    java = shutil.which("java")
    for name, engine in {"held": f"read line < {folder}/go; exit 3",
                         "broken": "echo the reason; exit 3"}.items():
        program = folder / name / "bin" / "java"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\ncase "$*" in *EngineMain*) {engine};; esac\n'
                           f'exec {java} "$@"\n')
        program.chmod(0o755)
    with Gateway(folder / "gateway", {
            "limits.engines": 1, "limits.queue_timeout": "200ms", "limits.held_calls": 2, "limits.header_bytes": "4KiB",
            "limits.message_bytes": "64KiB", "limits.held_bytes": "64KiB",
            "profile.held.java_home": str(folder / "held"),
            "profile.broken.java_home": str(folder / "broken")}) as gateway:
        yield gateway


class Crowd:
    """Calls that wait for the one engine that the strict gateway may have."""

    def __init__(self, gateway):
        self.gateway = gateway
        self._waiting = []

    def grow(self):
        spark = self.connect()
        thread = threading.Thread(target=self._wait_for_the_engine, args=[spark], daemon=True)
        thread.start()
        self._waiting.append((thread, spark))
        wait_until(lambda: self.gateway.metric("foxfire_calls_open") == len(self._waiting), 30,
                   "the call waits")
        wait_until(lambda: [*self.gateway.var.glob("engines/*/pid")], 30, "an engine starts")

    def connect(self):
        return self.gateway.connect("early", ";x-foxfire-profile=held")

    def go(self, fifo):
        """The engine's start goes on, and fails."""
        writer = os.open(fifo, os.O_RDWR)  # this does not wait for a reader
        os.write(writer, b"\n" * len(self._waiting))
        for thread, spark in self._waiting:
            thread.join(PATIENCE)
            spark.client.close()
        os.close(writer)

    def _wait_for_the_engine(self, spark):
        with contextlib.suppress(PySparkException):
            spark.range(1).collect()


@pytest.fixture(scope="module")
def crowd(strict_gateway):
    crowd = Crowd(strict_gateway)
    crowd.grow()
    yield crowd
    crowd.go(strict_gateway.folder.parent / "go")


def said(action):
    """(the error's class, its text), as the user of PySpark sees it."""
    outcome = []

    def run():
        try:
            outcome.append(("nothing", str(action())))
        except Exception as error:  # whatever it is, the test looks at it
            outcome.append((type(error).__name__, str(error)))

    began = time.monotonic()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert outcome, f"no error within {PATIENCE} s"
    print(f"{time.monotonic() - began:.2f} s: {outcome[0]}")
    return outcome[0]


def said_to(spark, action=lambda spark: spark.range(1).collect()):
    answer = said(lambda: action(spark))
    spark.client.close()
    return answer


@pytest.mark.parametrize("token", ["wrong", "ff_" + "A" * 43])
def test_a_bad_token(gateway, token):
    spark = gateway.connect_url(f"sc://localhost:{gateway.port}/;token={token}")

    name, text = said_to(spark)

    assert name == GRPC
    assert text == "invalid credentials: connect with a valid token, sc://host:port/;token=…"


def test_a_profile_that_does_not_exist(gateway):
    assert said_to(gateway.connect("alice", ";x-foxfire-profile=nosuch")) == (
        GRPC, 'there is no profile "nosuch": correct x-foxfire-profile in the connection string '
        'or leave it out')


def test_a_subdomain_that_is_none(gateway):
    assert said_to(gateway.connect("alice", ";x-foxfire-subdomain=a b")) == (
        GRPC, "x-foxfire-subdomain must be at most 64 letters, digits, '-', '_' or '.'")


def test_a_session_id_that_is_no_uuid(gateway):
    spark = gateway.connect("alice")
    spark.client._session_id = "mine"  # PySpark itself takes nothing but UUIDs

    assert said_to(spark) == (
        GRPC, "the request's session_id must be a UUID, such as "
        "00112233-4455-6677-8899-aabbccddeeff")


def test_a_compressed_request(gateway):
    gzip = 2
    builder = DefaultChannelBuilder(gateway.url("alice"),
                                    [("grpc.default_compression_algorithm", gzip)])
    spark = SparkSession.builder.channelBuilder(builder).create()

    assert said_to(spark, lambda spark: spark.sql(f"select '{'x' * 10_000}'").collect()) == (
        GRPC, "compressed requests are not supported: switch gRPC compression off in the client")


def test_a_call_that_starts_no_engine_when_there_is_none(gateway, newcomer):
    assert said_to(gateway.connect(newcomer), lambda spark: spark.interruptAll()) == (
        GRPC, f"no engine is running for {newcomer}, and Interrupt does not start one")


def test_a_message_that_is_too_large(strict_gateway):
    spark = strict_gateway.connect("alice")
    # Or PySpark would ask the engine for them first, and so start it.
    spark.client._plan_compression_threshold, spark.client._plan_compression_algorithm = -1, "NONE"
    condition = "'" + "x" * 70_000 + "' = id"

    name, text = said_to(spark, lambda spark: spark.range(1).filter(condition).collect())

    assert name == GRPC
    assert re.fullmatch(r"a request message of \d{5} is larger than 64KiB "
                        r"\(limits\.message_bytes\)", text), text


def test_headers_that_are_too_large(strict_gateway):
    name, text = said_to(strict_gateway.connect("alice", f";x-note={'x' * 5000}"))

    assert name == GRPC
    assert text == "the request's headers have more than 4KiB (limits.header_bytes)"


def impatient(spark):
    """PySpark itself waits, and comes again, when it is told that this helps."""
    spark.client.set_retry_policies([])
    return spark


def test_too_many_engines(crowd):
    assert said_to(impatient(crowd.gateway.connect("late"))) == (
        GRPC, "no engine for late: no room within 200ms (limits.queue_timeout): 1 engines of this gateway "
              "run or start already (limits.engines)")


def test_too_many_held_calls(crowd):
    crowd.grow()

    assert said_to(impatient(crowd.connect())) == (
        GRPC, "2 calls wait for engines to start already (limits.held_calls)")


def test_a_launch_that_fails(make_gateway, strict_gateway):
    settings = {"profile.default.java_home": strict_gateway.settings["profile.broken.java_home"]}

    name, text = said_to(make_gateway(settings).connect("alice"))

    assert name == GRPC
    assert "could not be started" in text and text.rstrip().endswith("the reason"), text


def assert_session_changed(answer):
    name, text = answer
    assert name == "UnknownException", answer
    assert re.fullmatch(SESSION_CHANGED, text), text


# Of each a session of its own: PySpark closes a session that hears of it. cloneSession() is not
# here: PySpark 4.2.1 lets gRPC's own error out of it.
CALLS = {
    "collect": lambda spark: spark.range(1).collect(),
    "schema": lambda spark: spark.range(1).schema,
    "conf": lambda spark: spark.conf.get("spark.app.id"),
    "interruptAll": lambda spark: spark.interruptAll(),
    "interruptTag": lambda spark: spark.interruptTag("x"),
    "addArtifact": lambda spark: spark.addArtifact(__file__, file=True),
}


def kill_with_its_query(pid, spark):
    def kill(**_):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    spark.registerProgressHandler(kill)
    spark.sql(SLOW).collect()


def test_an_engine_that_dies_is_named_by_every_call_and_not_replaced(gateway, newcomer):
    busy = gateway.connect(newcomer)
    sessions = {call: gateway.connect(newcomer) for call in CALLS}
    for spark in [busy, *sessions.values()]:
        spark.range(1).schema
    with Script(DIES_WITHOUT_STOP, gateway.url(newcomer),
                {"SPARK_CONNECT_RELEASE_SESSION_ON_EXIT": "true"}) as script:
        assert script.read() == "ready"
        engine = gateway.engine(newcomer)

        assert_session_changed(said_to(busy, partial(kill_with_its_query, engine["pid"])))
        for call, spark in sessions.items():
            assert_session_changed(said(partial(CALLS[call], spark)))
            spark.stop()
        # At its end PySpark says goodbye with an ExecutePlan of its own.
        script.say()
        assert script.finish(PATIENCE) == 0, script.errors()

    assert gateway.engines(newcomer) == []
    assert len(gateway.events("--user", newcomer, "--type", "engine_launching")) == 1
