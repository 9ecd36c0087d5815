"""HTTP/2 frames by hand, for what no gRPC library would send."""

import contextlib
import socket
import struct
import threading

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1

NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 0, 2, 7, 8, 11


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header_block(headers):
    """HPACK literals without indexing or Huffman coding (RFC 7541 section 6.2.2)."""
    block = b""
    for name, value in headers:
        block += b"\x00"
        for text in (name.encode(), value.encode()):
            size, prefix = len(text), bytearray()
            if size < 127:
                prefix.append(size)
            else:
                prefix.append(127)
                size -= 127
                while size > 127:
                    prefix.append(size & 127 | 128)
                    size >>= 7
                prefix.append(size)
            block += bytes(prefix) + text
    return block


def grpc_message(payload, compressed=0):
    return struct.pack(">BI", compressed, len(payload)) + payload


class Connection:
    """One end of a connection; frames are read by one thread and written by any."""

    def __init__(self, sock):
        self.socket = sock
        self.reader = sock.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def headers(self, stream, headers, end=False):
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream,
                        header_block(headers)))

    def data(self, stream, payload, end=False):
        self.send(frame(DATA, END_STREAM if end else 0, stream, payload))

    def reset(self, stream, code):
        self.send(frame(RST_STREAM, 0, stream, struct.pack(">I", code)))

    def goaway(self, last_stream, code=NO_ERROR):
        self.send(frame(GOAWAY, 0, 0, struct.pack(">II", last_stream, code)))

    def read_frame(self):
        """(kind, flags, stream, payload), or None at the end."""
        head = self.reader.read(9)
        if len(head) < 9:
            return None
        size = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        return kind, flags, stream & 0x7FFFFFFF, self.reader.read(size)

    def frames(self):
        """Frames until the end of the connection; settings and pings are answered in passing."""
        with contextlib.suppress(OSError):
            while (got := self.read_frame()) is not None:
                kind, flags, _, payload = got
                if kind == SETTINGS and not flags & ACK:
                    self.send(frame(SETTINGS, ACK, 0))
                elif kind == PING and not flags & ACK:
                    self.send(frame(PING, ACK, 0, payload))
                yield got

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def connect(target, settings=b""):
    """A client's connection, greeted."""
    host, port = target.rsplit(":", 1)
    connection = Connection(socket.create_connection((host, int(port)), timeout=30))
    connection.send(PREFACE + frame(SETTINGS, 0, 0, settings))
    return connection


def grpc_headers(path="/spark.connect.SparkConnectService/Config", method="POST",
                 content_type="application/grpc", more=()):
    return [(":method", method), (":scheme", "http"), (":path", path), (":authority", "x"),
            ("content-type", content_type), ("te", "trailers"), *more]


def answer_of(connection, stream=1):
    """The stream's frames [(kind, payload)] up to its end; None if it was reset or never ended."""
    frames = []
    for kind, flags, number, payload in connection.frames():
        if number != stream:
            continue
        if kind == RST_STREAM:
            return None
        frames.append((kind, payload))
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            return frames
    return None


class RawEngine:
    """An engine that does with a call whatever `on_request(connection, stream)` does.

    It is called when the request has ended, on the connection's own thread. Use it in a with
    statement.
    """

    RESPONSE_HEADERS = [(":status", "200"), ("content-type", "application/grpc")]

    def __init__(self, on_request):
        self.on_request = on_request
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Closing alone does not wake accept().
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()

    def answer(self, connection, stream, payload=b"answer"):
        """What a well-behaved engine would do."""
        connection.headers(stream, self.RESPONSE_HEADERS)
        connection.data(stream, grpc_message(payload))
        connection.headers(stream, [("grpc-status", "0")], end=True)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                connection = Connection(sock)
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError):
            connection.reader.read(len(PREFACE))
            connection.send(frame(SETTINGS, 0, 0))
            for kind, flags, stream, _ in connection.frames():
                if kind in (HEADERS, DATA) and flags & END_STREAM:
                    self.on_request(connection, stream)
