"""An engine that no secret is brought to agrees on one with the gateways."""

import json
from pathlib import Path

import grpc
import pytest

import agreed_secret
from agreed_secret import BASE_POINT, to_base64, x25519
from queries import call_config
from test_start_failures import failure_of

GATEWAY_PRIVATE = bytes(range(32))
GATEWAY_PUBLIC = to_base64(x25519(GATEWAY_PRIVATE, BASE_POINT))
KEY = "foxfire.gateway.public.key"


def by_key(key=GATEWAY_PUBLIC):
    return {"foxfire.secret.file": None, KEY: key}


def status(engine, token):
    return call_config(engine, [("authorization", f"Bearer {token}")])


def test_the_tests_own_x25519_is_that_of_rfc_7748():
    scalar = bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")
    point = bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")

    product = x25519(scalar, point)

    assert product.hex() == "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"


def test_takes_the_token_that_both_sides_compute(make_engine, nodes):
    engine = make_engine(settings=by_key(), write_secret=False).start_and_register()
    public = json.loads(nodes.get(engine.node)[0])["public_key"]
    token = agreed_secret.secret(GATEWAY_PRIVATE, public, engine.id)
    others = agreed_secret.secret(bytes(range(1, 33)), public, engine.id)

    assert len(agreed_secret.from_base64(public)) == 32 and "=" not in public
    assert status(engine, token) == grpc.StatusCode.OK
    assert status(engine, others) == grpc.StatusCode.UNAUTHENTICATED
    assert status(engine, public) == grpc.StatusCode.UNAUTHENTICATED
    assert token not in engine.log()
    assert token.encode() not in nodes.get(engine.node)[0]
    process = Path(f"/proc/{engine.process.pid}")
    assert token.encode() not in (process / "cmdline").read_bytes()
    assert token.encode() not in (process / "environ").read_bytes()


def test_each_start_makes_a_key_of_its_own(make_engine, nodes):
    made = [make_engine(settings=by_key(), write_secret=False) for _ in range(2)]
    for engine in made:
        engine.start_and_register()

    records = [json.loads(nodes.get(engine.node)[0]) for engine in made]

    assert records[0]["public_key"] != records[1]["public_key"]


@pytest.mark.parametrize("key", [
    "short", GATEWAY_PUBLIC + "=", GATEWAY_PUBLIC[:-1] + "!", to_base64(bytes(31)),
    to_base64(bytes(33)), to_base64(bytes(32)), to_base64((1).to_bytes(32, "little"))])
def test_key_that_is_none(make_engine, key):
    last = failure_of(make_engine(settings=by_key(key), write_secret=False))

    assert KEY in last and "X25519" in last


def test_key_and_secret_file_at_once(make_engine):
    last = failure_of(make_engine(settings={KEY: GATEWAY_PUBLIC}))

    assert f"not together with {KEY}" in last
