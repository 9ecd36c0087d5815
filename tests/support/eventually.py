"""Waiting for what becomes true by itself."""

import time


def eventually(predicate, deadline=30.0, what="it"):
    """The first true value of `predicate()`; fails after `deadline` seconds, naming the last one."""
    end = time.monotonic() + deadline
    pause = 0.002
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {deadline} s; last: {value!r}")
        time.sleep(pause)
        pause = min(pause * 2, 0.1)


def settled(read, still_for=1.0, deadline=30.0):
    """The value of `read()` once it has not changed for `still_for` seconds."""
    end = time.monotonic() + deadline
    value, since = read(), time.monotonic()
    while time.monotonic() - since < still_for:
        assert time.monotonic() < end, f"it still changes after {deadline} s: {value!r}"
        time.sleep(0.02)
        newer = read()
        if newer != value:
            value, since = newer, time.monotonic()
    return value
