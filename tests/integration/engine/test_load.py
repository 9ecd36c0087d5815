"""Engines that tell in their records what clients have on them."""

import json
import signal
import time

from queries import HeldQuery
from support.waiting import wait_until

REPORTING = {"foxfire.report.load": "true"}


def await_load(nodes, engine, sessions, operations):
    def told():
        record = json.loads(nodes.get(engine.node)[0])
        return (record["sessions"], record["operations"]) == (sessions, operations)

    wait_until(told, 15, f"{sessions} sessions and {operations} operations", engine.log)


def freeze(engine, until, then=lambda: None):
    engine.signal(signal.SIGSTOP)
    wait_until(until, 20, "ZooKeeper gives the engine up")
    then()
    engine.signal(signal.SIGCONT)


def test_tells_sessions_and_operations_as_they_come_and_go(make_engine, nodes, connect):
    engine = make_engine(settings=REPORTING).start_and_register()
    await_load(nodes, engine, 0, 0)

    session = connect(engine)
    query = HeldQuery(session)
    await_load(nodes, engine, 1, 1)
    connect(engine).range(1).collect()
    await_load(nodes, engine, 2, 1)
    query.release()
    query.await_end()
    await_load(nodes, engine, 2, 0)
    session.stop()
    await_load(nodes, engine, 1, 0)

    assert not engine.events("stopping"), "its own writes are no removal"


def test_writes_once_a_second_at_most(make_engine, nodes, connect):
    engine = make_engine(settings=REPORTING).start_and_register()
    session = connect(engine)
    session.range(1).collect()
    await_load(nodes, engine, 1, 0)
    before = nodes.get(engine.node)[1].version
    began = time.monotonic()

    for _ in range(20):  # each is an operation that begins and ends
        session.range(1).collect()
    await_load(nodes, engine, 1, 0)

    writes = nodes.get(engine.node)[1].version - before
    assert before > 0
    assert writes <= time.monotonic() - began + 1


def test_without_being_told_to_it_writes_its_record_once(make_engine, nodes, connect):
    engine = make_engine().start_and_register()
    connect(engine).range(1).collect()
    nodes.create(engine.control_node, b"{", makepath=True)
    engine.await_event("control-ignored")

    data, stat = nodes.get(engine.node)

    assert stat.version == 0
    assert not {"sessions", "operations"} & set(json.loads(data))


def test_registers_again_with_its_latest_load(make_engine, zookeeper, connect):
    settings = {**REPORTING, "foxfire.zookeeper.session.timeout.ms": 1500}
    engine = make_engine(zookeeper, settings=settings).start_and_register()
    connect(engine).range(1).collect()
    with zookeeper.client() as nodes:
        await_load(nodes, engine, 1, 0)
        zookeeper_session = nodes.get(engine.node)[1].ephemeralOwner

        freeze(engine, until=lambda: not nodes.exists(engine.node))

        engine.await_event("reregistered")
        data, stat = nodes.get(engine.node)
        assert stat.ephemeralOwner != zookeeper_session
        assert json.loads(data)["sessions"] == 1 and stat.version == 0
        assert not engine.events("stopping")


def test_a_node_left_of_its_own_earlier_session_is_replaced(make_engine, zookeeper, connect):
    """Its record differs in its numbers from the one that the engine makes now."""
    settings = {**REPORTING, "foxfire.zookeeper.session.timeout.ms": 1500}
    engine = make_engine(zookeeper, settings=settings).start_and_register()
    connect(engine).range(1).collect()
    with zookeeper.client() as nodes:
        await_load(nodes, engine, 1, 0)
        data, _ = nodes.get(engine.node)
        stale = json.dumps({**json.loads(data), "sessions": 77}).encode()

        freeze(engine, until=lambda: not nodes.exists(engine.node),
               then=lambda: nodes.create(engine.node, stale, ephemeral=True))

        engine.await_event("reregistered")
        await_load(nodes, engine, 1, 0)
