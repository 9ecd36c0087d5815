"""The scripted engine of tests/fake_engine: alone, or in the place of a gateway's `java`."""

import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import uuid

import grpc

from support import calls

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FOXFIRE_BUILD", REPOSITORY / "build" / "release"))
PROGRAM = pathlib.Path(
    os.environ.get("FOXFIRE_FAKE_ENGINE", BUILD / "tests" / "fake_engine" / "fake_engine"))

# Not used by anything but the embedded ZooKeeper, which stays a real Java program.
JAVA_WRAPPER = """#!/bin/sh
case "$*" in
*QuorumPeerMain*) exec "{java}" "$@" ;;
esac
exec "{program}" --java "$@"
"""


def make_java_home(folder):
    """A folder that a profile's java_home can name: its java is the fake engine."""
    program = pathlib.Path(folder) / "bin" / "java"
    program.parent.mkdir(parents=True, exist_ok=True)
    java = shutil.which("java")
    assert java, "the embedded ZooKeeper needs a java on the PATH"
    program.write_text(JAVA_WRAPPER.format(java=java, program=PROGRAM))
    program.chmod(0o755)
    return program.parent.parent


def control(endpoint, method):
    """Calls /fake.Engine/<method>; the answer's bytes, b"" if it did not come."""
    with calls.Client(endpoint) as client:
        answer = client.call(f"/fake.Engine/{method}", [], timeout=30)
    return answer.messages[0] if answer.messages else b""


class Counters:
    """What an engine has counted so far."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def all(self):
        return json.loads(control(self.endpoint, "Counters"))

    def of(self, method):
        """{"calls", "open", "cancelled", "read", "bytes_read", "sent", "bytes_sent"}"""
        path = method if method.startswith("/") else calls.wire.SERVICE + method
        nothing = dict.fromkeys(
            ["calls", "open", "cancelled", "read", "bytes_read", "sent", "bytes_sent"], 0)
        return self.all()["methods"].get(path, nothing)


class FakeEngine:
    """One that runs alone and does not register itself. Use it in a with statement."""

    def __init__(self, folder, engine_id=None, run_as="alice", key="user:alice:default:default",
                 secret=None, options=()):
        self.engine_id = engine_id or str(uuid.uuid4())
        self.secret = secrets.token_urlsafe(24) if secret is None else secret
        self.run_as = run_as
        self.key = key
        self.log = pathlib.Path(folder) / f"engine-{self.engine_id}.log"
        secret_file = pathlib.Path(folder) / f"secret-{self.engine_id}"
        secret_file.write_text(self.secret)
        secret_file.chmod(0o600)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--secret-file", secret_file, "--engine-id", self.engine_id,
                 "--run-as", run_as, "--key", key, *options],
                stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        found = re.fullmatch(r"foxfire-engine: listening on (127\.0\.0\.1:\d+)\n", line)
        assert found, f"the fake engine said {line!r}; {self.log.read_text()}"
        self.endpoint = found[1]
        self.counters = Counters(self.endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def record(self, endpoint=None, **changes):
        """Its node's data."""
        return {"schema": 1, "engine_id": self.engine_id, "endpoint": endpoint or self.endpoint,
                "spark_version": "4.2.1", "application_id": "fake", "run_as": self.run_as,
                "ui_url": "", "pid": self.process.pid, "started_at": "2026-11-21T02:11:09Z",
                **changes}

    def client(self, **options):
        """A client that calls it directly, as a gateway would."""
        return calls.Client(self.endpoint, token=self.secret, **options)

    def kill(self, with_signal=signal.SIGKILL):
        self.process.send_signal(with_signal)
        self.process.wait(30)
        self.process.stdout.close()


def wait_until_served(endpoint):
    """Until a gRPC server answers there."""
    with grpc.insecure_channel(endpoint) as channel:
        grpc.channel_ready_future(channel).result(timeout=30)
