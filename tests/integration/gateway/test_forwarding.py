"""What a call carries from the client to its engine and back."""

import json
import threading
import uuid

import grpc
import pytest

from support import http2, wire
from support.calls import held_requests

ALL_METHODS = [*wire.METHODS, "ListSqlExecutions"]


@pytest.mark.parametrize("method", ALL_METHODS)
def test_every_method_reaches_the_engine_with_the_verified_identity(engine, client, user, method):
    request = client.request(method)

    echo = client.call(method, [request]).echo

    assert echo["method"] == wire.SERVICE + method
    assert echo["engine"]["engine_id"] == engine.engine_id
    [message] = echo["messages"]
    assert (message["session_id"], message["user_id"], message["user_name"]) == (
        client.session_id, user, user)


@pytest.mark.parametrize("method", ALL_METHODS)
def test_the_request_is_unchanged_but_for_the_appended_identity(engine, client, user, method):
    request = client.request(method, operation_id=str(uuid.uuid4()), ballast=1000)

    [message] = client.call(method, [request]).echo["messages"]

    assert bytes.fromhex(message["hex"]) == request + wire.identity(client.session_id, user)


@pytest.mark.parametrize("method", ["ExecutePlan", "ReattachExecute", "StreamOfTheFuture"])
def test_streamed_answers_pass_unchanged(engine, client, method):
    client.call("Config")

    answer = client.call(method, script={"messages": 20, "bytes": 3000})

    assert answer.code == grpc.StatusCode.OK
    assert answer.messages == [bytes((i + k) % 256 for k in range(3000)) for i in range(20)]


def test_an_empty_message_passes(engine, client):
    answer = client.call("ExecutePlan", script={"messages": 2, "bytes": 0})

    assert answer.messages == [b"", b""]


def test_every_message_of_a_client_stream_gets_the_identity(engine, client, user, seeded):
    messages = [client.request("AddArtifacts", ballast=seeded.choice([0, 1, 100, 70_000]))
                for _ in range(30)]

    seen = client.call("AddArtifacts", messages).echo["messages"]

    suffix = wire.identity(client.session_id, user)
    assert [message["size"] for message in seen] == [len(m) + len(suffix) for m in messages]
    assert {(m["session_id"], m["user_id"], m["user_name"]) for m in seen} == {
        (client.session_id, user, user)}
    assert all(m["well_formed"] for m in seen)


def test_later_messages_of_a_client_stream_cannot_change_the_session(engine, client, user):
    other = wire.request("AddArtifacts", str(uuid.uuid4()), "bob")

    seen = client.call("AddArtifacts", [client.request("AddArtifacts"), other]).echo["messages"]

    assert [(m["session_id"], m["user_id"]) for m in seen] == [(client.session_id, user)] * 2


def test_messages_are_passed_on_before_the_request_ends(engine, client):
    release = threading.Event()
    call = client.start("AddArtifacts", held_requests([client.request("AddArtifacts")], release),
                        script={"act": "first_message", "messages": 1, "bytes": 7})

    assert len(call.next()) == 7
    release.set()
    assert call.finish().code == grpc.StatusCode.OK


@pytest.mark.parametrize("claim", [
    wire.user_context(),
    wire.user_context("bob", "bob"),
    wire.user_context("bob") + wire.user_context("eve", "eve"),
    wire.user_context("", ""),
])
def test_a_claimed_user_is_overridden(engine, client, user, claim):
    request = wire.bytes_field(1, client.session_id) + wire.bytes_field(2, claim)

    [message] = client.call("Config", [request]).echo["messages"]

    assert (message["user_id"], message["user_name"]) == (user, user)


def test_the_last_of_two_session_ids_counts(engine, client):
    other = str(uuid.uuid4())
    request = wire.request("Config", other) + wire.bytes_field(1, client.session_id)

    [message] = client.call("Config", [request]).echo["messages"]

    assert message["session_id"] == client.session_id


def test_extensions_of_the_user_context_survive(engine, client, user):
    context = wire.user_context("bob", extensions=[wire.bytes_field(1, "type"), b""])
    request = wire.bytes_field(1, client.session_id) + wire.bytes_field(2, context)

    [message] = client.call("Config", [request]).echo["messages"]

    assert (message["user_id"], message["extensions"]) == (user, 2)


def test_fields_that_nobody_knows_pass(engine, client, user):
    request = (client.request("Config") + wire.varint_field(5000, 2**64 - 1) +
               wire.varint(5001 << 3 | 1) + b"12345678" + wire.varint(5002 << 3 | 5) + b"1234")

    [message] = client.call("Config", [request]).echo["messages"]

    assert bytes.fromhex(message["hex"]) == request + wire.identity(client.session_id, user)


def test_no_credential_of_the_client_reaches_the_engine(gateway, engine, client, user):
    metadata = [("authentication", "Bearer mine"), ("cookie", "mine=1"),
                ("proxy-authorization", "mine")]

    answer = client.call("Config", metadata=metadata)

    # The engine lets in nobody but with its own token, and that one alone.
    names = [name for name, _ in answer.echo["metadata"]]
    assert names.count("authorization") == 1
    assert not {"authentication", "cookie", "proxy-authorization"} & set(names)
    assert gateway.token(user) not in answer.messages[0].decode()


def test_metadata_of_the_client_reaches_the_engine(engine, client, seeded):
    binary = seeded.randbytes(200)
    metadata = [("x-one", "a"), ("x-one", "b"), ("x-empty", ""), ("x-two-bin", binary),
                ("x-long", "l" * 30_000)]

    seen = [tuple(pair) for pair in client.call("Config", metadata=metadata).echo["metadata"]]

    wanted = [("x-one", "a"), ("x-one", "b"), ("x-empty", ""), ("x-two-bin", binary.hex()),
              ("x-long", "l" * 30_000)]
    assert sorted(pair for pair in seen if pair[0].startswith("x-")
                  and pair[0] != "x-fake-script") == sorted(wanted)


def test_metadata_of_the_engine_reaches_the_client(engine, client, seeded):
    binary = seeded.randbytes(3000)
    script = {"initial_metadata": [["x-one", "a"], ["x-one", "b"], ["x-two-bin", binary.hex()]],
              "trailers": [["x-three", "c"], ["x-three", "d"], ["x-four-bin", binary.hex()]],
              "echo": True}

    answer = client.call("ExecutePlan", script=script)

    assert answer.code == grpc.StatusCode.OK
    assert [pair for pair in answer.initial if pair[0].startswith("x-")] == [
        ("x-one", "a"), ("x-one", "b"), ("x-two-bin", binary)]
    assert sorted(pair for pair in answer.trailing if pair[0].startswith("x-")) == sorted([
        ("x-three", "c"), ("x-three", "d"), ("x-four-bin", binary)])


def test_initial_metadata_does_not_wait_for_the_first_message(engine, client):
    call = client.start("ExecutePlan", script={"initial_metadata": [["x-early", "yes"]],
                                               "then": "hang"})

    assert ("x-early", "yes") in list(call.rpc.initial_metadata())
    call.cancel()


@pytest.mark.parametrize("messages", [0, 2])
def test_status_and_details_of_the_engine_pass_byte_for_byte(engine, client, seeded, messages):
    details = seeded.randbytes(5000)
    script = {"messages": messages, "bytes": 10, "status": 13,
              "message": "[TABLE_OR_VIEW_NOT_FOUND] \u00e4\u20ac 100 %\nline two",
              "trailers": [["grpc-status-details-bin", details.hex()], ["x-after", "1"]]}

    answer = client.call("ExecutePlan", script=script)

    assert (answer.code, answer.message) == (grpc.StatusCode.INTERNAL, script["message"])
    assert len(answer.messages) == messages
    assert dict(answer.trailing)["grpc-status-details-bin"] == details
    assert ("x-after", "1") in answer.trailing


@pytest.mark.parametrize("code", range(1, 17))
def test_every_status_code_passes(engine, client, code):
    answer = client.call("Config", script={"status": code, "message": "so it is"})

    assert (answer.code.value[0], answer.message) == (code, "so it is")


def test_the_deadline_is_passed_on_less_what_has_gone(gateway, engine, client, user):
    # By hand, because gRPC's libraries round timeouts up.
    connection = http2.connect(gateway.target)
    connection.headers(1, http2.grpc_headers(more=[
        ("authorization", f"Bearer {gateway.token(user)}"), ("grpc-timeout", "20S")]))
    connection.data(1, http2.grpc_message(client.request("Config")), end=True)

    frames = http2.answer_of(connection)
    connection.close()

    body = b"".join(payload for kind, payload in frames if kind == http2.DATA)
    assert 15_000 < json.loads(body[5:])["timeout_ms"] <= 20_000


def test_without_a_deadline_the_engine_gets_none(engine, client):
    assert client.call("Config", timeout=None).echo["timeout_ms"] is None


def test_many_calls_at_once_on_one_connection(engine, client):
    calls = [client.start("ExecutePlan", script={"messages": 3, "bytes": 10 + i})
             for i in range(200)]

    answers = [call.finish() for call in calls]

    assert {answer.code for answer in answers} == {grpc.StatusCode.OK}
    assert [[len(m) for m in answer.messages] for answer in answers] == [
        [10 + i] * 3 for i in range(200)]
