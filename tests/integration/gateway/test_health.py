"""Engines that hang, and engines that are drained."""

import os
import signal

import pytest

from support.calls import Client
from support.waiting import eventually
from test_engine_loss import assert_session_changed

PROBES = {"engine.probe_interval": "1s", "engine.probe_timeout": "2s", "engine.probe_failures": 2}


@pytest.fixture
def probing_gateway(make_gateway):
    return make_gateway(PROBES)


def test_a_hung_engine_is_found_its_sessions_told_and_replaced(probing_gateway, user):
    with Client(probing_gateway.target, probing_gateway.token(user)) as client:
        engine_id = client.call("Config").echo["engine"]["engine_id"]
        record = probing_gateway.record_of(user)
        call = client.start("ExecutePlan", script={"messages": 1, "bytes": 5, "then": "hang"})
        call.next()

        os.kill(record["pid"], signal.SIGSTOP)

        assert_session_changed(call.finish(), client.session_id)
        assert_session_changed(client.call("Config"), client.session_id)
    [hung] = probing_gateway.events("--type", "engine_hung")
    assert hung["engine_id"] == engine_id

    with Client(probing_gateway.target, probing_gateway.token(user)) as client:
        assert client.call("Config").echo["engine"]["engine_id"] != engine_id
    eventually(lambda: [e["engine_id"] for e in probing_gateway.engines()] != [engine_id]
               and len(probing_gateway.engines()) == 1, what="the hung engine is gone")


def test_an_engine_that_answers_is_well(probing_gateway, user):
    with Client(probing_gateway.target, probing_gateway.token(user)) as client:
        client.call("Config")
    eventually(lambda: [e["health"] for e in probing_gateway.engines()] == ["ok"])


def test_a_drained_engine_keeps_its_sessions_to_their_end(probing_gateway, user):
    token = probing_gateway.token(user)
    with Client(probing_gateway.target, token) as old, Client(probing_gateway.target, token) as new:
        first = old.call("Config").echo["engine"]["engine_id"]
        probing_gateway.cli("engine", "drain", first, "--grace", "1h", "--reason", "upgrade")
        eventually(lambda: probing_gateway.registered(user) == [], what="the engine's registration is gone")

        assert old.call("Config").echo["engine"]["engine_id"] == first
        assert new.call("Config").echo["engine"]["engine_id"] != first
        old.call("ReleaseSession")

        eventually(lambda: first not in [e["engine_id"] for e in probing_gateway.engines()],
                   what="the drained engine's end")
    assert [e["engine_id"] for e in probing_gateway.events("--type", "engine_drain_asked")] == [first]


def test_failures_of_a_key_are_listed_until_they_are_mended(make_gateway, user):
    gateway = make_gateway({"engine.launch_backoff": "0s", "engine.launch_backoff_max": "0s"})
    gateway.script_launches(failure="no memory left")
    with Client(gateway.target, gateway.token(user)) as client:
        client.call("Config")
        [failure] = gateway.cli("engine", "list", "--failures")
        assert failure["key"] == f"user:{user}:default:default"
        assert "no memory left" in failure["why"]

        gateway.script_launches()
        client.call("Config")

    assert gateway.cli("engine", "list", "--failures") == []
