"""Sessions that are cloned and released: what their ids are bound to then."""

import json
import threading
import uuid

import grpc
import pytest

from support import http2, wire
from support.calls import Client
from support.waiting import eventually

ALLOW_RECONNECT = wire.varint_field(4, 1)
NEW_SESSION_ID = 4
RELEASES = {"for good": b"", "with allow_reconnect": ALLOW_RECONNECT}


def clone_response(session_id, new_session_id):
    return (wire.bytes_field(1, session_id) + wire.bytes_field(2, str(uuid.uuid4())) +
            wire.bytes_field(3, new_session_id) + wire.bytes_field(4, str(uuid.uuid4())))


@pytest.fixture
def connection_gateway(make_gateway):
    """Each session has an engine of its own here, so that a new id would not find an old engine."""
    return make_gateway({"engine.share_level": "connection", "engine.connection_linger": "1h"})


@pytest.fixture
def cloning_client(connection_gateway, user):
    with Client(connection_gateway.target, connection_gateway.token(user)) as client:
        yield client


@pytest.fixture
def cloning_engine(connection_gateway, zookeeper, cloning_client, user):
    """The engine of the client's session; it answers everything with its `payload`."""
    gateway, engine_id = connection_gateway, str(uuid.uuid4())
    with http2.RawEngine(None) as engine:
        engine.payload = b""
        engine.on_request = lambda connection, stream: engine.answer(connection, stream,
                                                                     engine.payload)
        key = f"connection:{user}%2F{cloning_client.session_id}:default:default"
        zookeeper.put(f"{gateway.root}/engines/{key}/{engine_id}", {
            "schema": 1, "engine_id": engine_id, "endpoint": engine.endpoint,
            "spark_version": "4.2.1", "application_id": "raw", "run_as": user, "ui_url": "",
            "pid": 0, "started_at": "2026-11-21T02:11:09Z"})
        eventually(lambda: [e for e in gateway.engines() if e["engine_id"] == engine_id])
        yield engine


@pytest.mark.parametrize("given", [True, False], ids=["given", "chosen by the engine"])
def test_a_cloned_session_is_at_the_engine_of_its_original(connection_gateway, cloning_client,
                                                           cloning_engine, user, given):
    client, new_id = cloning_client, str(uuid.uuid4())
    request = client.request("CloneSession")
    if given:
        request += wire.bytes_field(NEW_SESSION_ID, new_id)
    answer = cloning_engine.payload = clone_response(client.session_id, new_id)

    cloned = client.call("CloneSession", [request])
    cloning_engine.payload = b"the original's engine"
    with Client(connection_gateway.target, connection_gateway.token(user),
                session_id=new_id) as clone:
        first = clone.call("Config")

    assert cloned.messages == [answer]
    assert first.messages == [b"the original's engine"]
    assert connection_gateway.launched() == []


def test_a_failed_clone_binds_nothing(connection_gateway, cloning_client, cloning_engine, user):
    client, new_id = cloning_client, str(uuid.uuid4())
    cloning_engine.on_request = lambda connection, stream: connection.headers(
        stream, [*cloning_engine.RESPONSE_HEADERS, ("grpc-status", "13")], end=True)

    failed = client.call("CloneSession", [
        client.request("CloneSession") + wire.bytes_field(NEW_SESSION_ID, new_id)])

    assert failed.code == grpc.StatusCode.INTERNAL
    with Client(connection_gateway.target, connection_gateway.token(user),
                session_id=new_id) as other:
        assert [other.call("Config").echo["engine"]["engine_id"]] == connection_gateway.launched()


def session_of(gateway, client):
    listed = gateway.cli("session", "list", "--all")
    [session] = [s for s in listed if s["session_id"] == client.session_id]
    return session


def release(client, more):
    answer = client.call("ReleaseSession", [client.request("ReleaseSession") + more])
    assert answer.code == grpc.StatusCode.OK, answer.message


@pytest.mark.parametrize("more", RELEASES.values(), ids=RELEASES.keys())
def test_a_released_session_is_bound_to_nothing(gateway, zookeeper, engine, client, user, more):
    node = f"/foxfire/sessions/{user}/{client.session_id}"
    client.call("Config")
    assert json.loads(zookeeper.client.get(node)[0])["engine_id"] == engine.engine_id

    release(client, more)

    eventually(lambda: not zookeeper.client.exists(node))
    assert session_of(gateway, client)["state"] == "closed"


def test_a_session_that_was_not_released_stays_bound(gateway, zookeeper, engine, client, user):
    client.call("Config")

    refused = client.call("ReleaseSession", script={"status": 13, "message": "no"})

    assert refused.code == grpc.StatusCode.INTERNAL
    assert zookeeper.client.exists(f"/foxfire/sessions/{user}/{client.session_id}")
    assert session_of(gateway, client)["state"] == "active"


def test_a_session_that_reconnects_after_its_release_is_bound_again(gateway, zookeeper, engine,
                                                                    client, user):
    node = f"/foxfire/sessions/{user}/{client.session_id}"
    client.call("Config")
    release(client, ALLOW_RECONNECT)
    eventually(lambda: not zookeeper.client.exists(node))

    assert client.call("Config").code == grpc.StatusCode.OK

    eventually(lambda: zookeeper.client.exists(node), 10, "it is bound in ZooKeeper")
    assert session_of(gateway, client)["state"] == "active"


def test_a_release_that_reconnects_starts_an_engine_only_with_its_next_call(gateway, client):
    first = client.call("Config").echo["engine"]["engine_id"]
    release(client, ALLOW_RECONNECT)
    gateway.cli("engine", "kill", first, "--grace", "0s")

    for method in wire.NEVER_LAUNCHING:
        assert client.call(method).code != grpc.StatusCode.OK
    assert gateway.launched() == [first]

    assert client.call("Config").echo["engine"]["engine_id"] != first


def test_a_session_that_is_too_old_ends_and_its_client_is_told(make_gateway, user):
    gateway = make_gateway({"session.max_lifetime": "100ms"})
    with Client(gateway.target, gateway.token(user)) as client:
        assert client.call("Config").code == grpc.StatusCode.OK

        [expired] = eventually(lambda: gateway.events("--session", client.session_id,
                                                      "--type", "session_expired"))
        answer = client.call("Config")

    assert expired["detail"] == "open for 100ms (session.max_lifetime)"
    assert answer.code == grpc.StatusCode.INTERNAL and "SESSION_CHANGED" in answer.message


def test_a_session_that_is_used_at_another_gateway_does_not_end(make_gateway, user):
    settings = {"session.idle_timeout": "2s"}
    first = make_gateway(settings)
    second = make_gateway({**settings, "server.cluster_secret_file": f"{first.var}/cluster.secret",
                           "auth.token_file": f"{first.var}/tokens.json"}, root=first.root)
    token = first.token(user)
    with Client(first.target, token) as client, Client(first.target, token) as unused, \
            Client(second.target, token, session_id=client.session_id) as moved:
        engine = client.call("Config").echo["engine"]["engine_id"]
        assert unused.call("Config").code == grpc.StatusCode.OK
        eventually(lambda: moved.call("Config").code == grpc.StatusCode.OK)  # it has the token

        # All the time: a session that nobody uses for two seconds may end, and has not been wronged.
        has_ended = threading.Event()
        engines = set()

        def use():
            while not has_ended.wait(0.1):
                engines.add(moved.call("Config").echo["engine"]["engine_id"])

        user_of_it = threading.Thread(target=use)
        user_of_it.start()
        try:
            eventually(lambda: first.events("--session", unused.session_id, "--type",
                                            "session_expired"),
                       what="the first gateway ends its idle sessions")
        finally:
            has_ended.set()
            user_of_it.join()

        assert engines == {engine}
        assert client.call("Config").echo["engine"]["engine_id"] == engine
        assert first.events("--session", client.session_id, "--type", "session_expired") == []
