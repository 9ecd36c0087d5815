"""Every client from 3.5 on works on every engine from 4.0 on, over plaintext to localhost."""

import pytest

from programs import run_jvm, run_python, run_rust
from versions import ENGINES, INSTALLED, is_older_than_4


@pytest.mark.parametrize("client", [name for name in INSTALLED if not is_older_than_4(name)])
def test_pyspark_does_its_everyday_work(gateway, client, state_of):
    session_id = run_python(client, gateway.url("alice"))

    assert state_of(session_id) == "closed"


@pytest.mark.parametrize("client", [name for name in INSTALLED if is_older_than_4(name)])
def test_an_older_pyspark_works_with_its_token_as_a_header(gateway, client, state_of):
    """With ;token= it would speak TLS, even to localhost."""
    header = f"authorization=Bearer%20{gateway.token('alice')}"

    session_id = run_python(client, f"sc://localhost:{gateway.port}/;{header}")

    assert state_of(session_id) == "active"  # stop() says nothing: it ends when it has been idle


@pytest.mark.parametrize("client", ENGINES)
def test_the_jvm_client_does_its_everyday_work(gateway, client):
    run_jvm(client, gateway.url("alice"))


def test_the_rust_client_does_its_everyday_work(gateway, state_of):
    session_id = run_rust(gateway.url("alice"))

    assert state_of(session_id) == "closed"
