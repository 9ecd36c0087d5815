"""What a running engine is: its record, whom it works as, who may call it, where its secret is."""

import json
import os
import re
import socket
from datetime import datetime, timezone
from pathlib import Path

import grpc
import pytest

from queries import call_config, close_session, open_session, text_udf
from support.engine_process import EngineProcess


@pytest.fixture(scope="module")
def engine(tmp_path_factory, shared_zookeeper):
    folder = tmp_path_factory.mktemp("engine")
    events = folder / "events"
    events.mkdir()
    settings = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": events.as_uri()}
    with EngineProcess(folder, shared_zookeeper.connect, settings=settings) as running:
        yield running.start_and_register()


@pytest.fixture(scope="module")
def spark(engine):
    session = open_session(engine)
    yield session
    close_session(session)


def listening_sockets(pid) -> set[str]:
    """The addresses, in the kernel's hex form, that a process listens on."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        found = re.match(r"socket:\[(\d+)\]", os.readlink(entry))
        if found:
            inodes.add(found[1])
    lines = [line.split() for table in ("tcp", "tcp6")
             for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]]
    return {line[1].rpartition(":")[0] for line in lines if line[3] == "0A" and line[9] in inodes}


def test_registers_an_ephemeral_node_with_its_record(engine, nodes):
    data, stat = nodes.get(engine.node)

    record = json.loads(data)
    assert stat.ephemeralOwner != 0
    assert set(record) == {"schema", "engine_id", "endpoint", "spark_version", "application_id",
                           "run_as", "ui_url", "host_name", "pid", "started_at", "submission_id"}
    assert (record["schema"], record["engine_id"], record["run_as"]) == (1, engine.id, "alice")
    assert record["pid"] == engine.process.pid
    assert record["host_name"] == "machine-of-the-test"
    assert record["application_id"].startswith("local-")
    assert record["ui_url"] == record["submission_id"] == ""
    started = datetime.strptime(record["started_at"], "%Y-%m-%dT%H:%M:%S%z")
    assert record["started_at"].endswith("Z")
    assert 0 <= (datetime.now(timezone.utc) - started).total_seconds() < 600
    host, _, port = record["endpoint"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5):
        pass


def test_record_names_the_version_and_application_of_its_spark(engine, nodes, spark):
    record = json.loads(nodes.get(engine.node)[0])

    assert record["spark_version"] == spark.version
    assert record["application_id"] == spark.conf.get("spark.app.id")


def test_logs_starting_listening_registered_in_this_order(engine):
    events = re.findall(r"^foxfire-engine: (\S+)", engine.log(), re.MULTILINE)

    assert events[:3] == ["starting", "listening", "registered"]


def test_accepts_the_right_token_only(engine):
    right = call_config(engine, [("authorization", f"Bearer {engine.secret}")])
    wrong = call_config(engine, [("authorization", f"Bearer {engine.secret[:-1]}")])
    missing = call_config(engine, [])

    assert right == grpc.StatusCode.OK
    assert wrong == missing == grpc.StatusCode.UNAUTHENTICATED


def test_works_as_the_user_of_its_settings(spark):
    assert spark.sql("select current_user()").collect()[0][0] == "alice"


def test_runs_python_udfs(spark):
    doubled = spark.sql("select 'ab' as text").select(text_udf(lambda text: text * 2)("text"))

    assert doubled.collect()[0][0] == "abab"


@pytest.mark.parametrize("user", ["ann.lee@example.com", "jürgen"])
def test_keeps_the_whole_name_of_any_user(make_engine, nodes, user, connect):
    engine = make_engine(user=user).start_and_register()

    session = connect(engine)

    assert session.sql("select current_user()").collect()[0][0] == user
    assert json.loads(nodes.get(engine.node)[0])["run_as"] == user
    session.stop()


def test_listens_on_its_bind_address_only(engine):
    loopback = {"0100007F", "0000000000000000FFFF00000100007F"}

    addresses = listening_sockets(engine.process.pid)

    assert addresses and addresses <= loopback


def test_secret_file_is_gone(engine):
    assert not engine.secret_file.exists()


def test_secret_is_in_no_argument_environment_log_or_node(engine, nodes):
    process = Path(f"/proc/{engine.process.pid}")

    assert engine.secret.encode() not in (process / "cmdline").read_bytes()
    assert engine.secret.encode() not in (process / "environ").read_bytes()
    assert engine.secret not in engine.log()
    assert engine.secret.encode() not in nodes.get(engine.node)[0]


def test_secret_is_in_no_file_of_the_engine(engine, spark):
    spark.range(10).count()

    files = [path for path in engine.folder.parent.rglob("*") if path.is_file()]

    assert any("events" in path.parts for path in files), "Spark writes its event log"
    holders = [path for path in files if engine.secret.encode() in path.read_bytes()]
    assert holders == []


def test_secret_is_in_nothing_that_clients_can_read(engine, spark):
    key = "spark.connect.authenticate.token"

    listed = [str(row) for query in ("SET", "SET -v") for row in spark.sql(query).collect()]
    answers = [*listed, str(spark.conf.getAll), str(spark.sql(f"SET {key}").collect())]

    assert spark.conf.get(key, "none") == "none"
    assert not any(engine.secret in answer for answer in answers)
    assert not any(row.startswith(f"Row(key='{key}'") and "redacted" in row for row in listed)


def test_takes_settings_of_spark_from_its_properties(spark):
    assert spark.conf.get("spark.sql.shuffle.partitions") == "2"
    assert spark.conf.get("spark.app.name") == "foxfire user:alice:default:default"


def test_training_makes_an_archive_that_an_engine_can_start_from(make_engine, nodes, tmp_path):
    archive = tmp_path / "archive.jsa"
    trained = make_engine(settings={"foxfire.train": "true"},
                          options=[f"-XX:ArchiveClassesAtExit={archive}"])
    trained.start()
    assert trained.await_exit(300) == 0, trained.log()
    assert trained.events("trained") and not trained.events("warm-up-failed"), trained.log()
    assert not nodes.exists(trained.node)

    # With -Xshare:on the JVM refuses to start from an archive that does not fit.
    engine = make_engine(options=[f"-XX:SharedArchiveFile={archive}", "-Xshare:on"])
    engine.start_and_register()

    assert "foxfire.engine.EngineMain" in Path(f"/proc/{engine.process.pid}/cmdline").read_text()
    assert str(archive) in Path(f"/proc/{engine.process.pid}/maps").read_text()
