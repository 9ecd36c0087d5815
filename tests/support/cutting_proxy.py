"""A TCP proxy that resets connections, as bad networks do."""

import contextlib
import socket
import struct
import threading

PIECE = 65536


class CuttingProxy:
    """Stands before `target` (host:port). Use it in a with statement.

    Each connection that is made takes the first of `allowances`: so many bytes of answers it passes
    on before it is reset. Connections that find none left are not cut.
    """

    def __init__(self, target, allowances=()):
        host, _, port = target.rpartition(":")
        self.target = (host, int(port))
        self.allowances = list(allowances)
        self.cuts = 0
        self._open = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):  # closing alone does not wake accept()
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self):
        """Resets every connection there is."""
        with self._lock:
            pairs = list(self._open)
        for pair in pairs:
            self._reset(pair)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self.target, timeout=30)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                self._begin(client, server)

    def _begin(self, client, server):
        with self._lock:
            allowance = self.allowances.pop(0) if self.allowances else None
            self._open.add((client, server))
        threading.Thread(target=self._pass_on, args=((client, server), client, server, None),
                         daemon=True).start()
        threading.Thread(target=self._pass_on, args=((client, server), server, client, allowance),
                         daemon=True).start()

    def _pass_on(self, pair, source, sink, allowance):
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                if allowance is not None and len(data) >= allowance:
                    sink.sendall(data[:allowance])
                    break
                sink.sendall(data)
                if allowance is not None:
                    allowance -= len(data)
        self._reset(pair)

    def _reset(self, pair):
        with self._lock:
            if pair not in self._open:
                return
            self._open.remove(pair)
            self.cuts += 1
        for sock in pair:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
            sock.close()
