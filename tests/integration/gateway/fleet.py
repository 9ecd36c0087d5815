"""Several gateways of one cluster, to be killed, frozen and brought back."""

import contextlib
import json
import os
import signal
import subprocess
import uuid

import grpc
from kazoo.exceptions import KazooException, NoNodeError

from foxfired import Foxfired
from support.calls import Client
from support.gateway import FOXFIRED
from support.waiting import eventually, wait_until


class FleetGateway(Foxfired):
    """One of them. It may be away while a test begins the next step."""

    def begin(self):
        """Starts it and does not wait; one that runs is left alone."""
        if self.is_running():
            return
        with open(self.folder / "foxfired.log", "ab") as log:
            self.process = subprocess.Popen([FOXFIRED, "--config", self.config], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def await_ready(self):
        wait_until(self.is_ready, 60, f"{self.folder.name} is ready", lambda: self.log()[-3000:])

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        if self.is_running():
            os.kill(self.process.pid, signal.SIGCONT)


class Fleet:
    """`count` gateways with one cluster secret, one token file and one launch script. Use it in a
    with statement; then all of them are ready, and at the end nothing of them is left."""

    def __init__(self, folder, cluster, count, settings=None):
        self.folder = folder
        self.cluster = cluster
        self.root = f"/foxfire-{uuid.uuid4()}"
        self.client = cluster.client
        self.go = folder / "go"
        first = FleetGateway(folder / "gateway-0", cluster, self.root, settings)
        shared = {"server.cluster_secret_file": f"{first.var}/cluster.secret",
                  "auth.token_file": f"{first.var}/tokens.json",
                  "profile.default.environment.FOXFIRE_FAKE_LAUNCH": str(first.launch_script)}
        self.gateways = [first] + [
            FleetGateway(folder / f"gateway-{number}", cluster, self.root,
                         {**(settings or {}), **shared}) for number in range(1, count)]
        self.tokens = {}

    def __enter__(self):
        try:
            for gateway in self.gateways:
                gateway.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for gateway in self.gateways:
            if gateway.process is not None:
                gateway.thaw()
                gateway.kill()
        for pid in self.engine_processes().values():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    # ---- its users -----------------------------------------------------------------------------

    def make_tokens(self, users):
        """Returns when every gateway knows them."""
        first = self.gateways[0]
        for user in users:
            self.tokens[user] = first.token(user)
        self.await_tokens(list(users)[-1:])

    def await_tokens(self, users):
        for gateway in self.gateways:
            for user in users:
                with self.connect(gateway, user) as client:
                    eventually(lambda: client.call("ReleaseExecute").code
                               != grpc.StatusCode.UNAUTHENTICATED,
                               what=f"{gateway.folder.name} knows the token of {user}")

    def connect(self, gateway, user, session_id=None, metadata=()):
        return Client(gateway.target, self.tokens[user], session_id=session_id, metadata=metadata)

    # ---- its engines ---------------------------------------------------------------------------

    def script_launches(self, **script):
        """How engines of any gateway behave that are launched from now on."""
        pending = self.folder / "launch.json"
        pending.write_text(json.dumps(script))
        pending.replace(self.gateways[0].launch_script)  # an engine may read it at any moment

    def hold_launches(self, at, **script):
        """Engines stop at the step until release_launches()."""
        with contextlib.suppress(FileNotFoundError):
            self.go.unlink()
        self.script_launches(wait_for_file=str(self.go), wait_at=at, **script)

    def release_launches(self):
        self.script_launches()
        self.go.touch()

    def engine_processes(self):
        """{engine id: pid} of every engine that any of these gateways has ever started and that
        runs, whatever the gateways know of it."""
        found = {}
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if not name.isdecimal():
                    continue
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    arguments = file.read().decode(errors="replace").split("\0")
                engine = [argument.partition("=")[2] for argument in arguments
                          if argument.startswith("-Dfoxfire.engine.id=")]
                if engine and any(str(self.folder) in argument for argument in arguments):
                    found[engine[0]] = int(name)
        return found

    def registered(self):
        """{engine key: [engine ids]} in ZooKeeper; keys without an engine are left out."""
        return {key: engines for key in self.children("engines")
                if (engines := self.children(f"engines/{key}"))}

    def children(self, path):
        """The names of the nodes below a node of ours."""
        def read():
            try:
                return [self.client.get_children(f"{self.root}/{path}")]
            except NoNodeError:
                return [[]]
            except (KazooException, TimeoutError):  # ZooKeeper comes back
                return None

        return eventually(read, what=f"the nodes below {path}")[0]

    def admin_cli(self, gateway, *arguments):
        return gateway.cli(*arguments, token=self.admin_token())

    def admin_token(self):
        return (self.gateways[0].var / "tokens" / "admin").read_text().strip()
