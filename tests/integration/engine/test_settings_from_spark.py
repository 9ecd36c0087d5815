"""Engines that are told by Spark's configuration, as spark-submit and cluster managers do it."""

import json
import re
import socket

import pytest

from other_engines import StandaloneDriver, SubmittedEngine, UntoldEngine
from queries import close_session, open_session
from test_start_failures import failure_of


@pytest.fixture(scope="module")
def engine(tmp_path_factory, shared_zookeeper):
    folder = tmp_path_factory.mktemp("submitted")
    # As with a driver somewhere in a cluster: it listens everywhere and nobody knows its machine.
    settings = {"foxfire.bind.address": "0.0.0.0", "foxfire.advertise.host": "auto",
                "foxfire.host.name": None, "spark.app.name": "by spark-submit"}
    with SubmittedEngine(folder, shared_zookeeper.connect, settings=settings) as running:
        yield running.start_and_register()


@pytest.fixture(scope="module")
def spark(engine):
    session = open_session(engine)
    yield session
    close_session(session)


def test_serves_like_one_with_a_properties_file(engine, nodes, spark):
    record = json.loads(nodes.get(engine.node)[0])

    assert record["engine_id"] == engine.id
    assert record["run_as"] == "alice"
    assert spark.sql("select current_user()").collect()[0][0] == "alice"
    assert spark.conf.get("spark.app.name") == "by spark-submit"
    assert spark.conf.get("spark.sql.shuffle.partitions") == "2"


def test_its_own_settings_are_in_no_configuration_of_spark(spark):
    listed = [str(row) for query in ("SET", "SET -v") for row in spark.sql(query).collect()]
    properties = spark.sql("select reflect('java.lang.System', 'getProperties')").collect()[0][0]

    assert any("spark.master" in row for row in listed)
    assert "spark.master" in properties
    assert not any("spark.foxfire" in row for row in [*listed, str(spark.conf.getAll)])
    assert "spark.foxfire" not in properties


def test_finds_its_own_address_where_nobody_could_say_it(engine, nodes):
    record = json.loads(nodes.get(engine.node)[0])
    host, _, port = record["endpoint"].rpartition(":")

    assert host == "127.0.0.1", "the address that this machine has towards ZooKeeper"
    assert record["host_name"] == ""
    with socket.create_connection((host, int(port)), timeout=5):
        pass


def test_auto_is_the_bind_address_if_that_is_one_machines(make_engine, nodes):
    settings = {"foxfire.bind.address": "127.0.0.2", "foxfire.advertise.host": "auto"}
    engine = make_engine(settings=settings).start_and_register()

    assert json.loads(nodes.get(engine.node)[0])["endpoint"].startswith("127.0.0.2:")


def test_missing_setting_is_named_as_spark_knows_it(make_engine):
    last = failure_of(make_engine(kind=SubmittedEngine, settings={"foxfire.zookeeper.root": None}))

    assert "Spark's configuration: spark.foxfire.zookeeper.root: is missing" in last


def test_unknown_setting_of_its_own(make_engine):
    last = failure_of(make_engine(kind=SubmittedEngine, settings={"foxfire.idle": "1"}))

    assert "spark.foxfire.idle: no such key" in last


def test_nothing_told_at_all(make_engine):
    last = failure_of(make_engine(kind=UntoldEngine))

    assert "spark.foxfire.*" in last and "properties file" in last


def test_driver_of_a_standalone_cluster_tells_its_submission_id(make_engine, nodes):
    engine = make_engine(kind=StandaloneDriver).start_and_register()

    assert re.fullmatch("driver-[0-9]+-[0-9]+", StandaloneDriver.SUBMISSION)
    record = json.loads(nodes.get(engine.node)[0])
    assert record["submission_id"] == StandaloneDriver.SUBMISSION
