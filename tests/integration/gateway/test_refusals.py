"""Calls that get no further than the gateway, and what they are told."""

import datetime
import threading
import uuid

import grpc
import pytest

from support import http2, wire
from support.calls import Client, held_requests
from support.waiting import eventually


def assert_clean(answer, code):
    """PySpark shows exactly our words only if the details repeat them (design.md section 4)."""
    assert answer.code == code, f"{answer.code}: {answer.message}"
    assert answer.message
    details = answer.status_details
    assert (details.code, details.message) == (code.value[0], answer.message)
    assert answer.messages == []


def refused_headers(gateway, user):
    """Every way of not having a good token."""
    revoked = gateway.cli("token", "create", "--user", user)
    gateway.cli("token", "revoke", revoked["token_id"])
    good = gateway.token(user)
    return {
        "none": [],
        "empty": [("authorization", "")],
        "no scheme": [("authorization", good)],
        "other scheme": [("authorization", f"Basic {good}")],
        "empty token": [("authorization", "Bearer ")],
        "wrong": [("authorization", "Bearer " + "x" * len(good))],
        "nearly right": [("authorization", f"Bearer {good[:-1]}")],
        "too much": [("authorization", f"Bearer {good}x")],
        "huge": [("authorization", "Bearer " + "x" * 20_000)],
        "revoked": [("authorization", "Bearer " + revoked["token"])],
    }


def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(gateway, user):
    answers = {}
    for name, metadata in refused_headers(gateway, user).items():
        with Client(gateway.target) as client:
            answers[name] = client.call("Config", metadata=metadata)

    assert {name: answer.code for name, answer in answers.items()} == dict.fromkeys(
        answers, grpc.StatusCode.UNAUTHENTICATED)
    assert len({answer.message for answer in answers.values()}) == 1
    for answer in answers.values():
        assert_clean(answer, grpc.StatusCode.UNAUTHENTICATED)
    assert gateway.launched() == []


def test_a_revoked_token_is_refused_on_a_connection_that_it_has_opened(gateway, engine, user):
    token = gateway.cli("token", "create", "--user", user)
    with Client(gateway.target, token["token"]) as client:
        assert client.call("Config").code == grpc.StatusCode.OK

        gateway.cli("token", "revoke", token["token_id"])

        eventually(lambda: client.call("Config").code == grpc.StatusCode.UNAUTHENTICATED,
                   deadline=5)


def test_a_token_is_refused_once_it_has_expired(gateway, engine, user):
    token = gateway.cli("token", "create", "--user", user, "--ttl", "6s")["token"]
    with Client(gateway.target, token) as client:
        assert client.call("Config").code == grpc.StatusCode.OK

        answer = eventually(lambda: (got := client.call("Config")).code != grpc.StatusCode.OK and got)

    assert_clean(answer, grpc.StatusCode.UNAUTHENTICATED)


def test_the_header_of_older_jvm_clients_is_taken_too(gateway, engine, user):
    with Client(gateway.target, metadata=[("authentication", f"Bearer {gateway.token(user)}")]) as c:
        assert c.call("Config").code == grpc.StatusCode.OK


def test_the_reason_of_a_refusal_is_in_the_events(gateway, user):
    since = datetime.datetime.now(datetime.timezone.utc)
    before = len(gateway.cli("event", "list", "--type", "auth_refused"))
    with Client(gateway.target) as client:
        client.call("Config", metadata=[("authorization", "Bearer nothing")])

    eventually(lambda: len(gateway.cli("event", "list", "--type", "auth_refused")) > before,
               what=f"an event since {since}")


@pytest.mark.parametrize("path", [
    "/spark.connect.SparkConnectService/", "/spark.connect.SparkConnectServiceX/Config",
    "/spark.connect.OtherService/Config", "/grpc.health.v1.Health/Check", "/x",
])
def test_other_services_are_unimplemented(gateway, client, path):
    assert_clean(client.call(path), grpc.StatusCode.UNIMPLEMENTED)


@pytest.mark.parametrize("session_id", [
    None, "", "x", "00112233445566778899aabbccddeeff", "{00112233-4455-6677-8899-aabbccddeeff}",
    "00112233-4455-6677-8899-aabbccddeefg", "00112233-4455-6677-8899-aabbccddeeff ", "x" * 5000,
    "../../etc/passwd",
])
def test_a_session_id_that_is_no_uuid_is_an_invalid_argument(gateway, client, session_id):
    request = wire.bytes_field(2, wire.user_context("alice"))
    if session_id is not None:
        request += wire.bytes_field(1, session_id)

    answer = client.call("Config", [request])

    assert_clean(answer, grpc.StatusCode.INVALID_ARGUMENT)
    assert "session_id" in answer.message
    assert gateway.launched() == []


GOOD = wire.bytes_field(1, "00112233-4455-6677-8899-aabbccddeeff")
BROKEN = {
    "ends within a field": GOOD + wire.varint(3 << 3 | 2) + wire.varint(100) + b"x" * 99,
    "ends within a length": GOOD + wire.varint(3 << 3 | 2) + b"\x80",
    "ends within a tag": GOOD + b"\x80",
    "length beyond 2 GiB": GOOD + wire.varint(3 << 3 | 2) + wire.varint(1 << 40),
    "varint of 11 bytes": GOOD + wire.varint(3 << 3) + b"\x80" * 10 + b"\x01",
    "field number 0": GOOD + b"\x02\x00",
    "wire type 6": GOOD + wire.varint(3 << 3 | 6),
    "wire type 7": GOOD + wire.varint(3 << 3 | 7),
    "group": GOOD + wire.varint(3 << 3 | 3) + wire.varint(3 << 3 | 4),
    "end of a group": GOOD + wire.varint(3 << 3 | 4),
    "session id as a number": GOOD + wire.varint_field(1, 5),
    "user context as a number": GOOD + wire.varint_field(2, 5),
    "no protobuf at all": b"GET / HTTP/1.1\r\n\r\n",
    "only ones": b"\xff" * 100,
}


@pytest.mark.parametrize("request_bytes", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_envelope_is_an_invalid_argument(gateway, engine, client, request_bytes):
    answer = client.call("Config", [request_bytes])

    assert_clean(answer, grpc.StatusCode.INVALID_ARGUMENT)
    assert engine.counters.of("Config")["read"] == 0


def test_a_broken_message_behind_a_good_one_ends_the_call_on_both_sides(engine, client):
    answer = client.call("AddArtifacts", [client.request("AddArtifacts"), b"\x0a\x50abc"],
                         script={"act": "end"})

    assert_clean(answer, grpc.StatusCode.INVALID_ARGUMENT)
    eventually(lambda: engine.counters.of("AddArtifacts")["open"] == 0)


def test_a_request_without_a_message_is_an_invalid_argument(engine, client):
    assert_clean(client.call("Config", []), grpc.StatusCode.INVALID_ARGUMENT)


def test_compressed_messages_are_unimplemented(engine, client):
    request = client.request("Config", ballast=50_000)

    answer = client.call("Config", [request], compression=grpc.Compression.Gzip)

    assert_clean(answer, grpc.StatusCode.UNIMPLEMENTED)
    assert "compress" in answer.message


@pytest.mark.parametrize("metadata, code", [
    ([("x-foxfire-profile", "nosuch")], grpc.StatusCode.PERMISSION_DENIED),
    ([("x-foxfire-subdomain", "../x")], grpc.StatusCode.INVALID_ARGUMENT),
    ([("x-foxfire-subdomain", "x" * 65)], grpc.StatusCode.INVALID_ARGUMENT),
])
def test_a_wish_that_cannot_be_met_is_refused(gateway, client, metadata, code):
    assert_clean(client.call("Config", metadata=metadata), code)
    assert gateway.launched() == []


def test_a_session_is_its_users_own(gateway, make_engine, engine, client, user):
    other = f"other-{uuid.uuid4().hex[:8]}"
    others_engine = make_engine(other)
    assert client.call("Config").echo["engine"]["engine_id"] == engine.engine_id

    with Client(gateway.target, gateway.token(other), user_id=user,
                session_id=client.session_id) as thief:
        echo = thief.call("Config").echo

    assert echo["engine"]["engine_id"] == others_engine.engine_id
    assert echo["messages"][0]["user_id"] == other


def test_a_first_message_that_does_not_come_ends_the_call(make_gateway, user):
    gateway = make_gateway({"limits.first_message_timeout": "200ms"})
    release = threading.Event()
    with Client(gateway.target, gateway.token(user)) as client:
        answer = client.call("AddArtifacts", held_requests([], release))
        release.set()

    assert_clean(answer, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert "limits.first_message_timeout" in answer.message


def test_a_client_that_resets_too_much_loses_its_connection_and_nobody_else(make_gateway, user):
    gateway = make_gateway({"limits.resets_per_second": 20})
    with Client(gateway.target, gateway.token(user)) as other:
        assert other.call("Config").code == grpc.StatusCode.OK
        staying = other.start("ExecutePlan", script={"messages": 1, "bytes": 1, "then": "hang"})
        staying.next()

        with Client(gateway.target, gateway.token(user), session_id=other.session_id) as flood:
            calls = [flood.start("ExecutePlan", script={"messages": 1, "bytes": 1, "then": "hang"})
                     for _ in range(100)]
            for call in calls:
                call.next()
            for call in calls:
                call.cancel()
            eventually(lambda: gateway.metric("foxfire_http2_floods_total") >= 1)

        assert other.call("Config").code == grpc.StatusCode.OK
        staying.cancel()


def test_a_flood_that_http_2_itself_bounds_is_counted(make_gateway):
    """nghttp2 keeps a thousand acknowledgements for a client that does not read them."""
    gateway = make_gateway()
    connection = http2.connect(gateway.target)

    with pytest.raises(ConnectionError):
        while True:  # the socket's time-out ends it if nobody else does
            connection.send(http2.frame(http2.PING, 0, 0, b"12345678") * 60_000)

    connection.close()
    assert gateway.metric("foxfire_http2_floods_total") == 1
    assert "Flooding was detected" in gateway.log()
