"""Waiting for what becomes true later, or stops changing, always with a deadline."""

import threading
import time

POLL_SECONDS = 0.05


def wait_until(predicate, seconds, what, hint=lambda: ""):
    """Returns the first true answer of `predicate`.

    Fails when there is none within `seconds`; `what` says what was awaited, `hint` is called for
    what helps to see why it did not come (the end of a log, for example).
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        answer = predicate()
        if answer:
            return answer
        left = deadline - time.monotonic()
        if left <= 0:
            raise AssertionError(f"not within {seconds} s: {what}\n{hint()}".rstrip())
        pause.wait(min(POLL_SECONDS, left))


def eventually(predicate, deadline=30.0, what="what the test waits for"):
    """wait_until() for what needs no words of its own."""
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
