"""Warm spares: what they tell their gateway, whose engine they become, and when they end."""

import getpass
import json
import re
import signal
import time

import grpc
import pytest

from other_engines import SpareEngine
from queries import call_config, close_session, open_session, text_udf

CONTROL = '{"schema":1,"command":"stop","grace_ms":0}'


@pytest.fixture(scope="module")
def spare(tmp_path_factory, shared_zookeeper):
    """One that waited for an owner and got ann."""
    folder = tmp_path_factory.mktemp("spare")
    events = folder / "events"
    events.mkdir()
    settings = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": events.as_uri(),
                "spark.hadoop.of.the.profile": "kept"}
    with SpareEngine(folder, shared_zookeeper.connect, settings=settings) as engine:
        engine.start().await_ready()
        engine.bind("ann", spark_conf={"spark.sql.shuffle.partitions": "7", "spark.x": 5})
        yield engine.await_registered()


@pytest.fixture(scope="module")
def spark(spare):
    session = open_session(spare)
    yield session
    close_session(session)


def last_line(engine):
    return engine.log().splitlines()[-1]


def test_becomes_the_engine_of_its_owner(spare, nodes, spark):
    record = json.loads(nodes.get(spare.node)[0])

    assert (record["engine_id"], record["run_as"]) == (spare.id, "ann")
    assert record["pid"] == spare.process.pid
    assert record["spark_version"] == spark.version
    assert spare.events("bound") == [{"key": spare.key, "run_as": "ann"}]
    events = re.findall(r"^foxfire-engine: (\S+)", spare.log(), re.MULTILINE)
    assert events[:5] == ["starting", "spare-ready", "bound", "listening", "registered"]


def test_works_as_its_owner_only(spark):
    user = spark.sql("select current_user()").collect()[0][0]
    spark_user = spark.sql("select reflect('org.apache.spark.util.Utils', 'getCurrentUserName')")
    hadoop = "reflect('org.apache.hadoop.security.UserGroupInformation', '{}')"
    hadoop_users = spark.sql(f"select {hadoop.format('getCurrentUser')}, "
                             f"{hadoop.format('getLoginUser')}").collect()[0]

    assert user == "ann" != getpass.getuser()
    assert spark_user.collect()[0][0] == "ann"
    assert all(name.startswith("ann ") for name in hadoop_users), hadoop_users


def test_works_as_its_owner_on_the_threads_of_tasks_and_broadcasts(spark):
    joined = spark.sql(
        "with who as (select id, reflect('org.apache.spark.util.Utils', 'getCurrentUserName')"
        " as name from range(8)) "
        "select /*+ broadcast(b) */ a.name, b.name from who a join who b using (id)")

    assert [tuple(row) for row in joined.distinct().collect()] == [("ann", "ann")]


def test_takes_the_settings_of_its_profile_and_of_its_owner(spark):
    assert spark.conf.get("spark.sql.shuffle.partitions") == "7"
    assert spark.conf.get("spark.x") == "5"
    assert spark.conf.get("spark.hadoop.of.the.profile") == "kept"
    assert spark.conf.get("spark.app.name") == "foxfire user:ann:default:default"


def test_nothing_is_left_of_the_warm_up(spare, nodes, spark):
    record = json.loads(nodes.get(spare.node)[0])
    properties = spark.sql("select reflect('java.lang.System', 'getProperties')").collect()[0][0]
    listed = [str(row) for row in spark.sql("SET").collect()]
    logs = [path.name for path in (spare.folder.parent / "events").iterdir()]

    assert spark.sql("show tables").collect() == []
    assert spark.sql("show views in global_temp").collect() == []
    assert " spark." not in properties and "{spark." not in properties
    assert not any("spare" in row for row in listed if "spark." in row and "dir" not in row)
    assert len(logs) == 1 and record["application_id"] in logs[0]
    assert spark.conf.get("spark.app.id") == record["application_id"]


def test_gives_its_secret_away_as_little_as_any_engine(spare, nodes, spark):
    assert not spare.secret_file.exists()
    assert spare.secret not in spare.log()
    assert spare.secret not in str(spark.conf.getAll)
    right = call_config(spare, [("authorization", f"Bearer {spare.secret}")])
    wrong = call_config(spare, [("authorization", "Bearer wrong")])
    assert (right, wrong) == (grpc.StatusCode.OK, grpc.StatusCode.UNAUTHENTICATED)


def test_runs_what_other_engines_run(spark, tmp_path):
    module = tmp_path / "of_the_owner.py"
    module.write_text("def twice(text):\n    return text * 2\n")
    spark.addArtifacts(str(module), pyfile=True)

    def twice(text):
        from of_the_owner import twice as imported
        return imported(text)

    assert spark.range(100).groupBy("id").count().count() == 100
    answer = spark.sql("select 'ab' as text").select(text_udf(twice)("text"))
    assert answer.collect()[0][0] == "abab"


def test_closes_its_socket_once_it_is_bound(spare):
    assert spare.gateway.recv(100) == b"", "it says nothing more, and no user's code finds it"


def test_its_age_counts_from_the_bind(make_engine):
    seconds = 3  # less than the warm-up takes
    settings = {"foxfire.max.lifetime.ms": seconds * 1000}
    engine = make_engine(kind=SpareEngine, settings=settings).start().await_ready()
    bound = time.monotonic()
    engine.bind()

    assert engine.await_exit(60) == 0

    assert engine.events("stopping")[0]["reason"] == "max-lifetime"
    assert time.monotonic() - bound >= seconds


def test_obeys_control_commands_like_any_engine(make_engine, nodes):
    engine = make_engine(kind=SpareEngine).start().await_ready()
    engine.bind("bob@example.com".replace("@", "%40")).await_registered()

    nodes.create(engine.control_node, CONTROL.encode(), makepath=True)

    assert engine.await_exit() == 0
    assert not nodes.exists(engine.node)


def test_ends_with_its_gateway(make_engine):
    engine = make_engine(kind=SpareEngine).start().await_ready()

    engine.send(b'{"key":"user:ann:de')  # not a whole line
    engine.gateway.close()

    assert engine.await_exit() == 0
    assert engine.events("stopping")[0]["reason"] == "no-owner"


def test_ends_if_its_gateway_goes_while_it_warms_up(make_engine):
    engine = make_engine(kind=SpareEngine).start()
    engine.await_event("starting")

    engine.gateway.close()

    assert engine.await_exit(60) == 0
    assert not engine.events("spare-ready")


@pytest.mark.parametrize("event", ["starting", "spare-ready"])
def test_sigterm_ends_it(make_engine, event):
    engine = make_engine(kind=SpareEngine).start()
    engine.await_event(event, 60)

    engine.signal(signal.SIGTERM)

    assert engine.await_exit() == 143
    assert "FAILED" not in engine.log()


def test_is_bound_although_its_zookeeper_was_away(make_engine, zookeeper):
    settings = {"foxfire.zookeeper.session.timeout.ms": 1500, "foxfire.zookeeper.lost.ms": 500}
    engine = make_engine(zookeeper, kind=SpareEngine, settings=settings).start().await_ready()
    zookeeper.stop()
    zookeeper.start()

    engine.bind().await_registered()

    with zookeeper.client() as nodes:
        assert nodes.exists(engine.node)


@pytest.mark.parametrize("line, says", [
    (b'{"run_as":"ann"}', '"key" is missing; docs/engine-contract.md'),
    (b"x" * (65 << 10), "more than 65536 bytes; give the engine fewer Spark settings"),
])
def test_line_that_it_cannot_use(make_engine, line, says):
    engine = make_engine(kind=SpareEngine).start()
    engine.send(line + b"\n")

    assert engine.await_exit(60) == 1

    last = last_line(engine)
    assert last.startswith("foxfire-engine: FAILED: the owner's line on standard input")
    assert says in last


def test_a_warm_up_that_takes_too_long_does_not_outlive_the_gateway(make_engine):
    engine = make_engine(kind=SpareEngine, settings={"foxfire.start.max.ms": 1000}).start()

    engine.gateway.close()

    assert engine.await_exit(60) == 1
    assert "FAILED: its gateway has gone, and its warm-up does not end (after 1 s" in last_line(engine)
    assert not engine.events("stopping")


def test_owner_of_a_spare_is_not_in_its_properties(make_engine):
    engine = make_engine(kind=SpareEngine, settings={"foxfire.engine.run.as": "ann"}).start()

    assert engine.await_exit(60) == 1
    assert "foxfire.engine.run.as: a spare gets it from its gateway" in last_line(engine)
