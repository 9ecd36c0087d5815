"""Operations whose streams break, and calls that name an operation: they find its engine."""

import os
import signal
import uuid

import grpc
import pytest

from support import fake_engine, wire
from support.calls import Client
from support.waiting import eventually

MESSAGES = 6
BYTES = 100
CUTS = range(MESSAGES + 1)
OF_OPERATIONS = ["ReattachExecute", "ReleaseExecute", "Interrupt"]


def payloads(count):
    """What the fake engine sends first."""
    return [bytes((i + k) % 256 for k in range(BYTES)) for i in range(count)]


def engine_of(client, method="Config", operation_id=None):
    """The engine that a call of the method reaches."""
    answer = client.call(method, [client.request(method, operation_id)])
    return answer.echo["engine"]["engine_id"]


def answered(client, method, operation_id):
    """The answer once the gateway can be reached again."""
    request = [client.request(method, operation_id)]
    return eventually(lambda: (got := client.call(method, request)).code
                      != grpc.StatusCode.UNAVAILABLE and got)


@pytest.fixture
def own_gateway(make_gateway):
    return make_gateway({"server.on_shutdown": "keep"})


@pytest.mark.parametrize("cut", CUTS)
def test_a_connection_to_the_engine_cut_after_a_message_is_unavailable_with_all_before_it(
        engine, client, cut):
    operation_id = str(uuid.uuid4())
    assert engine_of(client) == engine.engine_id
    script = {"messages": cut, "bytes": BYTES, "echo": False, "pace_ms": 5, "then": "disconnect"}

    answer = client.call("ExecutePlan", [client.request("ExecutePlan", operation_id)],
                         script=script)

    assert answer.code == grpc.StatusCode.UNAVAILABLE, answer.message
    # What was on its way when the connection broke may be lost: the client has a beginning.
    assert answer.messages == payloads(cut)[:len(answer.messages)]
    assert engine_of(client, "ReattachExecute", operation_id) == engine.engine_id


@pytest.mark.parametrize("cut", CUTS)
def test_an_engine_that_ends_a_stream_after_a_message_ends_it_there_for_the_client(
        engine, client, cut):
    """OK without result_complete means "reattach": it must neither be changed nor be added to."""
    operation_id = str(uuid.uuid4())
    script = {"messages": cut, "bytes": BYTES, "echo": False}

    answer = client.call("ExecutePlan", [client.request("ExecutePlan", operation_id)],
                         script=script)

    assert (answer.code, answer.messages) == (grpc.StatusCode.OK, payloads(cut))
    assert engine_of(client, "ReattachExecute", operation_id) == engine.engine_id


@pytest.mark.parametrize("cut", CUTS)
def test_a_client_that_goes_after_a_message_and_comes_back_reaches_its_operation(
        gateway, engine, client, user, cut):
    operation_id = str(uuid.uuid4())
    script = {"messages": cut, "bytes": BYTES, "echo": False, "then": "hang"}
    with Client(gateway.target, gateway.token(user), session_id=client.session_id) as gone:
        call = gone.start("ExecutePlan", [gone.request("ExecutePlan", operation_id)], script=script)
        assert [call.next() for _ in range(cut)] == payloads(cut)
        eventually(lambda: engine.counters.of("ExecutePlan")["open"] == 1)
    eventually(lambda: engine.counters.of("ExecutePlan")["cancelled"] == 1)

    assert engine_of(client, "ReattachExecute", operation_id) == engine.engine_id


def test_a_gateway_killed_after_a_message_has_passed_on_all_before_it(own_gateway, user):
    operation_ids = [str(uuid.uuid4()) for _ in CUTS]
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        engine = engine_of(client)
        calls = []
        for cut in CUTS:
            script = {"messages": cut, "bytes": BYTES, "echo": False, "then": "hang"}
            request = client.request("ExecutePlan", operation_ids[cut])
            calls.append(client.start("ExecutePlan", [request], script=script))
            assert [calls[-1].next() for _ in range(cut)] == payloads(cut)

        own_gateway.kill()
        answers = [call.finish() for call in calls]
        own_gateway.start()

        assert {answer.code for answer in answers} == {grpc.StatusCode.UNAVAILABLE}
        assert [answer.messages for answer in answers] == [payloads(cut) for cut in CUTS]
        for method in OF_OPERATIONS:
            for operation_id in operation_ids:
                echo = answered(client, method, operation_id).echo
                assert echo["engine"]["engine_id"] == engine
    assert own_gateway.launched() == [engine]


@pytest.mark.parametrize("method", OF_OPERATIONS)
def test_an_operation_nobody_has_seen_is_looked_for_at_the_sessions_engine(engine, client, method):
    operation_id = str(uuid.uuid4())

    echo = client.call(method, [client.request(method, operation_id)]).echo

    assert echo["engine"]["engine_id"] == engine.engine_id
    assert operation_id in bytes.fromhex(echo["messages"][0]["hex"]).decode(errors="replace")


@pytest.mark.parametrize("method", OF_OPERATIONS)
def test_an_operation_stays_at_the_engine_of_its_session_when_the_user_has_another(
        gateway, zookeeper, client, user, method):
    """The first engine has lost its node: new sessions come to another one."""
    operation_id = str(uuid.uuid4())
    first = engine_of(client)
    zookeeper.client.delete(f"/foxfire/engines/user:{user}:default:default/{first}")
    gateway.await_unlisted(first)
    with Client(gateway.target, gateway.token(user)) as other:
        assert engine_of(other) != first

    assert engine_of(client, method, operation_id) == first


@pytest.mark.parametrize("method", OF_OPERATIONS)
def test_a_restarted_gateway_finds_an_operations_engine_beside_a_newer_one(
        own_gateway, zookeeper, user, method):
    operation_id = str(uuid.uuid4())
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        first = engine_of(client)
        node = f"{own_gateway.root}/engines/user:{user}:default:default/{first}"
        zookeeper.client.delete(node)
        own_gateway.await_unlisted(first)
        with Client(own_gateway.target, own_gateway.token(user)) as other:
            second = engine_of(other)
        eventually(lambda: own_gateway.sql("select count(*) from sessions") == [(2,)])

        own_gateway.kill()
        own_gateway.start()

        reached = answered(client, method, operation_id)
    assert second != first
    assert reached.echo["engine"]["engine_id"] == first


@pytest.mark.parametrize("method", OF_OPERATIONS)
def test_anothers_operation_is_not_reached_by_its_id(gateway, make_engine, engine, client, method):
    operation_id = str(uuid.uuid4())
    assert engine_of(client, "ExecutePlan", operation_id) == engine.engine_id
    thief = f"thief-{uuid.uuid4().hex[:8]}"
    with Client(gateway.target, gateway.token(thief), session_id=client.session_id) as other:
        without = other.call(method, [other.request(method, operation_id)])
        thiefs_engine = make_engine(thief)
        echo = other.call(method, [other.request(method, operation_id)]).echo

    assert without.code == grpc.StatusCode.NOT_FOUND
    assert echo["engine"]["engine_id"] == thiefs_engine.engine_id
    assert echo["messages"][0]["user_id"] == thief
    assert engine.counters.of(method)["calls"] == 0


# ---- engines that are gone ---------------------------------------------------------------------

# What PySpark sends when it handles an error, gives up an operation or ends.
OF_THE_END = [*wire.NEVER_LAUNCHING, "ExecutePlan", "Config"]


@pytest.mark.parametrize("gone", ["just now", "noticed", "while the gateway was away"])
def test_what_a_client_sends_at_its_end_starts_no_engine_for_a_session_that_lost_its_own(
        own_gateway, user, gone):
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        engine = engine_of(client)
        pid = own_gateway.record_of(user)["pid"]
        if gone == "while the gateway was away":
            own_gateway.kill()
        os.kill(pid, signal.SIGKILL)
        if gone == "noticed":
            eventually(lambda: client.call("Config").code == grpc.StatusCode.INTERNAL)
        if gone == "while the gateway was away":
            own_gateway.start()
            eventually(lambda: client.call("GetStatus").code != grpc.StatusCode.UNAVAILABLE)

        answers = {method: client.call(method, timeout=20) for method in OF_THE_END}

    for method, answer in answers.items():
        assert answer.code == grpc.StatusCode.INTERNAL, f"{method}: {answer.code} {answer.message}"
        assert "SESSION_CHANGED" in answer.message
        assert answer.status_details.message == answer.message
    assert own_gateway.launched() == [engine]


@pytest.mark.parametrize("method", ["FetchErrorDetails", "Config"])
def test_what_pyspark_asks_about_an_error_is_answered_when_the_engine_dies_of_it(
        gateway, client, user, method):
    """Anything that is not retried will do: UNAVAILABLE would hide the error for ten minutes."""
    engine_of(client)
    pid = gateway.record_of(user)["pid"]
    call = client.start(method, script={"then": "hang"}, timeout=20)
    counters = fake_engine.Counters(gateway.record_of(user)["endpoint"])
    eventually(lambda: counters.of(method)["open"] == 1)

    os.kill(pid, signal.SIGKILL)

    assert call.finish().code == grpc.StatusCode.INTERNAL
    assert client.call(method, timeout=20).code == grpc.StatusCode.INTERNAL
