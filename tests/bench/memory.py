"""The memory of foxfired: stuck readers, open streams, idle sessions. Engines are scripted ones.

    PYTHONPATH=tests .cache/venv/bin/python tests/bench/memory.py --sessions 100000
"""

import argparse
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration" / "gateway"))
from cluster import Cluster  # noqa: E402
from foxfired import Foxfired  # noqa: E402
from rounds import print_table  # noqa: E402
from support import wire  # noqa: E402
from support.calls import Client  # noqa: E402
from support.waiting import settled  # noqa: E402

MIB = 1 << 20
STREAMS = 1000
CONNECTIONS = 20
AT_ONCE = 200
CHUNK = 32 * 1024


class Meter:
    """What each step adds to a gateway that has served its first call."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.rows = []

    def measure(self, what, count, unit, action):
        before = self.settled()
        began = time.monotonic()
        action()
        seconds = time.monotonic() - began
        grown = self.settled() - before
        self.rows.append([what, f"{grown / MIB:.1f} MiB",
                          f"{grown / count / 1024:.2f} KiB a {unit}", f"{seconds:.1f} s"])

    def settled(self):
        return settled(self.gateway.resident_bytes, still_for=1, deadline=60)


def client_of(gateway):
    return Client(gateway.target, gateway.token("alice"))


def be_stuck(gateway, stack):
    client = stack.enter_context(client_of(gateway))
    client.start("ExecutePlan", script={"messages": 512, "bytes": MIB}, timeout=600).next()


def open_streams(gateway, stack):
    for _ in range(CONNECTIONS):
        client = stack.enter_context(client_of(gateway))
        calls = [client.start("ExecutePlan", timeout=600,
                              script={"messages": 1, "bytes": 10, "then": "hang"})
                 for _ in range(STREAMS // CONNECTIONS)]
        for call in calls:
            call.next()


def open_sessions(gateway, count):
    with client_of(gateway) as client:
        for first in range(0, count, AT_ONCE):
            requests = [wire.request("Config", str(uuid.uuid4()))
                        for _ in range(min(AT_ONCE, count - first))]
            for call in [client.start("Config", [request], timeout=600) for request in requests]:
                assert call.finish().code.value[0] == 0


def send_artifacts(gateway, size):
    with client_of(gateway) as client:
        message = client.request("AddArtifacts", ballast=CHUNK)
        answer = client.call("AddArtifacts", (message for _ in range(size // CHUNK)), timeout=600,
                             script={"act": "end", "messages": 1, "bytes": 10, "echo": False})
        assert answer.code.value[0] == 0, answer.message


def measure(folder, sessions):
    settings = {"log.level": "warn", "server.drain_timeout": "0s", "server.on_shutdown": "stop",
                "limits.sessions_per_user": 1_000_000, "limits.sessions_per_engine": 1_000_000}
    with Cluster(folder / "zookeeper") as cluster, \
            Foxfired(folder / "gateway", cluster, settings=settings) as gateway:
        with client_of(gateway) as client:
            assert client.call("Config").echo
        meter = Meter(gateway)
        idle = meter.settled()
        # Each on top of the ones before: what has been freed is used again.
        with ExitStack() as stack:
            meter.measure("a reader that does not read 512 MiB", 1, "reader",
                          lambda: be_stuck(gateway, stack))
        with ExitStack() as stack:
            meter.measure(f"{STREAMS} open streams on {CONNECTIONS} connections", STREAMS, "stream",
                          lambda: open_streams(gateway, stack))
        meter.measure("artifacts of 1 GiB in chunks of 32 KiB", 1, "upload",
                      lambda: send_artifacts(gateway, 1 << 30))
        meter.measure(f"{sessions} idle sessions", sessions, "session",
                      lambda: open_sessions(gateway, sessions))
    print(f"resident after the first call: {idle / MIB:.1f} MiB\n")
    print_table(["what", "more memory", "each", "took"], meter.rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20_000)
    sessions = parser.parse_args().sessions
    with tempfile.TemporaryDirectory(prefix="foxfire-memory-") as folder:
        measure(Path(folder), sessions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
