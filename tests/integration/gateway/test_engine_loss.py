"""What clients hear when their engine is gone, and how they come to a new one."""

import os
import signal
import time

import grpc
import pytest

from support import fake_engine, wire
from support.calls import Client
from support.waiting import eventually

HANG = {"messages": 1, "bytes": 5, "then": "hang"}


def assert_session_changed(answer, session_id):
    assert answer.code == grpc.StatusCode.INTERNAL, f"{answer.code}: {answer.message}"
    assert "[INVALID_HANDLE.SESSION_CHANGED]" in answer.message
    assert session_id in answer.message
    details = answer.status_details
    assert (details.code, details.message) == (13, answer.message)
    reason, domain, metadata = details.error_info()
    assert (reason, domain) == ("org.apache.spark.SparkSQLException", "org.apache.spark")
    assert metadata["errorClass"] == "INVALID_HANDLE.SESSION_CHANGED"
    assert metadata["sqlState"] == "HY000"
    assert "org.apache.spark.SparkSQLException" in metadata["classes"]
    assert "errorId" not in metadata  # or clients would ask a dead engine for more


@pytest.fixture
def launched(gateway, client, user):
    """An engine that the gateway has started, with a session that has had an answer."""
    engine_id = client.call("Config").echo["engine"]["engine_id"]
    record = gateway.record_of(user)
    assert record["engine_id"] == engine_id
    return record


def test_an_engine_killed_within_a_stream_is_a_changed_session_at_once(launched, client):
    call = client.start("ExecutePlan", script=HANG)
    call.next()
    began = time.monotonic()

    os.kill(launched["pid"], signal.SIGKILL)

    answer = call.finish()
    assert_session_changed(answer, client.session_id)
    assert len(answer.messages) == 1
    assert time.monotonic() - began < 5


def test_an_engine_killed_before_it_answers_is_a_changed_session(launched, client):
    call = client.start("ExecutePlan", script={"then": "hang"})
    counters = fake_engine.Counters(launched["endpoint"])
    eventually(lambda: counters.of("ExecutePlan")["open"] == 1)

    os.kill(launched["pid"], signal.SIGKILL)

    assert_session_changed(call.finish(), client.session_id)


def test_an_engine_killed_while_idle_is_a_changed_session_for_its_next_call(launched, client):
    os.kill(launched["pid"], signal.SIGKILL)

    assert_session_changed(client.call("Config"), client.session_id)


@pytest.mark.parametrize("method", [*wire.METHODS])
def test_every_method_of_a_lost_session_says_so(launched, client, method):
    os.kill(launched["pid"], signal.SIGKILL)
    client.call("Config")

    assert_session_changed(client.call(method), client.session_id)


def test_every_call_of_a_dying_engine_is_answered(launched, client):
    calls = [client.start("ExecutePlan", script=HANG) for _ in range(50)]
    for call in calls:
        call.next()

    os.kill(launched["pid"], signal.SIGKILL)

    for call in calls:
        assert_session_changed(call.finish(), client.session_id)


def test_a_new_session_comes_to_a_new_engine_after_a_death(gateway, launched, client, user):
    os.kill(launched["pid"], signal.SIGKILL)
    client.call("Config")

    with Client(gateway.target, gateway.token(user)) as again:
        engine = again.call("Config").echo["engine"]["engine_id"]

    assert engine != launched["engine_id"]


def test_a_new_session_is_never_told_that_it_has_changed(gateway, launched, user):
    os.kill(launched["pid"], signal.SIGKILL)

    # At the very moment of the death the gateway may still believe in the engine.
    for _ in range(20):
        with Client(gateway.target, gateway.token(user)) as client:
            answer = client.call("Config")
        assert "SESSION_CHANGED" not in answer.message
        assert answer.code in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE), answer.message


def test_an_engine_that_dies_of_a_first_call_is_unavailable_and_the_retry_works(gateway, client):
    answer = client.call("ExecutePlan", script={"then": "exit"})

    assert answer.code == grpc.StatusCode.UNAVAILABLE, answer.message
    assert answer.status_details.message == answer.message
    eventually(lambda: client.call("ExecutePlan").code == grpc.StatusCode.OK)


def test_an_engine_of_another_machine_is_found_dead_by_its_port(engine, client):
    client.call("Config")

    engine.kill()

    assert_session_changed(client.call("Config"), client.session_id)


def test_a_broken_connection_to_a_living_engine_is_unavailable(gateway, launched, client):
    call = client.start("ExecutePlan", script=HANG)
    call.next()

    fake_engine.control(launched["endpoint"], "Disconnect")

    answer = call.finish()
    assert answer.code == grpc.StatusCode.UNAVAILABLE, answer.message
    assert answer.status_details.message == answer.message
    assert client.call("Config").echo["engine"]["engine_id"] == launched["engine_id"]


def test_an_engine_that_has_lost_its_node_goes_on_serving_its_sessions(gateway, zookeeper, launched,
                                                                       client, user):
    zookeeper.client.delete(f"/foxfire/engines/user:{user}:default:default/{launched['engine_id']}")
    gateway.await_unlisted(launched["engine_id"])

    assert client.call("Config").echo["engine"]["engine_id"] == launched["engine_id"]
    with Client(gateway.target, gateway.token(user)) as other:
        assert other.call("Config").echo["engine"]["engine_id"] != launched["engine_id"]


def test_killing_an_engine_ends_it_and_its_sessions(gateway, launched, client):
    call = client.start("ExecutePlan", script=HANG)
    call.next()

    killed = gateway.cli("engine", "kill", launched["engine_id"], "--grace", "200ms")

    assert (killed["engine_id"], killed["forced"]) == (launched["engine_id"], False)
    assert call.finish().code == grpc.StatusCode.UNAVAILABLE  # as the engine itself put it
    assert_session_changed(client.call("ReattachExecute"), client.session_id)
    assert not os.path.exists(f"/proc/{launched['pid']}")


def test_an_engine_that_does_not_obey_is_killed_by_force(gateway, client, user):
    gateway.script_launches(obeys=False)
    client.call("Config")
    record = gateway.record_of(user)

    killed = gateway.cli("engine", "kill", record["engine_id"], "--grace", "0s")

    assert killed["forced"] is True
    assert not os.path.exists(f"/proc/{record['pid']}")
