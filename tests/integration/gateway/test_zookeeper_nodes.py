"""What others write into ZooKeeper."""

import json
import uuid

import grpc
import pytest

from support.waiting import eventually

UUID = "00000000-0000-4000-8000-000000000001"
RECORD = {"schema": 1, "engine_id": UUID, "endpoint": "127.0.0.1:1", "spark_version": "4.2.1",
          "application_id": "a", "run_as": "alice", "ui_url": "", "pid": 0,
          "started_at": "2026-11-21T02:11:09Z"}


def without(name):
    return {key: value for key, value in RECORD.items() if key != name}


BROKEN = {
    "no JSON": b"{broken",
    "empty": b"",
    "not UTF-8": b"\xff\xfe\x00",
    "a list": [],
    "no endpoint": without("endpoint"),
    "endpoint without a port": {**RECORD, "endpoint": "somewhere"},
    "port too high": {**RECORD, "endpoint": "127.0.0.1:99999"},
    "numbers for text": {**RECORD, "endpoint": 5},
    "somebody else's id": {**RECORD, "engine_id": str(uuid.uuid4())},
    "large": b"{" + b" " * 900_000,
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_registration_is_counted_and_harms_nobody(gateway, zookeeper, client, user, data):
    before = gateway.metric("foxfire_discovery_broken_nodes")
    node = f"/foxfire/engines/user:{user}:default:default/{UUID}"

    zookeeper.put(node, data)

    eventually(lambda: gateway.metric("foxfire_discovery_broken_nodes") == before + 1)
    assert client.call("Config").code == grpc.StatusCode.OK
    assert node in gateway.log()
    zookeeper.client.delete(node)
    eventually(lambda: gateway.metric("foxfire_discovery_broken_nodes") == before)


@pytest.mark.parametrize("name", ["nonsense", "user:a", "user:a:b:c:d", "USER:a:b:c", "user:%zz:b:c"])
def test_a_folder_that_is_no_engine_key_is_counted_and_harms_nobody(gateway, zookeeper, client, name):
    before = gateway.metric("foxfire_discovery_broken_nodes")

    zookeeper.put(f"/foxfire/engines/{name}/{UUID}", RECORD)

    eventually(lambda: gateway.metric("foxfire_discovery_broken_nodes") > before)
    assert client.call("Config").code == grpc.StatusCode.OK
    zookeeper.client.delete(f"/foxfire/engines/{name}", recursive=True)
    eventually(lambda: gateway.metric("foxfire_discovery_broken_nodes") == before)


def test_a_registration_that_is_mended_counts_from_then_on(gateway, zookeeper, client, user, engine):
    record = engine.record()
    path = f"/foxfire/engines/user:{user}:default:default/{engine.engine_id}"
    zookeeper.client.set(path, b"{broken")
    eventually(lambda: gateway.metric("foxfire_discovery_broken_nodes") >= 1)

    zookeeper.client.set(path, json.dumps(record).encode())

    eventually(lambda: gateway.metric("foxfire_discovery_broken_nodes") == 0)
    assert client.call("Config").echo["engine"]["engine_id"] == engine.engine_id


def test_a_broken_binding_of_a_session_harms_nobody(gateway, zookeeper, client, user):
    zookeeper.put(f"/foxfire/sessions/{user}/{client.session_id}", b"{broken")

    answer = client.call("Config")

    # It may be refused with a reason, or bound anew; but never hang or bring the gateway down.
    assert answer.code in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE,
                           grpc.StatusCode.INTERNAL, grpc.StatusCode.FAILED_PRECONDITION)
    assert "INVALID_HANDLE" not in answer.message
    assert gateway.process.poll() is None
