"""What foxfired holds of data that has nowhere to go, and of data that goes through."""

import pathlib

import grpc
import pytest

from support.calls import Client
from support.waiting import eventually, settled

MIB = 1 << 20
# Far less than what is sent: a stream's window, and blocks of memory that it fills in part only.
READERS_BOUND = 16 * MIB
UPLOADS_BOUND = 64 * MIB


@pytest.fixture
def own_gateway(make_gateway):
    """One whose memory no other test has grown."""
    return make_gateway({"log.level": "info"})


@pytest.fixture
def own_client(own_gateway, user):
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        assert client.call("Config").code == grpc.StatusCode.OK
        yield client


def peak_of(gateway):
    """The most that it has ever had resident, in bytes."""
    status = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def test_a_reader_that_does_not_read_half_a_gibibyte_costs_little(own_gateway, own_client):
    before = peak_of(own_gateway)
    stuck = own_client.start("ExecutePlan", script={"messages": 512, "bytes": MIB})
    stuck.next()

    settled(lambda: own_gateway.resident_bytes())

    grown = peak_of(own_gateway) - before
    print(f"a stuck reader: {grown / MIB:.1f} MiB")
    assert grown < READERS_BOUND
    assert own_client.call("AnalyzePlan").code == grpc.StatusCode.OK
    stuck.cancel()
    eventually(lambda: own_gateway.metric("foxfire_calls_open") == 0)


def test_artifacts_in_small_chunks_pass_through_little_memory(own_gateway, own_client):
    chunk, chunks = 32 * 1024, 8192  # 256 MiB
    before = peak_of(own_gateway)
    message = own_client.request("AddArtifacts", ballast=chunk)

    answer = own_client.call("AddArtifacts", (message for _ in range(chunks)),
                             script={"act": "end", "messages": 1, "bytes": 10, "echo": False})

    assert (answer.code, len(answer.messages)) == (grpc.StatusCode.OK, 1), answer.message
    grown = peak_of(own_gateway) - before
    print(f"artifacts: {grown / MIB:.1f} MiB")
    assert grown < UPLOADS_BOUND
