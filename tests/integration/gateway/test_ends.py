"""How calls end early: cancelled, late, reset."""

import threading
import time
import uuid

import grpc
import pytest

from support import http2
from support.calls import held_requests
from support.waiting import eventually

FOREVER = {"messages": 1, "bytes": 1, "then": "hang"}


def test_a_client_that_cancels_cancels_at_the_engine(engine, client):
    call = client.start("ExecutePlan", script=FOREVER)
    call.next()

    call.cancel()

    eventually(lambda: engine.counters.of("ExecutePlan")["cancelled"] == 1)


def test_a_client_that_cancels_its_upload_cancels_at_the_engine(engine, client):
    release = threading.Event()
    requests = held_requests([client.request("AddArtifacts")], release)
    call = client.start("AddArtifacts", requests, script={"act": "first_message", **FOREVER})
    call.next()

    call.cancel()

    eventually(lambda: engine.counters.of("AddArtifacts")["cancelled"] == 1)
    release.set()


def test_a_client_that_goes_away_cancels_at_the_engine(engine, client):
    call = client.start("ExecutePlan", script=FOREVER)
    call.next()

    client.channel.close()

    eventually(lambda: engine.counters.of("ExecutePlan")["cancelled"] == 1)


def test_other_calls_of_a_client_that_cancels_go_on(engine, client):
    staying = client.start("ExecutePlan", script=FOREVER)
    staying.next()
    going = client.start("AnalyzePlan", script=FOREVER)
    going.next()

    going.cancel()

    eventually(lambda: engine.counters.of("AnalyzePlan")["cancelled"] == 1)
    assert engine.counters.of("ExecutePlan")["open"] == 1
    staying.cancel()


def test_an_engine_that_cancels_cancels_at_the_client(engine, client):
    answer = client.call("ExecutePlan", script={"messages": 2, "bytes": 5, "then": "cancel"})

    assert answer.code == grpc.StatusCode.CANCELLED
    assert len(answer.messages) == 2


def test_a_call_ends_at_its_deadline_here_and_at_the_engine(engine, client):
    client.call("Config")
    began = time.monotonic()

    answer = client.call("ExecutePlan", script={"then": "hang"}, timeout=2)

    assert answer.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - began < 20
    eventually(lambda: engine.counters.of("ExecutePlan")["cancelled"] == 1)


# gRPC over HTTP/2, "Errors".
@pytest.mark.parametrize("reset, code", [
    (http2.NO_ERROR, grpc.StatusCode.INTERNAL),
    (http2.INTERNAL_ERROR, grpc.StatusCode.INTERNAL),
    (http2.REFUSED_STREAM, grpc.StatusCode.UNAVAILABLE),
    (http2.CANCEL, grpc.StatusCode.CANCELLED),
    (http2.ENHANCE_YOUR_CALM, grpc.StatusCode.RESOURCE_EXHAUSTED),
])
@pytest.mark.parametrize("messages", [0, 1])
def test_a_reset_by_the_engine_becomes_a_status_with_details(raw_engine, client, reset, code,
                                                             messages):
    def on_request(connection, stream):
        connection.headers(stream, raw_engine.RESPONSE_HEADERS)
        for _ in range(messages):
            connection.data(stream, http2.grpc_message(b"some"))
        connection.reset(stream, reset)

    raw_engine.on_request = on_request

    answer = client.call("ExecutePlan")

    assert (answer.code, len(answer.messages)) == (code, messages)
    assert answer.status_details.code == code.value[0]
    assert answer.status_details.message == answer.message


def test_a_connection_that_breaks_is_unavailable_and_the_next_call_works(raw_engine, client):
    well_behaved = raw_engine.answer

    def break_off(connection, stream):
        raw_engine.on_request = well_behaved
        connection.headers(stream, raw_engine.RESPONSE_HEADERS)
        connection.data(stream, http2.grpc_message(b"some"))
        connection.close()

    assert_answers(raw_engine, client)
    raw_engine.on_request = break_off

    broken = client.call("ExecutePlan")

    assert (broken.code, broken.messages) == (grpc.StatusCode.UNAVAILABLE, [b"some"])
    assert_answers(raw_engine, client)


def test_a_connection_that_breaks_within_a_message_is_unavailable(raw_engine, client):
    def break_off(connection, stream):
        connection.headers(stream, raw_engine.RESPONSE_HEADERS)
        connection.data(stream, http2.grpc_message(b"x" * 1000)[:500])
        connection.close()

    assert_answers(raw_engine, client)
    raw_engine.on_request = break_off

    answer = client.call("ExecutePlan")

    assert (answer.code, answer.messages) == (grpc.StatusCode.UNAVAILABLE, [])


def test_calls_under_way_survive_a_goaway_and_new_ones_get_a_new_connection(raw_engine, client):
    def say_goodbye_first(connection, stream):
        raw_engine.on_request = raw_engine.answer
        connection.goaway(stream)
        raw_engine.answer(connection, stream)

    raw_engine.on_request = say_goodbye_first

    assert_answers(raw_engine, client)
    assert_answers(raw_engine, client)
    assert len(raw_engine.connections) >= 2


def test_broken_frames_of_an_engine_are_no_answer(raw_engine, client, gateway):
    def babble(connection, stream):
        connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, b"\xff" * 50))

    assert_answers(raw_engine, client)
    raw_engine.on_request = babble

    assert client.call("ExecutePlan").code == grpc.StatusCode.UNAVAILABLE
    raw_engine.on_request = raw_engine.answer
    assert_answers(raw_engine, client)


def assert_answers(raw_engine, client):
    answer = client.call("Config")
    assert (answer.code, answer.messages) == (grpc.StatusCode.OK, [b"answer"]), answer.message


@pytest.fixture
def raw_engine(gateway, user):
    with http2.RawEngine(None) as engine:
        engine.on_request = engine.answer
        engine_id = str(uuid.uuid4())
        gateway.register({"schema": 1, "engine_id": engine_id, "endpoint": engine.endpoint,
                          "spark_version": "4.2.1", "application_id": "raw", "run_as": user,
                          "ui_url": "", "pid": 0, "started_at": "2026-11-21T02:11:09Z"}, user)
        yield engine
