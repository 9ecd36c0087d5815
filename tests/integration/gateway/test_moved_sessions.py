"""Sessions whose clients come to another gateway while ZooKeeper is away."""

import os
import signal

import grpc
import pytest

from cluster import Cluster
from fleet import Fleet
from support import wire
from support.waiting import eventually

SETTINGS = {
    "zookeeper.session_timeout": "2s",
    "engine.pool_size": 2,
    "engine.pool_load": 1,
}


@pytest.fixture
def fleet(tmp_path):
    with Cluster(tmp_path / "zookeeper") as cluster, \
            Fleet(tmp_path, cluster, 2, SETTINGS) as fleet:
        fleet.make_tokens(["alice"])
        yield fleet


def open_sessions(fleet, count):
    """{session id: engine id}, each session on an engine of its own; both gateways know them."""
    engines = {}

    def open_one():
        with fleet.connect(fleet.gateways[0], "alice") as client:
            engine = client.call("Config").echo["engine"]["engine_id"]
            if engine in engines.values():
                client.call("ReleaseSession")
                return False
            engines[client.session_id] = engine
            return True

    for number in range(1, count + 1):
        eventually(open_one, what=f"a session on engine {number} of the pool")
    eventually(lambda: all(len(gateway.cli("engine", "list", token=fleet.admin_token())) == count
                           for gateway in fleet.gateways))
    return engines


def call_elsewhere(fleet, session, observed):
    """As a client does whose connection to the first gateway has gone."""
    with fleet.connect(fleet.gateways[1], "alice", session) as client:
        return client.call("Config", [wire.request("Config", session, observed=observed)])


def test_one_that_may_be_on_several_engines_waits_for_zookeeper(fleet):
    engines = open_sessions(fleet, 2)
    fleet.cluster.server.stop(signal.SIGKILL)

    for session in engines:
        answer = call_elsewhere(fleet, session, engines[session])
        assert answer.code == grpc.StatusCode.UNAVAILABLE, "any engine would be a guess"
        assert session in answer.message and "ZooKeeper" in answer.message

    fleet.cluster.server.start()
    for session, engine in engines.items():
        answer = eventually(lambda session=session, engine=engine: (
            got := call_elsewhere(fleet, session, engine)).messages and got)
        assert answer.echo["engine"]["engine_id"] == engine


def test_one_that_can_be_on_one_engine_only_goes_on_without_zookeeper(fleet):
    [(session, engine)] = open_sessions(fleet, 1).items()
    fleet.cluster.server.stop(signal.SIGKILL)

    assert call_elsewhere(fleet, session, engine).echo["engine"]["engine_id"] == engine


def test_one_whose_engine_has_ended_hears_so_from_the_only_one_that_is_left(fleet):
    lost, kept = open_sessions(fleet, 2).items()
    fleet.cluster.server.stop(signal.SIGKILL)
    os.kill(fleet.engine_processes()[lost[1]], signal.SIGKILL)
    eventually(lambda: all(engine["engine_id"] != lost[1] for engine in fleet.gateways[1].cli(
        "engine", "list", token=fleet.admin_token())), what="the gateway has seen its end")

    answer = call_elsewhere(fleet, *lost)

    assert answer.message == "[INVALID_HANDLE.SESSION_CHANGED] says the engine", answer
    assert call_elsewhere(fleet, *kept).echo["engine"]["engine_id"] == kept[1]
