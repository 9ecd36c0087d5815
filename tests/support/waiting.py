"""Waiting for what becomes true later, always with a deadline."""

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
