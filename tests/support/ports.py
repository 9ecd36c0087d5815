"""Ports for servers that are told theirs before they start, and that come back to it."""

import contextlib
import itertools
import os
import random
import socket

# Below what Linux gives to those that ask for any port (ip_local_port_range begins at 32768), so a
# server that is away for a moment finds its port free. Workers have 3,000 each for themselves.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
FIRST = 20_000 + 3_000 * (WORKER % 4)
_numbers = itertools.islice(itertools.cycle(range(3_000)), random.randrange(3_000), None)


def free_port() -> int:
    """One that nobody listens on at the moment, and that is not given out again for long."""
    for number in itertools.islice(_numbers, 3_000):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", FIRST + number)):
            return FIRST + number
    raise AssertionError(f"no port from {FIRST} on is free")
