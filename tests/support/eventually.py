"""Waiting for what becomes true by itself, or stops changing."""

import threading
import time

from support.waiting import wait_until


def eventually(predicate, deadline=30.0, what="what the test waits for"):
    """The first true value of `predicate()`; fails after `deadline` seconds."""
    return wait_until(predicate, deadline, what)


def settled(read, still_for=1.0, deadline=30.0):
    """The value of `read()` once it has not changed for `still_for` seconds."""
    end = time.monotonic() + deadline
    pause = threading.Event()
    value, since = read(), time.monotonic()
    while time.monotonic() - since < still_for:
        assert time.monotonic() < end, f"it still changes after {deadline} s: {value!r}"
        pause.wait(0.02)
        newer = read()
        if newer != value:
            value, since = newer, time.monotonic()
    return value
