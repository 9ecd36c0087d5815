"""foxfired on a ZooKeeper of the tests' own, with engines that are fake ones."""

import base64
import contextlib
import hashlib
import hmac
import json
import pathlib

from support import fake_engine
from support.waiting import eventually
from support.gateway import Gateway

# What these tests want otherwise than those with real engines.
SETTINGS = {
    "server.drain_timeout": "1s",
    "zookeeper.embedded": False,
    "zookeeper.session_timeout": "4s",
    "engine.concurrent_launches": 8,
    "engine.kill_grace": "1s",
    "limits.engines": 1000,
    "log.level": "debug",
}


def engine_secret(cluster_secret, engine_id):
    """design.md section 6."""
    digest = hmac.new(cluster_secret.encode(), engine_id.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def engine_key(user, profile="default", subdomain="default"):
    return f"user:{user}:{profile}:{subdomain}"


class Foxfired(Gateway):
    """One gateway of `cluster`; `root` is its node in ZooKeeper."""

    def __init__(self, folder, cluster, root="/foxfire", settings=None):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "engine.jar").touch()
        self.cluster = cluster
        self.root = root
        self.launch_script = folder / "launch.json"
        self.launches = folder / "launches"
        super().__init__(folder, {
            **SETTINGS,
            "zookeeper.connect": cluster.connect,
            "zookeeper.root": root,
            "engine.jar": str(folder / "engine.jar"),
            "profile.default.java_home": str(fake_engine.make_java_home(folder / "java")),
            "profile.default.environment.FOXFIRE_FAKE_LAUNCH": str(self.launch_script),
            **(settings or {})})
        self.target = f"127.0.0.1:{self.port}"
        self.script_launches()

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) * 1024

    def engine_secret(self, engine_id):
        return engine_secret((self.var / "cluster.secret").read_text().strip(), engine_id)

    def script_launches(self, **script):
        """How engines behave that are launched from now on (tests/fake_engine/README.md); those that
        were launched before are forgotten."""
        with contextlib.suppress(FileNotFoundError):
            self.launches.unlink()
        self.launch_script.write_text(json.dumps({"count_file": str(self.launches), **script}))

    def launched(self):
        """The ids of the engines that have been launched."""
        return self.launches.read_text().split() if self.launches.exists() else []

    def register(self, record, user, **key):
        """Puts an engine into ZooKeeper and waits until the gateway has seen it."""
        node = f"{self.root}/engines/{engine_key(user, **key)}/{record['engine_id']}"
        self.cluster.put(node, record)
        eventually(lambda: record["engine_id"] in [e["engine_id"] for e in self.engines()],
                   what="the engine in the list")

    def await_unlisted(self, engine_id):
        """Until the gateway gives new sessions to others; ZooKeeper knows that earlier."""
        eventually(lambda: all(engine["state"] != "ready" for engine in self.engines()
                               if engine["engine_id"] == engine_id), what="it takes no new sessions")

    def registered(self, user, **key):
        """The records of the engines that are registered for the user."""
        return self.cluster.engines_of(engine_key(user, **key), self.root)

    def record_of(self, user, **key):
        """The record of the one engine that is registered for the user."""
        [record] = self.registered(user, **key)
        return record
