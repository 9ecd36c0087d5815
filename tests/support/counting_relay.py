"""A TCP relay that counts HTTP/2 frames by sender and type, and changes nothing."""

import collections

from support.relay import Relay

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PING, GOAWAY = 6, 7
ACK = 1


class CountingRelay(Relay):
    """For one connection: `frames` counts (sender, type, is it an ACK)."""

    def __init__(self, target_port: int):
        super().__init__(target_port)
        self.frames = collections.Counter()
        self.begun = {"client": b"", "server": b""}  # frames that are not whole yet

    def passed(self, sender: str, data: bytes) -> None:
        seen = (self.begun[sender] + data).removeprefix(PREFACE)
        while len(seen) >= 9 and len(seen) >= 9 + int.from_bytes(seen[:3], "big"):
            self.frames[sender, seen[3], bool(seen[4] & ACK)] += 1
            seen = seen[9 + int.from_bytes(seen[:3], "big"):]
        self.begun[sender] = seen
