"""gRPC calls with bytes in and bytes out, against a gateway or straight against an engine."""

import json
import threading
import uuid
from dataclasses import dataclass, field

import grpc

from support import wire

# Every wait has an end; this one is far from what any call needs.
PATIENCE = 60

CHANNEL_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_metadata_size", 1 << 20),
    ("grpc.use_local_subchannel_pool", 1),  # a connection of its own for each channel
]


@dataclass
class Answer:
    """How a call went, whatever its status."""

    code: grpc.StatusCode
    message: str
    messages: list = field(default_factory=list)
    initial: list = field(default_factory=list)  # [(name, value)], each name as often as it came
    trailing: list = field(default_factory=list)

    @property
    def echo(self):
        """What the fake engine saw."""
        assert self.code == grpc.StatusCode.OK, f"{self.code}: {self.message}"
        return json.loads(self.messages[0])

    @property
    def status_details(self):
        raw = [value for name, value in self.trailing if name == "grpc-status-details-bin"]
        assert len(raw) == 1, f"{len(raw)} grpc-status-details-bin on {self.code}: {self.message}"
        return wire.StatusDetails.parse(raw[0])


class Call:
    """A call under way: messages are read one by one, or all with finish()."""

    def __init__(self, rpc):
        self.rpc = rpc
        self.messages = []

    def next(self):
        """The next message; raises grpc.RpcError if the call ends instead."""
        self.messages.append(next(self.rpc))
        return self.messages[-1]

    def cancel(self):
        self.rpc.cancel()

    def finish(self):
        try:
            for message in self.rpc:
                self.messages.append(message)
        except (grpc.RpcError, StopIteration):
            pass
        return Answer(self.rpc.code(), self.rpc.details() or "", self.messages,
                      list(self.rpc.initial_metadata() or ()), list(self.rpc.trailing_metadata() or ()))


class Client:
    """One connection, with what it sends in every call. Use it in a with statement."""

    def __init__(self, target, token=None, user_id=None, session_id=None, metadata=(),
                 credentials=None):
        if credentials is None:
            self.channel = grpc.insecure_channel(target, options=CHANNEL_OPTIONS)
        else:
            self.channel = grpc.secure_channel(target, credentials, options=CHANNEL_OPTIONS)
        self.user_id = user_id
        self.session_id = session_id or str(uuid.uuid4())
        self.metadata = list(metadata)
        if token is not None:
            self.metadata.append(("authorization", f"Bearer {token}"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def request(self, method, operation_id=None, ballast=0):
        return wire.request(method, self.session_id, self.user_id, operation_id, ballast)

    def start(self, method, requests=None, script=None, metadata=(), timeout=PATIENCE, **options):
        """Begins a call of `method` (a name of Spark Connect, or a whole path).

        `requests`: an iterable of bytes; default: one message of this session. `options` are
        grpcio's own.
        """
        path = method if method.startswith("/") else wire.SERVICE + method
        if requests is None:
            requests = [self.request(method)]
        sent = self.metadata + list(metadata)
        if script is not None:
            sent.append(("x-fake-script", json.dumps(script)))
        rpc = self.channel.stream_stream(path)
        return Call(rpc(iter(requests), metadata=sent, timeout=timeout, **options))

    def call(self, method, requests=None, **options):
        return self.start(method, requests, **options).finish()


def held_requests(messages, release):
    """The messages, then nothing until the event `release`: the request stays open."""
    yield from messages
    release.wait(PATIENCE)


def in_parallel(count, action):
    """[action(0), …, action(count - 1)], all begun at the same moment."""
    barrier = threading.Barrier(count)
    results = [None] * count
    failures = []

    def run(index):
        try:
            barrier.wait(PATIENCE)
            results[index] = action(index)
        except BaseException as failure:  # handed to the test's own thread
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE * 2)
    if failures:
        raise failures[0]
    return results
