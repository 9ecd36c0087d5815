"""Gateways that end, in order or not, and come back; and several at once."""

import os
import signal

import grpc
import pytest

from support.calls import Client, in_parallel
from support.waiting import eventually

CRASH_AND_ORDER = pytest.mark.parametrize("end", ["killed", "ended"])


@pytest.fixture
def own_gateway(make_gateway):
    return make_gateway({"server.on_shutdown": "keep"})


def restart(gateway, end):
    if end == "killed":
        gateway.kill()
    else:
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 0
    gateway.start()


@CRASH_AND_ORDER
def test_sessions_stay_on_their_engine_over_a_restart(own_gateway, user, end):
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        before = client.call("Config").echo["engine"]["engine_id"]

        restart(own_gateway, end)

        after = eventually(lambda: (got := client.call("Config")).messages and got).echo["engine"]
    assert after["engine_id"] == before
    assert own_gateway.launched() == [before]


@CRASH_AND_ORDER
def test_new_sessions_come_to_the_engine_that_was_there(own_gateway, user, end):
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        before = client.call("Config").echo["engine"]["engine_id"]

    restart(own_gateway, end)

    with Client(own_gateway.target, own_gateway.token(user)) as client:
        assert client.call("Config").echo["engine"]["engine_id"] == before
    assert own_gateway.launched() == [before]


def test_sessions_and_engines_are_listed_again_after_a_crash(own_gateway, user):
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        client.call("Config")
        [engine] = own_gateway.cli("engine", "list")
        # What has been answered may not have been written yet.
        eventually(lambda: own_gateway.cli("event", "list", "--user", user))

        restart(own_gateway, "killed")

    [again] = eventually(lambda: own_gateway.cli("engine", "list"))
    assert (again["engine_id"], again["pid"], again["state"]) == (
        engine["engine_id"], engine["pid"], "ready")
    [session] = own_gateway.cli("session", "list")
    assert (session["session_id"], session["user"], session["state"]) == (
        client.session_id, user, "active")


def test_an_engine_that_died_while_the_gateway_was_away_is_a_changed_session(own_gateway, user):
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        client.call("Config")
        record = own_gateway.record_of(user)
        own_gateway.kill()
        os.kill(record["pid"], signal.SIGKILL)
        own_gateway.start()

        answer = eventually(lambda: (got := client.call("Config")).code
                            != grpc.StatusCode.UNAVAILABLE and got)

    assert answer.code == grpc.StatusCode.INTERNAL, answer.message
    assert "SESSION_CHANGED" in answer.message


def test_an_engine_that_was_being_launched_at_the_crash_is_taken_over(own_gateway, user, tmp_path):
    own_gateway.script_launches(wait_for_file=str(tmp_path / "go"))
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        call = client.start("Config")
        eventually(lambda: len(own_gateway.launched()) == 1)

        own_gateway.kill()
        assert call.finish().code == grpc.StatusCode.UNAVAILABLE
        (tmp_path / "go").touch()
        eventually(lambda: own_gateway.registered(user))
        own_gateway.start()

        eventually(lambda: client.call("Config").code == grpc.StatusCode.OK)
    assert len(own_gateway.launched()) == 1


def test_an_engine_that_loses_its_zookeeper_session_with_the_gateway_up_keeps_its_sessions(
        own_gateway, user):
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        before = client.call("Config").echo["engine"]["engine_id"]
        own_gateway.cluster.server.stop(signal.SIGKILL)
        try:
            during = client.call("Config").echo["engine"]["engine_id"]
        finally:
            own_gateway.cluster.server.start()
        eventually(lambda: own_gateway.registered(user))
        after = client.call("Config").echo["engine"]["engine_id"]

    assert {before, during, after} == {before}


def test_on_shutdown_stop_leaves_no_engine(make_gateway, user):
    gateway = make_gateway({"server.on_shutdown": "stop"})
    with Client(gateway.target, gateway.token(user)) as client:
        client.call("Config")
    pid = gateway.record_of(user)["pid"]

    gateway.process.send_signal(signal.SIGTERM)

    assert gateway.process.wait(30) == 0
    assert not os.path.exists(f"/proc/{pid}")


def test_a_gateway_that_ends_takes_its_launches_along_and_the_next_one_starts_one_engine(
        own_gateway, user, tmp_path):
    own_gateway.script_launches(wait_for_file=str(tmp_path / "go"))
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        call = client.start("Config")
        eventually(lambda: len(own_gateway.launched()) == 1)
        own_gateway.process.send_signal(signal.SIGTERM)
        assert own_gateway.process.wait(30) == 0
        eventually(lambda: own_gateway.left_processes() == [])
        assert call.finish().code == grpc.StatusCode.UNAVAILABLE
    (tmp_path / "go").touch()
    own_gateway.start()

    with Client(own_gateway.target, own_gateway.token(user)) as client:
        serving = client.call("Config").echo["engine"]["engine_id"]

    assert [serving] == own_gateway.launched()[1:]
    assert len(own_gateway.registered(user)) == 1


@pytest.fixture
def two_gateways(make_gateway, zookeeper, tmp_path):
    """Gateways of one cluster: same root, same cluster secret, same tokens."""
    first = make_gateway()
    shared = {"server.cluster_secret_file": f"{first.var}/cluster.secret",
              "auth.token_file": f"{first.var}/tokens.json"}
    second = make_gateway(shared, root=first.root)
    return first, second


@pytest.fixture
def token(two_gateways, user):
    """One that both gateways know by now."""
    token = two_gateways[0].token(user)
    for gateway in two_gateways:
        with Client(gateway.target, token) as client:
            eventually(lambda: client.call("ReleaseExecute").code != grpc.StatusCode.UNAUTHENTICATED)
    return token


def test_two_gateways_start_one_engine_between_them(two_gateways, token, user):
    def first_call(index):
        with Client(two_gateways[index % 2].target, token) as client:
            return client.call("Config").echo["engine"]["engine_id"]

    engines = in_parallel(10, first_call)

    assert len(set(engines)) == 1
    assert len(two_gateways[0].launched() + two_gateways[1].launched()) == 1


def await_engine_in_view(gateway):
    eventually(lambda: gateway.metric("foxfire_discovery_view_engines") == 1)


def test_a_session_of_one_gateway_is_known_to_the_other(two_gateways, token, user):
    with Client(two_gateways[0].target, token) as client:
        engine = client.call("Config").echo["engine"]["engine_id"]
        session_id = client.session_id
    await_engine_in_view(two_gateways[1])

    with Client(two_gateways[1].target, token, session_id=session_id) as client:
        assert client.call("ReattachExecute").echo["engine"]["engine_id"] == engine


def test_the_other_gateway_hears_of_an_engine_that_died(two_gateways, token, user):
    with Client(two_gateways[0].target, token) as client:
        client.call("Config")
        await_engine_in_view(two_gateways[1])
        with Client(two_gateways[1].target, token, session_id=client.session_id) as other:
            assert other.call("Config").code == grpc.StatusCode.OK

            os.kill(two_gateways[0].record_of(user)["pid"], signal.SIGKILL)

            answer = other.call("Config")
    assert answer.code == grpc.StatusCode.INTERNAL, answer.message
    assert "SESSION_CHANGED" in answer.message
