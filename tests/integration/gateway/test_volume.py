"""Much data, and readers that are slower than writers."""

import hashlib

import grpc
import pytest

from support import wire
from support.waiting import eventually, settled

MIB = 1 << 20
# What a stream may pile up between one end and the other: windows here and in both gRPC libraries,
# and socket buffers. Far less than what is sent.
STREAM_BOUND = 48 * MIB


def test_a_request_of_128_mib(engine, client, user):
    message = client.request("ExecutePlan")
    ballast = 128 * MIB - len(message) - 20
    message = client.request("ExecutePlan", ballast=ballast)
    assert 128 * MIB - 20 <= len(message) <= 128 * MIB

    [seen] = client.call("ExecutePlan", [message]).echo["messages"]

    expected = hashlib.sha256(message + wire.identity(client.session_id, user)).hexdigest()
    assert seen["sha256"] == expected


def test_an_answer_of_128_mib(engine, client):
    answer = client.call("ExecutePlan", script={"messages": 2, "bytes": 128 * MIB})

    assert answer.code == grpc.StatusCode.OK
    pattern = bytes(range(256)) * (128 * MIB // 256 + 1)
    assert [hashlib.sha256(m).digest() for m in answer.messages] == [
        hashlib.sha256(pattern[i:i + 128 * MIB]).digest() for i in range(2)]


def test_a_larger_request_is_rejected_by_the_limit_it_breaks(engine, client):
    answer = client.call("ExecutePlan", [client.request("ExecutePlan", ballast=129 * MIB)])

    assert answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "limits.message_bytes" in answer.message
    assert answer.status_details.message == answer.message


def test_a_larger_answer_is_rejected_by_the_limit_it_breaks(engine, client):
    answer = client.call("ExecutePlan", script={"messages": 1, "bytes": 129 * MIB})

    assert answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "limits.message_bytes" in answer.message


def test_a_slow_reader_stops_its_engine_and_nobody_else(gateway, engine, client):
    client.call("Config")
    resident = gateway.resident_bytes()
    slow = client.start("ExecutePlan", script={"messages": 500, "bytes": MIB})
    slow.next()

    sent = settled(lambda: engine.counters.of("ExecutePlan")["bytes_sent"])

    assert sent < STREAM_BOUND
    assert gateway.resident_bytes() - resident < STREAM_BOUND
    assert client.call("AnalyzePlan").code == grpc.StatusCode.OK  # on the same connection
    slow.cancel()
    eventually(lambda: engine.counters.of("ExecutePlan")["open"] == 0)


def test_a_slow_reader_gets_everything_in_the_end(engine, client):
    slow = client.start("ExecutePlan", script={"messages": 100, "bytes": MIB})
    slow.next()
    settled(lambda: engine.counters.of("ExecutePlan")["bytes_sent"], still_for=0.3)

    answer = slow.finish()

    assert answer.code == grpc.StatusCode.OK
    assert len(answer.messages) == 100


def test_an_engine_that_does_not_read_stops_its_client(gateway, engine, client):
    client.call("Config")
    resident = gateway.resident_bytes()
    message = client.request("AddArtifacts", ballast=MIB)
    taken = []

    def requests():
        for _ in range(500):
            taken.append(1)
            yield message

    call = client.start("AddArtifacts", requests(),
                        script={"act": "first_message", "read": 1, "then": "hang"})
    settled(lambda: len(taken))

    assert 1 < len(taken) * MIB < STREAM_BOUND
    assert gateway.resident_bytes() - resident < STREAM_BOUND
    assert client.call("AnalyzePlan").code == grpc.StatusCode.OK
    call.cancel()


@pytest.mark.parametrize("size", [1, 16_383, 16_384, 16_385, 65_535, 65_536, 1 << 20])
def test_messages_around_the_sizes_of_frames_and_windows(engine, client, user, size):
    request = client.request("AddArtifacts", ballast=size)

    seen = client.call("AddArtifacts", [request] * 5).echo["messages"]
    answer = client.call("ExecutePlan", script={"messages": 5, "bytes": size})

    expected = hashlib.sha256(request + wire.identity(client.session_id, user)).hexdigest()
    assert [m["sha256"] for m in seen] == [expected] * 5
    assert [len(m) for m in answer.messages] == [size] * 5
