"""Each limit of the configuration: what is refused is told its key, counted, and nobody else minds.

Held calls, held bytes and engines: test_launch.py. Messages: test_volume.py.
"""

import socket
from contextlib import ExitStack

import grpc
import pytest
from support.calls import Client
from support.waiting import eventually, wait_until

HANG = {"messages": 1, "bytes": 1, "then": "hang"}


def refusals(gateway, key):
    return gateway.metric(f'foxfire_limit_refusals_total{{limit="{key}"}}')


def silent_connection(gateway):
    host, port = gateway.target.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=30)


def has_ended(connection):
    try:
        return connection.recv(4096) == b""
    except ConnectionResetError:
        return True


def test_the_call_after_the_last_connection_is_told_the_limit(make_gateway, user):
    gateway = make_gateway({"limits.connections": 3})
    with Client(gateway.target, gateway.token(user)) as client, ExitStack() as silent:
        assert client.call("Config").code == grpc.StatusCode.OK
        for _ in range(2):
            silent.enter_context(silent_connection(gateway))
        wait_until(lambda: gateway.metric("foxfire_http2_accepted_total") == 3, 30, "all are open")

        with Client(gateway.target, gateway.token(user)) as late:
            answer = late.call("Config")

        assert answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "limits.connections" in answer.message
        assert "google.rpc.RetryInfo" in answer.status_details.details
        assert client.call("Config").code == grpc.StatusCode.OK
    assert refusals(gateway, "limits.connections") >= 1
    # Those that were refused do not count for long.
    wait_until(lambda: gateway.metric("foxfire_http2_client_connections") == 0, 30, "all have gone")
    with Client(gateway.target, gateway.token(user)) as again:
        assert again.call("Config").code == grpc.StatusCode.OK


def test_connections_far_beyond_the_limit_are_closed_at_once(make_gateway, user):
    gateway = make_gateway({"limits.connections": 1})
    with Client(gateway.target, gateway.token(user)) as client, ExitStack() as silent:
        assert client.call("Config").code == grpc.StatusCode.OK

        flood = [silent.enter_context(silent_connection(gateway)) for _ in range(200)]

        assert has_ended(flood[-1])
        assert client.call("Config").code == grpc.StatusCode.OK
        assert refusals(gateway, "limits.connections") == 200


def test_the_operations_of_a_user_are_limited(make_gateway, user):
    gateway = make_gateway({"limits.operations_per_user": 2})
    with Client(gateway.target, gateway.token(user)) as client, \
            Client(gateway.target, gateway.token("somebody-else")) as other:
        running = [client.start("ExecutePlan", script=HANG) for _ in range(2)]
        for call in running:
            call.next()

        answer = client.call("ExecutePlan")

        assert answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert answer.message == f"{user} has 2 operations running already (limits.operations_per_user)"
        assert b"google.rpc.RetryInfo" in dict(answer.trailing)["grpc-status-details-bin"]
        assert refusals(gateway, "limits.operations_per_user") == 1
        assert client.call("Interrupt").code == grpc.StatusCode.OK
        assert other.call("ExecutePlan").code == grpc.StatusCode.OK
        running.pop().cancel()
        eventually(lambda: client.call("ExecutePlan").code == grpc.StatusCode.OK)


def test_the_sessions_of_a_user_are_limited(make_gateway, user):
    gateway = make_gateway({"limits.sessions_per_user": 2})
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(Client(gateway.target, gateway.token(user)))
                                for _ in range(3))
        assert first.call("Config").code == second.call("Config").code == grpc.StatusCode.OK

        answer = third.call("Config")

        assert answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "limits.sessions_per_user" in answer.message and "foxfire session close" in answer.message
        assert refusals(gateway, "limits.sessions_per_user") == 1
        first.call("ReleaseSession")
        eventually(lambda: third.call("Config").code == grpc.StatusCode.OK)


def test_the_calls_of_a_user_are_limited(make_gateway, user):
    gateway = make_gateway({"limits.calls_per_user": 3})
    with Client(gateway.target, gateway.token(user)) as client, \
            Client(gateway.target, gateway.token("somebody-else")) as other:
        open_calls = [client.start("ExecutePlan", script=HANG) for _ in range(3)]
        for call in open_calls:
            call.next()

        answer = client.call("Config")

        assert answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert answer.message == f"{user} has 3 calls open already (limits.calls_per_user)"
        assert refusals(gateway, "limits.calls_per_user") == 1
        assert other.call("Config").code == grpc.StatusCode.OK
        assert client.call("Interrupt").code == grpc.StatusCode.OK
        open_calls[0].cancel()
        wait_until(lambda: client.call("Config").code == grpc.StatusCode.OK, 30, "there is room again")
        for call in open_calls[1:]:
            call.cancel()


def test_streams_over_the_limit_wait_in_the_client(make_gateway, user):
    gateway = make_gateway({"limits.streams_per_connection": 2})
    with Client(gateway.target, gateway.token(user)) as client:
        assert client.call("Config").code == grpc.StatusCode.OK
        hanging = [client.start("ExecutePlan", script=HANG) for _ in range(2)]
        for call in hanging:
            call.next()

        waiting = client.start("Config")

        assert gateway.metric("foxfire_calls_open") == 2
        assert not waiting.rpc.done()
        hanging[0].cancel()
        assert waiting.finish().code == grpc.StatusCode.OK
        hanging[1].cancel()


@pytest.mark.parametrize("size", [1000, 8000])
def test_metadata_up_to_the_limit_goes_through(client, user, size):
    """64 KiB by default, counted as RFC 9113 does: names, values and 32 bytes an entry."""
    metadata = [(f"x-long-{i}", "v" * size) for i in range(60_000 // size)]

    answer = client.call("Config", metadata=metadata)

    assert answer.code == grpc.StatusCode.OK
    assert {name: value for name, value in answer.echo["metadata"] if name.startswith("x-long-")} == dict(metadata)


def test_more_metadata_is_told_the_limit(make_gateway, user):
    gateway = make_gateway()
    with Client(gateway.target, gateway.token(user)) as client:
        answer = client.call("Config", metadata=[(f"x-long-{i}", "v" * 7000) for i in range(10)])

        assert answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert answer.message == "the request's headers have more than 64KiB (limits.header_bytes)"
        assert refusals(gateway, "limits.header_bytes") == 1
        assert client.call("Config").code == grpc.StatusCode.OK
