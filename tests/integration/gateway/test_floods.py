"""Attacks on the port while somebody else is at work: their calls succeed, and memory stays bounded."""

import contextlib
import itertools
import pathlib
import resource
import select
import socket
import ssl
import struct
import threading
import time
import uuid

import grpc
import pytest

from foxfired import Foxfired
from support import http2
from support.calls import Client
from support.certificates import make_certificates
from support.http2 import frame, grpc_headers, header_block
from support.waiting import wait_until

PRIORITY, CONTINUATION = 2, 9
SETTINGS_HEADER_TABLE_SIZE, SETTINGS_INITIAL_WINDOW_SIZE = 1, 4
GREETING = http2.PREFACE + frame(http2.SETTINGS, 0, 0)

MIB = 1 << 20
# Far more than any attack may cost, far less than what it would pile up.
GROWTH_BOUND = 64 * MIB
DEADLINE = 5  # of each call of others, in seconds
CALLS = 20  # of others, that have to be made during an attack
PATIENCE = 30  # until an attack is over, or its connection closed
KEPT = 64 << 10  # of what an attacker receives

SETTINGS = {
    # Who attacks and who works share a thread: it is the worst case.
    "server.loops": 1,
    "limits.first_message_timeout": "2s",
    "log.level": "info",
}


@pytest.fixture(scope="module")
def target(zookeeper, tmp_path_factory):
    """The gateway under attack, with memory that only these tests have grown."""
    root = f"/foxfire-{uuid.uuid4()}"
    with Foxfired(tmp_path_factory.mktemp("floods"), zookeeper, root, SETTINGS) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def call_block(target):
    """The header block of a call that is admitted."""
    authorization = ("authorization", f"Bearer {target.token('attacker')}")
    return header_block(grpc_headers("/spark.connect.SparkConnectService/AddArtifacts", more=[authorization]))


# ---- others ------------------------------------------------------------------------------------


class Others:
    """Somebody else's calls, one after the other on one connection, until `stop`."""

    def __init__(self, gateway, client):
        self.gateway = gateway
        self.client = client
        self.made = 0
        self.failures = []
        self.slowest = 0.0
        self.most_resident = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopping.set()
        self.thread.join(2 * DEADLINE)
        assert not self.thread.is_alive()

    def outlive(self, attack):
        """Attacks again and again until enough calls have been made meanwhile, or one has failed."""
        begun, first = time.monotonic(), self.made
        attack()
        while self.made - first < CALLS and not self.failures:
            assert time.monotonic() - begun < PATIENCE, f"{self.made - first} calls"
            attack()

    def _work(self):
        while not self.stopping.is_set() and not self.failures:
            begun = time.monotonic()
            answer = self.client.call("Config", timeout=DEADLINE)
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.most_resident = max(self.most_resident, self.gateway.resident_bytes())
            if answer.code == grpc.StatusCode.OK:
                self.made += 1
            else:
                self.failures.append(f"{answer.code}: {answer.message}")


def gauges(gateway):
    return {name: gateway.metric(name) for name in ("foxfire_http2_client_connections", "foxfire_calls_open")}


@contextlib.contextmanager
def others_at_work(gateway, credentials=None):
    """Others work while the body attacks. Afterwards: no call of theirs has failed, memory has not
    grown, and of the attackers nothing is left."""
    with Client(gateway.target, gateway.token("somebody"), credentials=credentials) as client:
        assert client.call("Config").code == grpc.StatusCode.OK
        wait_until(lambda: gateway.metric("foxfire_calls_open") == 0, PATIENCE, "no open calls")
        before, resident = gauges(gateway), gateway.resident_bytes()
        others = Others(gateway, client)
        try:
            yield others
            made = others.made
        finally:
            others.stop()
            grown = max(others.most_resident, gateway.resident_bytes()) - resident
            print(f"others: {others.made} calls, the slowest took {others.slowest:.2f} s; "
                  f"foxfired grew by {grown / MIB:.1f} MiB")
        assert gateway.process.poll() is None, gateway.log()[-5000:]
        assert others.failures == []
        assert made >= CALLS
        assert grown < GROWTH_BOUND
        wait_until(lambda: gauges(gateway) == before, PATIENCE, f"gauges like before: {before}",
                   hint=lambda: gauges(gateway))


# ---- attackers ---------------------------------------------------------------------------------


class Attacker:
    """A connection that never waits for anybody. Use it in a with statement."""

    def __init__(self, target, greeting=GREETING, receive_buffer=None):
        host, port = target.rsplit(":", 1)
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect((host, int(port)))
        self.socket.setblocking(False)
        self.poll = select.poll()
        self.received = b""  # the end of it
        self.closed = False
        self.send(greeting)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, reads=True):
        """Sends all of it, while it takes what comes (or never does); False: the server has closed."""
        rest = memoryview(data)
        while rest and not self.closed:
            self._await(select.POLLOUT | (select.POLLIN if reads else 0))
            try:
                if reads:
                    self._take()
                rest = rest[self.socket.send(rest[:MIB]):]
            except BlockingIOError:
                pass
            except ConnectionError:
                self.closed = True
        return not self.closed

    def acknowledge_settings(self):
        """From here on the server insists on what they say."""
        self.await_answer(http2.SETTINGS)
        self.send(frame(http2.SETTINGS, http2.ACK, 0))

    def has_been_closed(self):
        """Whether it is so by now, which a reader sees behind everything else."""
        self._take()
        return self.closed

    def await_close(self):
        """Fails unless the server closes."""
        self._await_received(lambda: self.closed, "the server closes the connection")

    def await_answer(self, kind, or_close=False):
        """Fails unless a frame of the kind comes (or the connection is closed)."""
        def has_come():
            if or_close and self.closed:
                return True
            at = 0
            while len(self.received) >= at + 9:
                if self.received[at + 3] == kind:
                    return True
                at += 9 + int.from_bytes(self.received[at:at + 3], "big")
            return False

        self._await_received(has_come, f"a frame of kind {kind}")

    def assert_heard(self):
        """Everything so far has been taken, and the connection goes on."""
        mark = uuid.uuid4().bytes[:8]
        self.send(frame(http2.PING, 0, 0, mark))
        answer = frame(http2.PING, http2.ACK, 0, mark)
        self._await_received(lambda: answer in self.received, "the answer to a ping")

    def leave_rudely(self):
        """With a RST instead of a FIN: what is under way is lost, and no port waits here for a minute."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _await(self, events):
        self.poll.register(self.socket, events)
        assert self.poll.poll(PATIENCE * 1000), "the server neither reads nor writes"

    def _await_received(self, predicate, what):
        end = time.monotonic() + PATIENCE
        self._take()
        while not predicate():
            assert not self.closed and time.monotonic() < end, f"closed: {self.closed}; instead of: {what}"
            self._await(select.POLLIN)
            self._take()

    def _take(self):
        with contextlib.suppress(BlockingIOError):
            try:
                while piece := self.socket.recv(MIB):
                    self.received = (self.received + piece)[-KEPT:]
                self.closed = True
            except ConnectionError:
                self.closed = True


def settings(*values):
    return frame(http2.SETTINGS, 0, 0, b"".join(struct.pack(">HI", number, value) for number, value in values))


def window_update(stream, increment):
    return frame(http2.WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def headers(stream, block, end=False):
    return frame(http2.HEADERS, http2.END_HEADERS | (http2.END_STREAM if end else 0), stream, block)


def bytewise(data):
    return [data[i:i + 1] for i in range(len(data))]


# ---- slow and silent ---------------------------------------------------------------------------

LONG_BLOCK = header_block([("x-long", "x" * 2000)])
CONTINUATION_OF_REST = frame(CONTINUATION, http2.END_HEADERS, 1, LONG_BLOCK[100:])
# What is sent at once, and what follows piece by piece, one a second.
NO_GREETING = {
    "nothing": (b"", []),
    "half a preface": (http2.PREFACE[:12], []),
    "a preface byte by byte": (b"", bytewise(http2.PREFACE)),
    "half a request line": (b"GET", []),
    "half a TLS record": (b"\x16", []),
    "no settings": (http2.PREFACE, []),
    "settings byte by byte": (http2.PREFACE, bytewise(settings(*[(SETTINGS_HEADER_TABLE_SIZE, 4096)] * 20))),
}
NO_HEADERS = {
    "half a header block": (frame(http2.HEADERS, 0, 1, LONG_BLOCK[:-5]), []),
    "headers byte by byte": (b"", bytewise(frame(http2.HEADERS, http2.END_HEADERS, 1, LONG_BLOCK))),
    "continuations of a byte": (frame(http2.HEADERS, 0, 1, LONG_BLOCK[:100]), [frame(CONTINUATION, 0, 1, b"x")] * 99),
    "a continuation byte by byte": (frame(http2.HEADERS, 0, 1, LONG_BLOCK[:100]),
                                    [CONTINUATION_OF_REST[:9], *bytewise(CONTINUATION_OF_REST[9:])]),
}


def dribble(attackers, pieces, until, what):
    """Each attacker sends a piece a second, as a slow client does, until `until()`."""
    pace, turn, begun = threading.Event(), 0, time.monotonic()
    while not until():
        assert time.monotonic() - begun < PATIENCE, f"not within {PATIENCE} s: {what}"
        for attacker, of in zip(attackers, pieces):
            if turn < len(of) and not attacker.has_been_closed():
                attacker.send(of[turn])
        turn += 1
        pace.wait(1)


def dribble_until_closed(target, slow, greeting, each):
    with others_at_work(target), contextlib.ExitStack() as stack:
        names = [name for name in slow for _ in range(each)]
        attackers = [stack.enter_context(Attacker(target.target, greeting + slow[name][0])) for name in names]

        def left():
            return {name for name, attacker in zip(names, attackers) if not attacker.has_been_closed()}

        try:
            dribble(attackers, [slow[name][1] for name in names], lambda: not left(), "all are closed")
        except AssertionError as failure:
            raise AssertionError(f"still open: {left()}") from failure


def test_hundreds_that_never_end_their_greeting_are_closed(target):
    dribble_until_closed(target, NO_GREETING, b"", 50)


def test_hundreds_that_never_end_their_headers_are_closed(target):
    dribble_until_closed(target, NO_HEADERS, GREETING, 75)


def test_hundreds_that_never_end_their_first_message_lose_their_calls(target, call_block):
    timed_out = 'foxfire_calls_total{code="DEADLINE_EXCEEDED"}'
    head = http2.grpc_message(b"x" * MIB)[:100]
    byte = frame(http2.DATA, 0, 1, b"x")
    with others_at_work(target), contextlib.ExitStack() as stack:
        before = target.metric(timed_out)
        attackers = [stack.enter_context(Attacker(
            target.target, GREETING + headers(1, call_block) + frame(http2.DATA, 0, 1, head))) for _ in range(300)]

        dribble(attackers, [[byte] * 100] * 300, lambda: target.metric(timed_out) >= before + 300, "all have timed out")

        for attacker in attackers:
            attacker.assert_heard()


def test_at_the_limit_of_connections_those_who_have_one_go_on_and_others_come_back_later(make_gateway):
    limit = 300
    gateway = make_gateway({**SETTINGS, "limits.connections": limit})
    with others_at_work(gateway) as others:
        with contextlib.ExitStack() as stack:
            def fill():
                while gateway.metric("foxfire_http2_connections_rejected_total") < 100:
                    stack.enter_context(Attacker(gateway.target))

            fill()
            others.outlive(lambda: stack.enter_context(Attacker(gateway.target)).await_close())
            wait_until(lambda: gateway.metric("foxfire_http2_client_connections") == limit, PATIENCE, "all are taken")

        # Nobody is turned away once they have gone.
        wait_until(lambda: gateway.metric("foxfire_http2_client_connections") == 1, PATIENCE, "they have gone")
        with Attacker(gateway.target) as newcomer:
            newcomer.assert_heard()


@contextlib.contextmanager
def few_descriptors(gateway, free):
    """The gateway's process may have so many more than it has."""
    pid = gateway.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + free, hard))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_beyond_the_descriptors_wait_and_others_go_on(make_gateway):
    gateway = make_gateway(SETTINGS)
    with others_at_work(gateway) as others:
        # By then there are all connections to their engine.
        others.outlive(lambda: None)
        with few_descriptors(gateway, 50):
            with contextlib.ExitStack() as stack:
                for _ in range(100):
                    stack.enter_context(Attacker(gateway.target))
                made = others.made
                wait_until(lambda: others.made >= made + CALLS or others.failures, PATIENCE, "calls of others")

            with Attacker(gateway.target) as newcomer:
                newcomer.assert_heard()


def test_without_a_free_descriptor_calls_go_over_the_connections_there_are(make_gateway):
    gateway = make_gateway(SETTINGS)
    with Client(gateway.target, gateway.token("somebody")) as client:
        assert client.call("Config").code == grpc.StatusCode.OK

        with few_descriptors(gateway, 0):
            answers = [client.call("Config") for _ in range(CALLS)]

    assert [answer.message for answer in answers if answer.code != grpc.StatusCode.OK] == []


def test_thousands_of_connections_that_come_and_go(target):
    leaving_soon = [b"", http2.PREFACE[:10], http2.PREFACE, GREETING, GREETING + frame(http2.HEADERS, 0, 1, b"\x83")]

    def come_and_go():
        for _ in range(400):
            for said in leaving_soon:
                Attacker(target.target, said).leave_rudely()

    with others_at_work(target) as others:
        before = target.metric("foxfire_http2_accepted_total")

        others.outlive(come_and_go)

        assert target.metric("foxfire_http2_accepted_total") - before >= 2000


# ---- other protocols ---------------------------------------------------------------------------


def client_hello():
    """What a TLS client says first."""
    said = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost").do_handshake()
    return said.read()


def test_hundreds_who_speak_something_else_are_closed(target, seeded):
    http1 = b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000

    def speak():
        # Not one of the bytes that a greeting may begin with.
        garbage = b"\x00" + seeded.randbytes(seeded.randrange(50, 5000))
        # What comes behind a good greeting is no frame that could wait for its end: 4 GiB are too long.
        broken = GREETING + b"\xff\xff\xff" + seeded.randbytes(seeded.randrange(50, 5000))
        for said in (http1, client_hello(), garbage, broken):
            with Attacker(target.target, said) as attacker:
                attacker.await_close()

    with others_at_work(target) as others:
        for _ in range(100):
            speak()
        others.outlive(speak)


def test_hundreds_who_speak_something_else_than_tls_are_closed(make_gateway, tmp_path, seeded):
    gateway = make_gateway({**SETTINGS, **make_certificates(tmp_path)})
    credentials = grpc.ssl_channel_credentials((tmp_path / "ca.pem").read_bytes())
    hello = client_hello()

    def speak():
        broken = hello[:100] + seeded.randbytes(len(hello) - 100)
        for said in (b"GET / HTTP/1.1\r\n\r\n", broken, hello + seeded.randbytes(1000)):
            with Attacker(gateway.target, said) as attacker:
                attacker.await_close()
        # It is told how to connect, by an answer to its call.
        with Attacker(gateway.target, GREETING + headers(1, header_block(grpc_headers()), end=True)) as attacker:
            attacker.await_answer(http2.HEADERS)
        # Between two steps of a handshake, which has cost the server a signature.
        Attacker(gateway.target, hello).leave_rudely()

    with others_at_work(gateway, credentials) as others:
        for _ in range(60):
            speak()
        others.outlive(speak)


# ---- headers -----------------------------------------------------------------------------------

MOST_FRAME = MIB  # what the server takes (SETTINGS_MAX_FRAME_SIZE)
HEADER_BOMBS = {
    "a huge field": header_block([("x-huge", "x" * (MOST_FRAME - 1000))]),
    "thousands of small fields": b"\x00\x01x\x01y" * 200_000,
    # One field of 4,000 bytes goes into the dynamic table; each byte behind it names that field again.
    "a field of the table again and again": b"\x40\x01x" + header_block([("", "y" * 4000)])[2:] + b"\xbe" * 1_000_000,
    "changes of the table's size": b"\x20\x3f\xe1\x1f" * 200_000,
}


@pytest.mark.parametrize("bomb", HEADER_BOMBS.values(), ids=HEADER_BOMBS.keys())
def test_headers_beyond_all_measure_are_refused_at_a_bounded_cost(target, bomb):
    block = header_block(grpc_headers()) + bomb

    frames = b"".join(headers(stream, block, end=True) for stream in (1, 3, 5))

    def attack():
        with contextlib.ExitStack() as stack:
            attackers = [stack.enter_context(Attacker(target.target)) for _ in range(4)]
            for attacker in attackers:
                attacker.acknowledge_settings()  # until then frames are limited to 16 KiB
            for attacker in attackers:
                attacker.send(frames)
            for attacker in attackers:
                attacker.await_answer(http2.HEADERS, or_close=True)

    with others_at_work(target) as others:
        others.outlive(attack)


# ---- resets ------------------------------------------------------------------------------------

# What a client does to a stream that it has opened, so that it is reset; whether all that is wrong is
# their number: otherwise one is enough to close the connection.
RESETS = {
    "rapid resets": (lambda stream: frame(http2.RST_STREAM, 0, stream, struct.pack(">I", http2.CANCEL)), True),
    "a window that overflows": (lambda stream: window_update(stream, 0x7FFFFFFF), True),
    "trailers that do not end": (lambda stream: headers(stream, b"\x00\x01x\x01y"), True),
    "a field that is none": (lambda stream: headers(stream, b"\x00\x01X\x01y", end=True), True),
    "a window that grows by nothing": (lambda stream: window_update(stream, 0), False),
    "data behind the end": (lambda stream: frame(http2.DATA, http2.END_STREAM, stream)
                            + frame(http2.DATA, 0, stream, b"x"), False),
}


@pytest.mark.parametrize("reset, is_counted", RESETS.values(), ids=RESETS.keys())
def test_resets_done_or_provoked_close_their_connection(target, call_block, reset, is_counted):
    calls = b"".join(headers(stream, call_block) + reset(stream) for stream in range(1, 2001, 2))
    attacks = 0

    def attack():
        nonlocal attacks
        attacks += 1
        with Attacker(target.target) as attacker:
            attacker.send(calls)
            attacker.await_close()

    with others_at_work(target) as others:
        before = target.metric("foxfire_http2_floods_total")

        others.outlive(attack)

        assert target.metric("foxfire_http2_floods_total") - before == (attacks if is_counted else 0)


def test_streams_that_depend_on_themselves_are_just_streams(target, call_block):
    """Priorities are switched off: nothing of them can provoke a reset."""
    with others_at_work(target) as others, Attacker(target.target) as attacker:
        streams = itertools.count(1, 2)

        def attack():
            stream = next(streams)
            attacker.send(headers(stream, call_block) + frame(PRIORITY, 0, stream, struct.pack(">IB", stream, 0)))
            attacker.assert_heard()

        others.outlive(attack)


# ---- frames ------------------------------------------------------------------------------------

IGNORED = {
    "acknowledgements of pings": frame(http2.PING, http2.ACK, 0, b"12345678"),
    "empty data": frame(http2.DATA, 0, 1),
    "padded data without data": frame(http2.DATA, 0x8, 1, b"\xff" + b"\x00" * 255),
    "windows of a stream": window_update(1, 1),
    "windows of the connection": window_update(0, 1),
    "priorities of a stream": frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 1)),
    "priorities of other streams": b"".join(
        frame(PRIORITY, 0, stream, struct.pack(">IB", stream - 2, 1)) for stream in range(3, 2003, 2)),
    "frames of no known kind": frame(0xEE, 0xFF, 1, b"x" * 100),
}


@pytest.mark.parametrize("flood", IGNORED.values(), ids=IGNORED.keys())
def test_a_flood_of_lawful_frames_is_nobody_elses_business(target, call_block, flood):
    """With the connection's most streams open, which some frames are about."""
    calls = b"".join(headers(stream, call_block) for stream in range(1, 1001, 2))
    frames = flood * (MIB // len(flood))
    with others_at_work(target) as others, Attacker(target.target, GREETING + calls) as attacker:
        others.outlive(lambda: attacker.send(frames))

        attacker.assert_heard()


ANSWERED = {
    "pings": frame(http2.PING, 0, 0, b"12345678"),
    "settings": settings(),
    "settings that move windows": settings((SETTINGS_INITIAL_WINDOW_SIZE, 0)) + settings(
        (SETTINGS_INITIAL_WINDOW_SIZE, 0x7FFFFFFF)),
    "settings that move the table": settings((SETTINGS_HEADER_TABLE_SIZE, 0)) + settings(
        (SETTINGS_HEADER_TABLE_SIZE, MIB)),
}


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "never reads"])
@pytest.mark.parametrize("flood", ANSWERED.values(), ids=ANSWERED.keys())
def test_a_flood_of_frames_that_want_answers_closes_its_connection(target, call_block, flood, reads):
    """With many streams open, whose windows some settings move."""
    calls = b"".join(headers(stream, call_block) for stream in range(1, 1001, 2))
    frames = flood * (MIB // len(flood))

    def attack():
        with Attacker(target.target, GREETING + calls, receive_buffer=4096) as attacker:
            mibs = 0
            while attacker.send(frames, reads) and mibs < 64:
                mibs += 1
            attacker.await_close()

    with others_at_work(target) as others:
        others.outlive(attack)


CLOSED = {
    "continuations": frame(http2.HEADERS, 0, 1, b"\x83") + frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y") * 10_000,
    "empty continuations": frame(http2.HEADERS, 0, 1, b"\x83") + frame(CONTINUATION, 0, 1) * 10_000,
    "settings of thousands": settings(*[(SETTINGS_HEADER_TABLE_SIZE, 4096)] * 2_000),
    "a window of the connection that overflows": window_update(0, 0x7FFFFFFF),
    "resets of streams that never were": frame(http2.RST_STREAM, 0, 9999, struct.pack(">I", http2.CANCEL)),
}


@pytest.mark.parametrize("flood", CLOSED.values(), ids=CLOSED.keys())
def test_a_flood_of_unlawful_frames_closes_its_connection(target, flood):
    def attack():
        with Attacker(target.target) as attacker:
            attacker.send(flood)
            attacker.await_close()

    with others_at_work(target) as others:
        others.outlive(attack)


# ---- calls -------------------------------------------------------------------------------------


def test_more_streams_than_allowed_close_their_connection(target, call_block):
    calls = b"".join(headers(stream, call_block) for stream in range(1, 4001, 2))

    def attack():
        with Attacker(target.target) as attacker:
            attacker.acknowledge_settings()
            attacker.send(calls)
            attacker.await_close()

    with others_at_work(target) as others:
        others.outlive(attack)


def test_thousands_of_calls_without_a_token_are_refused_and_that_is_all(target):
    block = header_block(grpc_headers())
    streams = itertools.count(1, 2)

    with others_at_work(target) as others, Attacker(target.target) as attacker:
        def attack():
            attacker.send(b"".join(headers(next(streams), block, end=True) for _ in range(2000)))
            attacker.assert_heard()

        others.outlive(attack)

        assert target.metric("foxfire_calls_open") <= 1


@pytest.mark.parametrize("has_token", [True, False])
def test_answers_that_nobody_reads_are_not_piled_up(make_gateway, has_token):
    """Streams beyond the allowed ones are reset, all of them: settings that are not acknowledged do
    not bind the client yet."""
    gateway = make_gateway(SETTINGS)  # of its own: memory that was used before would hide it
    authorization = [("authorization", f"Bearer {gateway.token('attacker')}")] if has_token else []
    call = header_block(grpc_headers(more=authorization))
    streams = itertools.count(1, 2)

    with others_at_work(gateway) as others, Attacker(gateway.target, receive_buffer=4096) as attacker:
        attacker.send(b"".join(headers(next(streams), call) for _ in range(50_000)), reads=False)
        for _ in range(10):
            attacker.send(b"".join(headers(next(streams), b"\x83") for _ in range(100_000)), reads=False)
        others.outlive(lambda: attacker.send(b"", reads=False))
