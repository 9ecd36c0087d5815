"""Writes what the fuzzers begin with: whole calls, cut into steps.

Run it with tests/ in PYTHONPATH; it overwrites the files that are named here.
"""

import pathlib
import struct

from support import http2

CORPUS = pathlib.Path(__file__).parent / "corpus"
SESSION = "11111111-2222-3333-4444-555555555555"
END = http2.END_HEADERS | http2.END_STREAM


def field(number, value):
    assert number < 16 and len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


USER = field(1, b"mallory") + field(2, b"mallory")
PLAN = field(1, SESSION.encode()) + field(2, USER) + field(3, b"plan") + field(6, SESSION.encode())


def request(method, extra=()):
    return http2.header_block([
        (":method", "POST"), (":scheme", "http"),
        (":path", f"/spark.connect.SparkConnectService/{method}"), (":authority", "localhost"),
        ("te", "trailers"), ("content-type", "application/grpc"),
        ("authorization", "Bearer token-of-alice"), *extra])


def opening(method, stream=1, extra=(), flags=http2.END_HEADERS):
    return http2.frame(http2.HEADERS, flags, stream, request(method, extra))


def settings(*pairs):
    payload = b"".join(struct.pack(">HI", *pair) for pair in pairs)
    return http2.frame(http2.SETTINGS, 0, 0, payload)


def data(payload, stream=1, flags=0):
    return http2.frame(http2.DATA, flags, stream, payload)


def answer(stream=1, flags=http2.END_HEADERS, extra=()):
    return http2.frame(http2.HEADERS, flags, stream, http2.header_block(
        [(":status", "200"), ("content-type", "application/grpc"), *extra]))


def trailers(stream=1, status="0"):
    return http2.frame(http2.HEADERS, END, stream, http2.header_block([("grpc-status", status)]))


def client(*frames):
    return step(0, b"".join(frames))


def engine(*frames):
    return step(1, b"".join(frames))


def step(what, payload):
    return bytes([what]) + struct.pack("<H", len(payload)) + payload


HELLO = http2.PREFACE + settings()
WHOLE = http2.grpc_message(PLAN)
ROW = http2.grpc_message(b"row")
LAST = http2.END_STREAM
CLIENT_HANGS_UP, ENGINE_HANGS_UP = b"\x02", b"\x03"
CALL = client(HELLO, opening("ExecutePlan"), data(WHOLE, flags=LAST))

CALLS = {
    "execute": CALL + engine(settings(), answer(), data(ROW), data(ROW), trailers()),
    "deadline": client(HELLO, opening("AnalyzePlan", extra=[("grpc-timeout", "1m")]), data(WHOLE)),
    "upload": client(HELLO, opening("AddArtifacts"), data(WHOLE)) + client(data(WHOLE[:9]))
    + client(data(WHOLE[9:], flags=LAST)) + engine(settings(), answer(), data(ROW), trailers()),
    "trailers_only": CALL + engine(settings(), answer(flags=END, extra=[("grpc-status", "5")])),
    "half_a_message": CALL + engine(settings(), answer(), data(ROW[:6])) + ENGINE_HANGS_UP,
    "engine_hangs_up": CALL + ENGINE_HANGS_UP + engine(settings()),
    "client_hangs_up": CALL + engine(settings(), answer(), data(ROW)) + CLIENT_HANGS_UP
    + engine(data(ROW), trailers()),
    "client_cancels": CALL + client(http2.frame(http2.RST_STREAM, 0, 1, struct.pack(">I", 8)))
    + engine(settings(), answer(), trailers()),
    "engine_resets": CALL + engine(settings(), http2.frame(
        http2.RST_STREAM, 0, 1, struct.pack(">I", 7))),
    "goaway": CALL + engine(settings(), http2.frame(http2.GOAWAY, 0, 0, struct.pack(">II", 0, 0)))
    + engine(settings(), answer(), trailers()),
    "two_calls": client(HELLO, opening("ReleaseExecute"), opening("Config", stream=3))
    + client(data(WHOLE, stream=3, flags=LAST), data(WHOLE, flags=LAST))
    + engine(settings(), answer(), answer(stream=3), trailers(stream=3), trailers()),
    "small_windows": client(HELLO, settings((4, 1)), opening("ExecutePlan"), data(WHOLE, flags=LAST))
    + engine(settings((4, 3)), answer(), data(ROW * 20), trailers())
    + client(http2.frame(http2.WINDOW_UPDATE, 0, 1, struct.pack(">I", 50))),
    "windows_shrink": CALL + engine(settings((4, 70000)), answer(), data(ROW))
    + client(settings((4, 0))) + engine(settings((4, 0)), data(ROW), trailers()),
    "ping": client(HELLO, http2.frame(http2.PING, 0, 0, b"12345678")),
    "http1": client(b"GET / HTTP/1.1\r\n\r\n"),
    "tls": client(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
}

MESSAGES = {
    "plan": b"\x00\x00" + PLAN,
    "plan_in_pieces": b"\x00\x02" + PLAN,
    "unknown_fields": b"\x04\x00" + PLAN + b"\x98\x75\x05" + field(15, b"\x08\x01") + b"\x6d1234",
    "group": b"\x00\x00" + PLAN + b"\x6b\x08\x01\x6c",
    "twice": b"\x02\x05" + PLAN + PLAN,
}

for folder, inputs in (("call", CALLS), ("envelope", MESSAGES)):
    for name, content in inputs.items():
        (CORPUS / folder / name).write_bytes(content)
