"""A pool of real engines: they say how busy they are, and new sessions go where there is room."""

import json

from support.waiting import wait_until


def test_sessions_go_to_the_engine_with_room(make_gateway):
    gateway = make_gateway({"engine.pool_size": 2, "engine.pool_load": 1})
    first = gateway.connect("alice")
    assert first.range(3).count() == 3
    wait_until(lambda: reported_sessions(gateway) == [1], 30, "the engine reports its session")

    second = gateway.connect("alice")
    assert second.range(3).count() == 3
    # Nobody has waited for the second engine.
    wait_until(lambda: reported_sessions(gateway) == [0, 2], 90, "the pool grows", gateway.log)

    third = gateway.connect("alice")
    assert third.range(3).count() == 3
    wait_until(lambda: reported_sessions(gateway) == [1, 2], 30, "the new engine has the new session")
    for session in (first, second, third):
        session.stop()


def reported_sessions(gateway):
    """What the engines say in ZooKeeper, the idlest first."""
    client = gateway.zookeeper()
    try:
        key = "/foxfire/engines/user:alice:default:default"
        nodes = client.get_children(key) if client.exists(key) else []
        return sorted(json.loads(client.get(f"{key}/{node}")[0])["sessions"] for node in nodes)
    finally:
        client.stop()
        client.close()
