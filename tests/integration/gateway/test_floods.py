"""Attacks on the port while somebody else is at work: their calls succeed, and memory stays bounded."""

import contextlib
import itertools
import os
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
from support.calls import Client, in_parallel
from support.certificates import make_certificates
from support.http2 import frame, grpc_headers, header_block
from support.waiting import wait_until

PRIORITY, CONTINUATION, PADDED, HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE = 2, 9, 0x8, 1, 4
GREETING = http2.PREFACE + frame(http2.SETTINGS, 0, 0)

MIB = 1 << 20
GROWTH_BOUND = 64 * MIB  # far more than an attack may cost, far less than what it would pile up
DEADLINE = 5  # of each call of others, in seconds
CALLS = 20  # of others, that have to be made during an attack
PATIENCE = 30  # until something has come about

SETTINGS = {
    "server.loops": 1,  # the worst case: who attacks and who works share a thread
    "limits.first_message_timeout": "2s",
    "log.level": "info",
}


@pytest.fixture(scope="module")
def target(zookeeper, tmp_path_factory):
    """The gateway under attack, with memory that only these tests have grown."""
    with Foxfired(tmp_path_factory.mktemp("floods"), zookeeper, f"/foxfire-{uuid.uuid4()}", SETTINGS) as gateway:
        yield gateway


def bearer(gateway):
    return "authorization", f"Bearer {gateway.token('attacker')}"


@pytest.fixture(scope="module")
def call_block(target):
    """The header block of a call that is admitted, and open until its first message has come."""
    return header_block(grpc_headers(more=[bearer(target)]))


class Others:
    """Somebody else's calls, one after the other on one connection, until `stopping`."""

    def __init__(self, gateway, client):
        self.gateway, self.client = gateway, client
        self.made, self.failures = 0, []
        self.slowest, self.most_resident = 0.0, 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def outlive(self, attack):
        """Attacks again and again until enough calls have been made meanwhile, or one has failed."""
        end, enough = time.monotonic() + PATIENCE, self.made + CALLS
        attack()
        while self.made < enough and not self.failures:
            assert time.monotonic() < end, f"{enough - self.made} calls are missing"
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


@contextlib.contextmanager
def others_at_work(gateway, credentials=None):
    """Others work while the body attacks. Afterwards: no call of theirs has failed, memory has not
    grown, and of the attackers nothing is left."""
    with Client(gateway.target, gateway.token("somebody"), credentials=credentials) as client:
        assert client.call("Config").code == grpc.StatusCode.OK

        def connections_and_calls():
            return [gateway.metric(name) for name in ("foxfire_http2_client_connections", "foxfire_calls_open")]

        wait_until(lambda: connections_and_calls() == [1, 0], PATIENCE, "they are alone", connections_and_calls)
        resident = gateway.resident_bytes()
        others = Others(gateway, client)
        try:
            yield others
            made = others.made
        finally:
            others.stopping.set()
            others.thread.join()  # soon: its calls have deadlines
            grown = max(others.most_resident, gateway.resident_bytes()) - resident
            print(f"others: {others.made} calls, slowest {others.slowest:.2f} s; it grew by {grown / MIB:.1f} MiB")
        assert gateway.process.poll() is None, gateway.log()[-5000:]
        assert others.failures == []
        assert made >= CALLS
        assert grown < GROWTH_BOUND
        wait_until(lambda: connections_and_calls() == [1, 0], PATIENCE, "they are alone again", connections_and_calls)


class Attacker(contextlib.ExitStack):
    """A connection that does as it likes. Use it in a with statement."""

    def __init__(self, target, greeting=GREETING):
        super().__init__()
        host, port = target.rsplit(":", 1)
        self.socket = self.enter_context(socket.socket())
        # What it does not read is soon the server's to keep.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect((host, int(port)))
        self.socket.setblocking(False)
        self.poll = select.poll()
        self.received, self.closed = bytearray(), False
        self.send(greeting)

    def send(self, data, reads=True):
        """Sends all of it, and takes what comes meanwhile or does not; False: the server has closed."""
        rest = memoryview(data)
        while rest and not self.closed:
            self._await(select.POLLOUT | (select.POLLIN if reads else 0))
            try:
                if reads:
                    self.has_been_closed()
                rest = rest[self.socket.send(rest[:MIB]):]
            except BlockingIOError:
                pass
            except ConnectionError:
                self.closed = True
        return not self.closed

    def acknowledge_settings(self):
        """From here on the server insists on what they say."""
        self._await_received(lambda: self.received, "its settings")
        self.send(frame(http2.SETTINGS, http2.ACK, 0))

    def await_close(self):
        self._await_received(lambda: self.closed, "the end")

    def assert_heard(self, or_closed=False):
        """Everything so far has been taken, and the connection goes on (or that has ended it)."""
        self.received.clear()
        mark = uuid.uuid4().bytes[:8]
        self.send(frame(http2.PING, 0, 0, mark))
        answer = frame(http2.PING, http2.ACK, 0, mark)
        self._await_received(lambda: answer in self.received or or_closed and self.closed, "a ping's answer")

    def leave_rudely(self):
        """With a RST instead of a FIN: no port waits here for a minute."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _await(self, events):
        self.poll.register(self.socket, events)
        assert self.poll.poll(PATIENCE * 1000), "the server neither reads nor writes"

    def _await_received(self, predicate, what):
        end = time.monotonic() + PATIENCE
        self.has_been_closed()
        while not predicate():
            assert not self.closed and time.monotonic() < end, f"closed: {self.closed}; instead of: {what}"
            self._await(select.POLLIN)
            self.has_been_closed()

    def has_been_closed(self):
        """Whether it has, by what has come and is taken here."""
        with contextlib.suppress(BlockingIOError):
            with contextlib.suppress(ConnectionError):
                while piece := self.socket.recv(MIB):
                    self.received += piece
            self.closed = True
        return self.closed


def attackers(stack, count, *arguments):
    """So many of them, who leave together."""
    return [stack.enter_context(Attacker(*arguments)) for _ in range(count)]


def settings(*values):
    return frame(http2.SETTINGS, 0, 0, b"".join(struct.pack(">HI", *value) for value in values))


def window_update(stream, increment):
    return frame(http2.WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def priority(stream, on):
    return frame(PRIORITY, 0, stream, struct.pack(">IB", on, 1))


def headers(stream, block, end=False):
    return frame(http2.HEADERS, http2.END_HEADERS | (http2.END_STREAM if end else 0), stream, block)


def bytewise(data):
    return [data[i:i + 1] for i in range(len(data))]


BLOCK = header_block([("x-long", "x" * 2000)])
REST = frame(CONTINUATION, http2.END_HEADERS, 1, BLOCK[100:])
# What is sent at once, and what follows piece by piece, one a second.
NO_GREETING = {
    "nothing": (b"", []),
    "half a preface": (http2.PREFACE[:12], []),
    "a preface byte by byte": (b"", bytewise(http2.PREFACE)),
    "no settings": (http2.PREFACE, []),
    "settings byte by byte": (http2.PREFACE, bytewise(settings(*[(HEADER_TABLE_SIZE, 4096)] * 20))),
}
NO_HEADERS = {
    "half a header block": (GREETING + frame(http2.HEADERS, 0, 1, BLOCK[:-5]), []),
    "headers byte by byte": (GREETING, bytewise(headers(1, BLOCK))),
    "continuations of a byte": (GREETING + frame(http2.HEADERS, 0, 1, BLOCK[:100]),
                                [frame(CONTINUATION, 0, 1, b"x")] * 99),
    "a continuation byte by byte": (GREETING + frame(http2.HEADERS, 0, 1, BLOCK[:100]) + REST[:9], bytewise(REST[9:])),
}


def dribble(slow, until, hint):
    """Each of [(attacker, pieces)] sends a piece a second, until `until()`."""
    pace, end = threading.Event(), time.monotonic() + PATIENCE
    for turn in itertools.takewhile(lambda _: not until(), itertools.count()):
        assert time.monotonic() < end, hint()
        for attacker, pieces in slow:
            if turn < len(pieces) and not attacker.has_been_closed():
                attacker.send(pieces[turn])
        pace.wait(1)


@pytest.mark.parametrize("kinds", [NO_GREETING, NO_HEADERS], ids=["greeting", "headers"])
def test_hundreds_that_never_come_to_an_end_are_closed(target, kinds):
    with others_at_work(target), contextlib.ExitStack() as stack:
        of_kind = {name: attackers(stack, 350 // len(kinds), target.target, kinds[name][0]) for name in kinds}

        def still_open():
            return [name for name in kinds if not all([one.has_been_closed() for one in of_kind[name]])]

        dribble([(one, kinds[name][1]) for name in kinds for one in of_kind[name]],
                lambda: not still_open(), still_open)


def test_hundreds_that_never_end_their_first_message_lose_their_calls(target, call_block):
    timed_out = 'foxfire_calls_total{code="DEADLINE_EXCEEDED"}'
    begun = GREETING + headers(1, call_block) + frame(http2.DATA, 0, 1, http2.grpc_message(b"x" * MIB)[:100])
    with others_at_work(target), contextlib.ExitStack() as stack:
        before = target.metric(timed_out)
        slow = attackers(stack, 300, target.target, begun)

        dribble([(attacker, [frame(http2.DATA, 0, 1, b"x")] * 100) for attacker in slow],
                lambda: target.metric(timed_out) >= before + 300, lambda: target.metric(timed_out) - before)

        for attacker in slow:
            attacker.assert_heard()


def test_at_the_limit_of_connections_others_go_on_and_everybody_may_come_later(make_gateway):
    limit = 300
    gateway = make_gateway({**SETTINGS, "limits.connections": limit})
    with others_at_work(gateway) as others:
        with contextlib.ExitStack() as stack:
            attackers(stack, limit - 1, gateway.target)
            wait_until(lambda: gateway.metric("foxfire_http2_client_connections") == limit, PATIENCE, "no room is left")

            # Some may be told why before they are closed.
            others.outlive(lambda: [beyond.await_close() for beyond in attackers(stack, 100, gateway.target)])
        wait_until(lambda: gateway.metric("foxfire_http2_client_connections") == 1, PATIENCE, "they have gone")
        Attacker(gateway.target).assert_heard()


@contextlib.contextmanager
def few_descriptors(gateway, free):
    """The gateway's process may have so many more than it has."""
    used = len(list(pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir()))
    before = resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, (used + free, before[1]))
    yield
    resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, before)


def test_connections_beyond_the_descriptors_wait_and_others_go_on(make_gateway):
    gateway = make_gateway(SETTINGS)
    with others_at_work(gateway) as others:
        others.outlive(lambda: None)  # by then they have all connections to their engine
        with few_descriptors(gateway, 50):
            with contextlib.ExitStack() as stack:
                attackers(stack, 100, gateway.target)
                enough = others.made + CALLS
                wait_until(lambda: others.made >= enough or others.failures, PATIENCE, "calls of others")
            with Attacker(gateway.target) as newcomer:
                newcomer.assert_heard()


def test_without_a_free_descriptor_calls_go_over_the_connections_there_are(make_gateway):
    gateway = make_gateway(SETTINGS)
    with Client(gateway.target, gateway.token("somebody")) as client:
        assert client.call("Config").code == grpc.StatusCode.OK

        with few_descriptors(gateway, 0):
            answers = [client.call("Config") for _ in range(CALLS)]
    assert {answer.message for answer in answers if answer.code != grpc.StatusCode.OK} == set()


def test_thousands_of_connections_that_come_and_go(target):
    leaving_soon = [b"", http2.PREFACE[:10], http2.PREFACE, GREETING, GREETING + frame(http2.HEADERS, 0, 1, b"\x83")]
    with others_at_work(target) as others:
        others.outlive(lambda: [Attacker(target.target, said).leave_rudely() for said in leaving_soon * 400])


@pytest.fixture
def client_hello():
    """What a TLS client says first."""
    said = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost").do_handshake()
    return said.read()


def test_hundreds_who_speak_something_else_are_closed(target, client_hello, seeded):
    http1 = b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000

    def speak():
        garbage = b"\x00" + seeded.randbytes(seeded.randrange(50, 5000))  # none of them begins with a zero
        too_long = GREETING + b"\xff\xff\xff" + seeded.randbytes(seeded.randrange(50, 5000))  # a frame of 16 MiB
        for said in (http1, client_hello, garbage, too_long):
            with Attacker(target.target, said) as attacker:
                attacker.await_close()

    with others_at_work(target) as others:
        others.outlive(lambda: [speak() for _ in range(100)])


def test_hundreds_who_speak_something_else_than_tls_are_closed(make_gateway, tmp_path, client_hello, seeded):
    gateway = make_gateway({**SETTINGS, **make_certificates(tmp_path)})

    def speak():
        broken = client_hello[:100] + seeded.randbytes(len(client_hello) - 100)
        for said in (b"GET / HTTP/1.1\r\n\r\n", broken, client_hello + seeded.randbytes(1000)):
            with Attacker(gateway.target, said) as attacker:
                attacker.await_close()
        # Plaintext calls are told how to connect.
        with Attacker(gateway.target, GREETING + headers(1, header_block(grpc_headers()), end=True)) as attacker:
            attacker.assert_heard(or_closed=True)
        # Between two steps of a handshake, which has cost the server a signature.
        Attacker(gateway.target, client_hello).leave_rudely()

    credentials = grpc.ssl_channel_credentials((tmp_path / "ca.pem").read_bytes())
    with others_at_work(gateway, credentials) as others:
        others.outlive(lambda: [speak() for _ in range(60)])


HEADER_BOMBS = {
    "a huge field": header_block([("x-huge", "x" * (MIB - 1000))]),
    "thousands of small fields": b"\x00\x01x\x01y" * 200_000,
    # A field of 4,000 bytes goes into the dynamic table; each byte behind it names that field again.
    "a field again and again": b"\x40\x01x" + header_block([("", "y" * 4000)])[2:] + b"\xbe" * 1_000_000,
    "changes of the table's size": b"\x20\x3f\xe1\x1f" * 200_000,
}


@pytest.mark.parametrize("bomb", HEADER_BOMBS.values(), ids=HEADER_BOMBS.keys())
def test_headers_beyond_all_measure_cost_others_little(target, bomb):
    block = header_block(grpc_headers()) + bomb
    frames = headers(1, block, end=True) + headers(3, block, end=True)

    def send_all(_):
        with Attacker(target.target) as attacker:
            attacker.acknowledge_settings()  # until then a frame has no more than 16 KiB
            attacker.send(frames)
            attacker.assert_heard(or_closed=True)

    def cpu_seconds():
        fields = pathlib.Path(f"/proc/{target.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    with others_at_work(target) as others:
        before = cpu_seconds()
        in_parallel(8, send_all)
        assert cpu_seconds() - before < 10  # for 16 MiB
        others.outlive(lambda: in_parallel(8, send_all))


# What a client does to a stream that it has opened; whether only the number of resets is wrong:
# otherwise one is enough to close the connection.
RESETS = {
    "rapid resets": (lambda stream: frame(http2.RST_STREAM, 0, stream, struct.pack(">I", http2.CANCEL)), True),
    "a window that overflows": (lambda stream: window_update(stream, 0x7FFFFFFF), True),
    "trailers that do not end": (lambda stream: headers(stream, b"\x00\x01x\x01y"), True),
    "a field that is none": (lambda stream: headers(stream, b"\x00\x01X\x01y", end=True), True),
    "a window that grows by nothing": (lambda stream: window_update(stream, 0), False),
    "data behind the end": (lambda stream: frame(http2.DATA, http2.END_STREAM, stream) + frame(
        http2.DATA, 0, stream, b"x"), False),
}


@pytest.mark.parametrize("reset, is_counted", RESETS.values(), ids=RESETS.keys())
def test_resets_done_or_provoked_close_their_connection(target, call_block, reset, is_counted):
    calls = b"".join(headers(stream, call_block) + reset(stream) for stream in range(1, 2001, 2))

    def attack():
        with Attacker(target.target) as attacker:
            attacker.send(calls)
            attacker.await_close()

    with others_at_work(target) as others:
        before = target.metric("foxfire_http2_floods_total")
        others.outlive(attack)
        assert (target.metric("foxfire_http2_floods_total") > before) == is_counted


SHORT = b"\x83\x86\x84\x41\x01x"  # a header block that is answered, if only with a refusal
IGNORED = {
    "acknowledgements of pings": frame(http2.PING, http2.ACK, 0, b"12345678"),
    "empty data": frame(http2.DATA, 0, 1),
    "nothing but padding": frame(http2.DATA, PADDED, 1, b"\xff" + b"\x00" * 255),
    "windows of a stream": window_update(1, 1),
    "windows of the connection": window_update(0, 1),
    # Priorities are switched off: nothing of them can provoke a reset.
    "priorities on themselves": b"".join(priority(stream, stream) for stream in range(1, 1001, 2)),
    "priorities of other streams": b"".join(priority(stream, stream - 2) for stream in range(1001, 5001, 2)),
    "frames of no known kind": frame(0xEE, 0xFF, 1, b"x" * 100),
}
CLOSING = {
    "pings": frame(http2.PING, 0, 0, b"12345678"),
    "settings": settings(),
    "settings that move windows": settings((INITIAL_WINDOW_SIZE, 0)) + settings((INITIAL_WINDOW_SIZE, 0x7FFFFFFF)),
    "settings that move the table": settings((HEADER_TABLE_SIZE, 0)) + settings((HEADER_TABLE_SIZE, MIB)),
    "continuations": frame(http2.HEADERS, 0, 1001, SHORT) + frame(CONTINUATION, 0, 1001, b"\x00\x01x\x01y") * 10_000,
    "empty continuations": frame(http2.HEADERS, 0, 1001, SHORT) + frame(CONTINUATION, 0, 1001) * 10_000,
    "a window of the connection that overflows": window_update(0, 0x7FFFFFFF),
    "resets of streams that never were": frame(http2.RST_STREAM, 0, 9999, struct.pack(">I", http2.CANCEL)),
    "more streams than allowed": b"".join(headers(stream, SHORT) for stream in range(1001, 200_001, 2)),
}


def open_streams(target, block):
    """An attacker with 500 calls, which some frames are about."""
    attacker = Attacker(target.target)
    attacker.acknowledge_settings()
    attacker.send(b"".join(headers(stream, block) for stream in range(1, 1001, 2)))
    return attacker


@pytest.mark.parametrize("flood", IGNORED.values(), ids=IGNORED.keys())
def test_a_flood_of_lawful_frames_is_nobody_elses_business(target, call_block, flood):
    frames = flood * (MIB // len(flood))
    with others_at_work(target) as others, open_streams(target, call_block) as attacker:
        others.outlive(lambda: attacker.send(frames))
        attacker.assert_heard()


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "never reads"])
@pytest.mark.parametrize("flood", CLOSING.values(), ids=CLOSING.keys())
def test_a_flood_of_unlawful_frames_or_such_as_want_answers_closes_its_connection(target, call_block, flood, reads):
    frames = flood * (MIB // len(flood) + 1)

    def attack():
        with open_streams(target, call_block) as attacker:
            assert not all(attacker.send(frames, reads) for _ in range(64)), "64 MiB later it is still open"

    with others_at_work(target) as others:
        others.outlive(attack)


def test_thousands_of_calls_without_a_token_are_refused_and_that_is_all(target):
    block, streams = header_block(grpc_headers()), itertools.count(1, 2)
    with others_at_work(target) as others, Attacker(target.target) as attacker:
        def attack():
            attacker.send(b"".join(headers(next(streams), block, end=True) for _ in range(2000)))
            attacker.assert_heard()

        others.outlive(attack)


@pytest.mark.parametrize("has_token", [True, False], ids=["with a token", "without"])
def test_answers_that_nobody_reads_are_not_piled_up(make_gateway, has_token):
    """Settings that are not acknowledged do not bind a client: streams beyond them are reset, one by one."""
    gateway = make_gateway(SETTINGS)  # of its own: memory that was used before would hide it
    call = header_block(grpc_headers(more=[bearer(gateway)] if has_token else []))
    with others_at_work(gateway) as others, Attacker(gateway.target) as attacker:
        attacker.send(b"".join(headers(stream, call) for stream in range(1, 2001, 2)), reads=False)
        for first in range(2001, 3_000_001, 200_000):
            attacker.send(b"".join(headers(stream, SHORT) for stream in range(first, first + 200_000, 2)), reads=False)
        others.outlive(lambda: None)
        assert gateway.metric("foxfire_http2_floods_total") == 1
