"""An engine that cannot start ends with status 1 and one line that says why and how to mend it."""

import socket

import pytest

from support.ports import free_port

NOWHERE = "203.0.113.7"  # an address for documentation: no machine has it


def failure_of(engine, seconds=60) -> str:
    """Starts it, checks how it ends and answers with its last line."""
    assert engine.start().await_exit(seconds) == 1, engine.log()
    lines = engine.log().splitlines()
    assert sum("foxfire-engine: FAILED: " in line for line in lines) == 1
    assert lines[-1].startswith("foxfire-engine: FAILED: ")
    assert engine.secret not in engine.log()
    return lines[-1]


@pytest.mark.parametrize("key", [
    "foxfire.engine.id", "foxfire.engine.key", "foxfire.engine.run.as", "foxfire.secret.file",
    "foxfire.zookeeper.connect", "foxfire.zookeeper.root", "foxfire.idle.ms",
    "foxfire.bind.address"])
def test_missing_setting(make_engine, key):
    last = failure_of(make_engine(settings={key: None}))

    assert f"engine.properties: {key}: is missing" in last


@pytest.mark.parametrize("key, value, says", [
    ("foxfire.engine.id", "seven", "must be a UUID"),
    ("foxfire.engine.id", "0d3ddc7e-4c8c-4f3a-9b7e-3a2a5f0f1c11", "command line says"),
    ("foxfire.engine.key", "alice", "<level>:<owner>:<profile>:<subdomain>"),
    ("foxfire.engine.key", "user:a/b:default:default", "<level>:<owner>:<profile>:<subdomain>"),
    ("foxfire.zookeeper.root", "foxfire", "must be a ZooKeeper path"),
    ("foxfire.idle.ms", "-1", "must be a whole number of milliseconds"),
    ("foxfire.idle.ms", "30m", "must be a whole number of milliseconds"),
    ("foxfire.zookeeper.session.timeout.ms", "99999999999", "must be a whole number"),
    ("foxfire.train", "yes", "must be true or false"),
    ("foxfire.idle.timeout", "1", "no such key"),
    ("spark.connect.authenticate.token", "x", "foxfire.secret.file"),
])
def test_wrong_setting(make_engine, key, value, says):
    last = failure_of(make_engine(settings={key: value}))

    assert key in last and says in last


def test_a_start_that_takes_too_long(make_engine):
    assert "foxfire.start.max.ms" in failure_of(make_engine(settings={"foxfire.start.max.ms": 1}))


def test_missing_properties_file(make_engine):
    engine = make_engine()
    (engine.folder / "engine.properties").unlink()

    assert "engine.properties: no such file" in failure_of(engine)


def test_missing_secret_file(make_engine):
    engine = make_engine(write_secret=False)

    last = failure_of(engine)

    assert f"foxfire.secret.file = {engine.secret_file}: no such file" in last


def test_secret_file_that_others_can_read(make_engine):
    engine = make_engine()
    engine.secret_file.chmod(0o644)

    assert "chmod 600" in failure_of(engine)


def test_empty_secret_file(make_engine):
    engine = make_engine()
    engine.secret_file.write_text("\n")

    assert "must hold exactly one line" in failure_of(engine)


def test_environment_that_changes_the_user(make_engine):
    assert "SPARK_USER" in failure_of(make_engine(env={"SPARK_USER": "mallory"}))


def test_user_that_hadoop_reads_otherwise(make_engine):
    assert "svc/host" in failure_of(make_engine(user="svc/host"))


def test_master_that_spark_does_not_know(make_engine):
    last = failure_of(make_engine(settings={"spark.master": "nonsense"}))

    assert "nonsense" in last and "mend the profile's Spark settings" in last


def test_setting_that_spark_does_not_take(make_engine):
    last = failure_of(make_engine(settings={"spark.executor.heartbeatInterval": "often"}))

    assert "often" in last and "mend the profile's Spark settings" in last


def test_sql_setting_that_would_break_every_session(make_engine):
    last = failure_of(make_engine(settings={"spark.sql.shuffle.partitions": "many"}))

    assert "spark.sql.shuffle.partitions = many" in last


def test_too_little_memory_for_spark(make_engine):
    last = failure_of(make_engine(heap="256m"))

    assert "System memory" in last and "driver_memory" in last


def test_bind_address_that_is_not_here(make_engine):
    settings = {"foxfire.bind.address": NOWHERE, "spark.port.maxRetries": 0}

    last = failure_of(make_engine(settings=settings))

    assert "foxfire.bind.address" in last


def test_port_that_is_taken(make_engine):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        last = failure_of(make_engine(settings={"spark.connect.grpc.binding.port": port}))

    assert f"127.0.0.1:{port}" in last and "must be free" in last


def test_zookeeper_that_is_away(make_engine):
    address = f"127.0.0.1:{free_port()}"

    last = failure_of(make_engine(settings={"foxfire.zookeeper.connect": address}))

    assert f"ZooKeeper does not answer at {address}" in last and "foxfire.zookeeper.connect" in last


def test_zookeeper_address_that_is_none(make_engine):
    last = failure_of(make_engine(settings={"foxfire.zookeeper.connect": "127.0.0.1:port"}))

    assert "foxfire.zookeeper.connect = 127.0.0.1:port" in last


def test_node_that_belongs_to_another_engine(make_engine, nodes):
    engine = make_engine()
    nodes.create(engine.node, b"{}", makepath=True)

    last = failure_of(engine)

    assert "another engine has this id" in last
    assert nodes.get(engine.node)[0] == b"{}"
