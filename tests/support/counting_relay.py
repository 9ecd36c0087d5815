"""A TCP relay that counts HTTP/2 frames by sender and type, and changes nothing."""

import collections
import contextlib
import socket
import threading

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PING, GOAWAY = 6, 7
ACK = 1


class CountingRelay:
    """Listens on `port` and relays to a port of this machine. Use it in a `with` statement."""

    def __init__(self, target_port: int):
        self.target_port = target_port
        self.connections = 0
        self.frames = collections.Counter()  # ("client" or "server", type, is it an ACK)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> "CountingRelay":
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.listener.close()
        for end in self.sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections += 1
                server = socket.create_connection(("127.0.0.1", self.target_port))
                self.sockets += [client, server]
                for way in [(client, server, "client"), (server, client, "server")]:
                    threading.Thread(target=self.relay, args=way, daemon=True).start()

    def relay(self, source: socket.socket, sink: socket.socket, sender: str) -> None:
        seen = b""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
                seen = self.count(sender, (seen + data).removeprefix(PREFACE))
            sink.shutdown(socket.SHUT_WR)

    def count(self, sender: str, seen: bytes) -> bytes:
        """Answers with what no whole frame has come of yet."""
        while len(seen) >= 9 and len(seen) >= 9 + int.from_bytes(seen[:3], "big"):
            self.frames[sender, seen[3], bool(seen[4] & ACK)] += 1
            seen = seen[9 + int.from_bytes(seen[:3], "big"):]
        return seen
