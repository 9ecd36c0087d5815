"""A client without a valid token: one clean line, at once, in the same words whatever the reason."""

import time

import pytest
from pyspark.errors.exceptions.connect import SparkConnectGrpcException
from support.waiting import wait_until

SECONDS = 20  # a client that takes it for something passing retries for ten minutes


def refusal(gateway, url):
    """What PySpark shows, and how long that took."""
    spark = gateway.connect_url(url)
    started = time.monotonic()
    with pytest.raises(SparkConnectGrpcException) as raised:
        spark.range(1).collect()
    seconds = time.monotonic() - started
    spark.client.close()
    return str(raised.value), seconds


def test_all_refusals_read_the_same(gateway):
    revoked = gateway.cli("token", "create", "--user", "alice")
    gateway.cli("token", "revoke", revoked["token_id"])
    expired = gateway.cli("token", "create", "--user", "alice", "--ttl", "1ms")
    tokens = {
        "wrong": "ff_" + "A" * 43,
        "revoked": revoked["token"],
        "expired": expired["token"],
        "no token of ours": "x",
    }
    urls = {name: f"sc://localhost:{gateway.port}/;token={token}" for name, token in tokens.items()}
    urls["none"] = f"sc://localhost:{gateway.port}"

    answers = {name: refusal(gateway, url) for name, url in urls.items()}

    texts = {text for text, _ in answers.values()}
    assert len(texts) == 1, answers
    [text] = texts
    assert "invalid credentials" in text and "\n" not in text and "<_" not in text
    for name, (_, seconds) in answers.items():
        assert seconds < SECONDS, name


def test_a_revoked_token_ends_a_client_that_is_connected(gateway):
    made = gateway.cli("token", "create", "--user", "alice")
    spark = gateway.connect_url(f"sc://localhost:{gateway.port}/;token={made['token']}")
    assert spark.range(3).count() == 3

    gateway.cli("token", "revoke", made["token_id"])

    with pytest.raises(SparkConnectGrpcException, match="invalid credentials"):
        spark.range(3).count()
    spark.client.close()


def test_reasons_are_for_the_operator(gateway):
    before = gateway.metric("foxfire_calls_total{code=\"UNAUTHENTICATED\"}")

    refusal(gateway, f"sc://localhost:{gateway.port}/;token=wrong")

    assert gateway.metric("foxfire_calls_total{code=\"UNAUTHENTICATED\"}") > before
    assert wait_until(lambda: [e for e in gateway.events("--type", "auth_refused") if e["detail"] == "unknown"],
                      10, "the event is there")
