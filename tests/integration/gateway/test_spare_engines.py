"""Engines that wait for their owner, with fake ones."""

import os
import signal

import pytest

from support.calls import Client
from support.waiting import eventually


@pytest.fixture
def warm_gateway(make_gateway):
    gateway = make_gateway({"profile.default.warm_spares": 1})
    gateway.await_spare()
    return gateway


def engine_of(gateway, user):
    with Client(gateway.target, gateway.token(user)) as client:
        return client.call("Config").echo["engine"]


def spares_of(gateway):
    return gateway.cli("engine", "list", "--spares")


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_first_call_of_a_user_gets_the_spare_and_the_next_one_is_made(warm_gateway, user):
    [spare] = spares_of(warm_gateway)
    assert spare["state"] == "ready"

    engine = engine_of(warm_gateway, user)

    assert engine["engine_id"] == spare["engine_id"]
    assert warm_gateway.record_of(user)["run_as"] == user
    warm_gateway.await_spare()
    [next_spare] = spares_of(warm_gateway)
    assert next_spare["engine_id"] != spare["engine_id"]


def test_a_spare_serves_one_owner_only(warm_gateway, user):
    engines = [engine_of(warm_gateway, f"{user}-{i}")["engine_id"] for i in range(3)]

    assert len(set(engines)) == 3
    assert [warm_gateway.record_of(f"{user}-{i}")["engine_id"] for i in range(3)] == engines


def test_spares_end_with_their_gateway_and_engines_do_not(warm_gateway, user):
    engine_of(warm_gateway, user)
    warm_gateway.await_spare()
    [spare] = spares_of(warm_gateway)

    warm_gateway.kill()

    eventually(lambda: not is_running(spare["pid"]), what="the spare's end")
    assert is_running(warm_gateway.record_of(user)["pid"])
    warm_gateway.start()
    warm_gateway.await_spare()
    assert engine_of(warm_gateway, user)["engine_id"] == warm_gateway.record_of(user)["engine_id"]


def test_a_spare_that_dies_is_made_again(warm_gateway):
    [spare] = spares_of(warm_gateway)

    os.kill(spare["pid"], signal.SIGKILL)

    eventually(lambda: [s for s in spares_of(warm_gateway)
                        if s["state"] == "ready" and s["engine_id"] != spare["engine_id"]],
               what="another spare")
    [ended] = warm_gateway.events("--type", "spare_ended")
    assert "signal 9" in ended["detail"]


def test_a_spare_that_cannot_be_bound_costs_its_user_time_only(make_gateway, user):
    gateway = make_gateway({"profile.default.warm_spares": 1})
    gateway.await_spare()
    [spare] = spares_of(gateway)
    os.kill(spare["pid"], signal.SIGSTOP)

    engine = engine_of(gateway, user)  # after engine.bind_timeout's 15 s

    assert engine["engine_id"] != spare["engine_id"]
    eventually(lambda: not is_running(spare["pid"]), what="the end of the spare that hangs")
