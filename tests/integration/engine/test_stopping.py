"""How an engine ends: every order, how gently, and with which exit status."""

import json
import signal

import pytest

from queries import HeldQuery
from support.waiting import wait_until


def stop_command(grace_ms, **more):
    return json.dumps({"schema": 1, "command": "stop", "grace_ms": grace_ms, "reason": "a test",
                       "by": "admin", **more}).encode()


def await_gone(nodes, engine):
    wait_until(lambda: not nodes.exists(engine.node), 10, "the engine's node is gone", engine.log)


def test_control_stop_lets_a_running_query_finish(make_engine, nodes, connect):
    engine = make_engine().start_and_register()
    query = HeldQuery(connect(engine))

    nodes.create(engine.control_node, stop_command(60000), makepath=True)
    await_gone(nodes, engine)
    assert engine.process.poll() is None, "it waits for the query"
    query.release()
    query.await_end()

    assert query.rows[0][0] == "done", query.error
    assert engine.await_exit() == 0
    ordered = engine.events("ordered")[0]
    assert (ordered["by"], ordered["reason"]) == ("admin", "a test")
    assert engine.events("stopping")[0]["reason"] == "control"
    assert engine.events("stopped")


def test_control_stop_does_not_wait_longer_than_its_grace(make_engine, nodes, connect):
    engine = make_engine().start_and_register()
    query = HeldQuery(connect(engine))

    nodes.create(engine.control_node, stop_command(500), makepath=True)

    assert engine.await_exit() == 0
    query.release()
    query.await_end(60)
    assert query.rows is None


def test_a_later_control_command_replaces_the_earlier_one(make_engine, nodes, connect):
    engine = make_engine().start_and_register()
    query = HeldQuery(connect(engine))
    nodes.create(engine.control_node, stop_command(600000), makepath=True)
    engine.await_event("stopping")

    nodes.set(engine.control_node, stop_command(0))

    assert engine.await_exit() == 0
    query.release()


def test_control_stop_does_not_wait_for_idle_sessions(make_engine, nodes, connect):
    engine = make_engine().start_and_register()
    connect(engine).range(3).collect()

    nodes.create(engine.control_node, stop_command(600000), makepath=True)

    assert engine.await_exit() == 0


def test_control_drain_waits_for_open_sessions(make_engine, nodes, connect):
    engine = make_engine(settings={"foxfire.drain.grace.ms": 0}).start_and_register()
    session = connect(engine)
    session.range(1).collect()

    nodes.create(engine.control_node, stop_command(600000, command="drain"), makepath=True)

    assert engine.await_event("stopping") == {"reason": "drain", "grace_ms": "600000"}
    assert session.range(7).count() == 7, "an open session goes on"
    assert not nodes.exists(engine.node)
    session.stop()
    assert engine.await_exit() == 0


def test_control_drain_ends_after_its_own_grace(make_engine, nodes, connect):
    engine = make_engine(settings={"foxfire.drain.grace.ms": 600000}).start_and_register()
    connect(engine).range(1).collect()

    nodes.create(engine.control_node, stop_command(700, command="drain"), makepath=True)

    assert engine.await_exit() == 0


def test_obeys_a_control_node_that_is_there_before_it(make_engine, nodes):
    engine = make_engine()
    nodes.create(engine.control_node, stop_command(0), makepath=True)

    engine.start()

    assert engine.await_exit(90) == 0
    assert engine.events("stopping")[0]["reason"] == "control"
    assert not nodes.exists(engine.node)


def test_ignores_control_nodes_that_it_does_not_understand(make_engine, nodes):
    engine = make_engine().start_and_register()
    graces = (-1, "soon", 1.5, 2**63, None)
    broken = [b"", b"{", b"[]", b"{} {}", b"\xff\x00", stop_command(0, schema=2),
              stop_command(0, command="sing"), *(stop_command(grace) for grace in graces)]

    nodes.create(engine.control_node, b"null", makepath=True)
    for count, data in enumerate(broken, start=1):
        engine.await_event("control-ignored", count=count)
        nodes.set(engine.control_node, data)
    engine.await_event("control-ignored", count=len(broken) + 1)

    assert engine.process.poll() is None
    assert nodes.exists(engine.node)
    nodes.set(engine.control_node, stop_command(0, unknown_key={"is": "ignored"}))
    assert engine.await_exit() == 0


def test_removal_of_its_node_is_a_drain(make_engine, nodes, connect):
    engine = make_engine(settings={"foxfire.drain.grace.ms": 600000}).start_and_register()
    session = connect(engine)
    session.range(1).collect()

    nodes.delete(engine.node)

    assert engine.await_event("stopping")["reason"] == "node-removed"
    assert session.range(7).count() == 7, "an open session goes on"
    assert not nodes.exists(engine.node), "it does not come back"
    session.stop()
    assert engine.await_exit() == 0


def test_a_drain_ends_after_its_grace(make_engine, nodes, connect):
    engine = make_engine(settings={"foxfire.drain.grace.ms": 700}).start_and_register()
    connect(engine).range(1).collect()

    nodes.delete(engine.node)

    assert engine.await_exit() == 0


def test_ends_when_idle_although_a_session_is_open(make_engine, nodes, connect):
    engine = make_engine(settings={"foxfire.idle.ms": 3000}).start_and_register()
    session = connect(engine)
    session.range(1).collect()

    assert engine.await_exit(30) == 0

    assert engine.events("stopping")[0]["reason"] == "idle"
    assert not nodes.exists(engine.node)


def test_is_not_idle_while_a_query_runs(make_engine, connect):
    engine = make_engine(settings={"foxfire.idle.ms": 4000}).start_and_register()
    query = HeldQuery(connect(engine))

    with pytest.raises(AssertionError, match="still runs"):
        engine.await_exit(7)

    query.release()
    query.await_end()
    assert query.rows[0][0] == "done", query.error
    assert engine.await_exit(30) == 0


def test_ends_at_its_maximum_age(make_engine):
    engine = make_engine(settings={"foxfire.max.lifetime.ms": 500}).start_and_register()

    assert engine.await_exit() == 0

    assert engine.events("stopping")[0]["reason"] == "max-lifetime"


def test_sigterm_deregisters_at_once_and_exits_with_143(make_engine, nodes, connect):
    # The node must not wait for its session to expire.
    engine = make_engine(settings={"foxfire.zookeeper.session.timeout.ms": 20000})
    engine.start_and_register()
    session = connect(engine)
    session.range(1).collect()

    engine.signal(signal.SIGTERM)

    assert engine.await_exit(8) == 143
    assert not nodes.exists(engine.node)
    assert engine.events("stopping")[0]["reason"] == "signal"


def test_sigterm_ends_a_running_query(make_engine, nodes, connect):
    engine = make_engine().start_and_register()
    query = HeldQuery(connect(engine))

    engine.signal(signal.SIGTERM)

    assert engine.await_exit(8) == 143
    assert not nodes.exists(engine.node)
    query.release()


def test_sigterm_during_the_start_leaves_nothing_behind(make_engine, nodes):
    engine = make_engine().start()
    engine.await_event("starting")

    engine.signal(signal.SIGTERM)

    assert engine.await_exit() == 143
    assert not nodes.exists(engine.node)
    assert "FAILED" not in engine.log()
