"""A TCP relay that changes nothing; what watches or breaks the bytes is derived from it."""

import contextlib
import socket
import threading


class Relay:
    """Listens on `port` and relays to a port of this machine. Use it in a `with` statement."""

    def __init__(self, target_port: int):
        self.target_port = target_port
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets: list[socket.socket] = []

    def __enter__(self) -> "Relay":
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.cut()

    def passing(self, sender: str, data: bytes) -> None:
        """Called with what "client" or "server" has sent, before it goes on; by several threads."""

    def passed(self, sender: str, data: bytes) -> None:
        """The same, once it has gone on."""

    def cut(self) -> None:
        """Ends every connection, and takes no new ones."""
        # A thread that waits in accept() keeps a socket listening that is only closed.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
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
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.passing(sender, data)
                sink.sendall(data)
                self.passed(sender, data)
            sink.shutdown(socket.SHUT_WR)
