"""The real foxfired with real engines and its embedded ZooKeeper, as its users run it."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from kazoo.client import KazooClient

from support.ports import free_port
from support.spark_home import spark_home
from support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("FOXFIRE_BUILD", ROOT / "build" / "release"))
FOXFIRED = BUILD / "server" / "foxfired"
FOXFIRE = BUILD / "cli" / "foxfire"
ENGINE_JAR = Path(os.environ.get("FOXFIRE_ENGINE_JAR", BUILD / "foxfire-engine.jar"))

# Engines that start quickly: compiled with C1 only.
SETTINGS = {
    "server.on_shutdown": "stop",
    "server.drain_timeout": "2s",
    "zookeeper.embedded": True,
    "zookeeper.session_timeout": "6s",
    "engine.prepare_archive": False,
    "engine.launch_timeout": "90s",
    "engine.launch_backoff": "1s",
    "engine.kill_grace": "3s",
    "engine.concurrent_launches": 2,
    "profile.default.python": sys.executable,
    "profile.default.java_options": ["-XX:TieredStopAtLevel=1"],
}


def to_toml_value(value) -> str:
    """Strings, numbers, booleans and lists of strings are JSON's; a dict is an inline table."""
    if not isinstance(value, dict):
        return json.dumps(value)
    return "{" + ", ".join(f"{json.dumps(key)} = {json.dumps(of)}" for key, of in value.items()) + "}"


def to_toml(settings: dict) -> str:
    """{"section.key": value} as TOML."""
    sections: dict[str, list[str]] = {}
    for name, value in settings.items():
        section, _, key = name.rpartition(".")
        sections.setdefault(section, []).append(f"{key} = {to_toml_value(value)}")
    return "".join(f"[{name}]\n" + "\n".join(lines) + "\n\n" for name, lines in sections.items())


class Gateway:
    """One foxfired with a folder and ports of its own. Use it in a `with` statement."""

    def __init__(self, folder: Path, settings: dict | None = None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.var = self.folder / "var"
        self.port, self.admin_port, self.http_port, self.zookeeper_port = (
            free_port() for _ in range(4))
        self.config = self.folder / "foxfire.toml"
        self.settings = {
            "server.listen": f"127.0.0.1:{self.port}",
            "server.state_folder": str(self.var),
            "admin.listen": f"127.0.0.1:{self.admin_port}",
            "http.listen": f"127.0.0.1:{self.http_port}",
            "zookeeper.embedded_port": self.zookeeper_port,
            "engine.jar": str(ENGINE_JAR),
            "profile.default.spark_home": str(spark_home()),
            **SETTINGS,
            **(settings or {}),
        }
        self.config.write_text(to_toml(self.settings))
        self.process: subprocess.Popen | None = None
        self.tokens: dict[str, str] = {}

    def __enter__(self) -> "Gateway":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    # ---- its life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Returns when it is ready."""
        with open(self.folder / "foxfired.log", "ab") as log:
            self.process = subprocess.Popen(
                [FOXFIRED, "--config", self.config],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self.is_ready, 60, "foxfired is ready", hint=lambda: self.log()[-3000:])

    def is_ready(self) -> bool:
        assert self.process.poll() is None, f"foxfired ended:\n{self.log()[-3000:]}"
        try:
            return self.http("/readyz")[0] == 200
        except OSError:
            return False

    def kill(self) -> None:
        """SIGKILL; its engines and its ZooKeeper live on."""
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> None:
        """SIGTERM, and what it takes with it; then nothing of it is left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        if self.process.poll() is None:
            self.kill()
        for pid in self.left_processes():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def left_processes(self) -> list[int]:
        """Processes whose command line names this gateway's folder."""
        pids = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if str(self.var).encode() in (folder / "cmdline").read_bytes():
                    pids.append(int(folder.name))
        return pids

    def zookeeper_pid(self) -> int:
        return int((self.var / "zookeeper" / "zookeeper.pid").read_text().split()[0])

    # ---- what it says --------------------------------------------------------------------------

    def log(self) -> str:
        return (self.folder / "foxfired.log").read_text(errors="replace")

    def http(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as got:
                return got.status, got.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str) -> float:
        """The sum over all labels."""
        return sum(float(line.rpartition(" ")[2]) for line in self.http("/metrics")[1].splitlines()
                   if line.startswith(name))

    def await_spare(self) -> None:
        """Returns when a warm spare waits for an owner."""
        wait_until(lambda: self.metric("foxfire_engine_spares_ready") == 1, 120, "a warm spare",
                   hint=lambda: self.log()[-3000:])

    def sql(self, statement: str) -> list[tuple]:
        """Reads the database while the server runs."""
        with contextlib.closing(sqlite3.connect(f"file:{self.var}/foxfire.db?mode=ro", uri=True)) as db:
            return db.execute(statement).fetchall()

    def zookeeper(self) -> KazooClient:
        """A connected client; stop() and close() it."""
        client = KazooClient(hosts=f"127.0.0.1:{self.zookeeper_port}")
        client.start(timeout=30)
        return client

    # ---- its command line ----------------------------------------------------------------------

    def run_cli(self, *arguments: str, token: str | None = None) -> subprocess.CompletedProcess:
        """The CLI as admin, or with `token`."""
        environment = dict(os.environ)
        command = [FOXFIRE, "--server", f"127.0.0.1:{self.admin_port}"]
        if self.settings.get("tls.certificate"):
            command += ["--tls", "--ca-file", self.settings["tls.certificate"]]
        if token is None:
            command += ["--token-file", self.var / "tokens" / "admin"]
        else:
            environment["FOXFIRE_TOKEN"] = token
        return subprocess.run([*command, *arguments], env=environment, capture_output=True,
                              text=True, timeout=90)

    def cli(self, *arguments: str, token: str | None = None):
        """What it answers, from JSON."""
        done = self.run_cli(*arguments, "--output", "json", token=token)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def token(self, user: str, *groups: str) -> str:
        """The same one each time."""
        if user not in self.tokens:
            member = [argument for group in groups for argument in ("--group", group)]
            self.tokens[user] = self.cli("token", "create", "--user", user, *member)["token"]
        return self.tokens[user]

    def engines(self, user: str | None = None) -> list[dict]:
        listed = self.cli("engine", "list")
        return [engine for engine in listed if user is None or engine["owner"] == user]

    def engine(self, user: str) -> dict:
        """The user's one engine that takes calls."""
        [engine] = [engine for engine in self.engines(user) if engine["state"] == "ready"]
        return engine

    def events(self, *arguments: str) -> list[dict]:
        return self.cli("event", "list", *arguments)

    def engine_log(self, user: str) -> str:
        return (self.var / "engines" / self.engine(user)["engine_id"] / "engine.log").read_text()

    # ---- its users -----------------------------------------------------------------------------

    def url(self, user: str, extra: str = "") -> str:
        return f"sc://localhost:{self.port}/;token={self.token(user)}{extra}"

    def connect(self, user: str, extra: str = ""):
        """A PySpark session of its own, whatever other sessions this process has."""
        from pyspark.sql.connect.session import SparkSession

        return SparkSession.builder.remote(self.url(user, extra)).create()

    def connect_url(self, url: str):
        from pyspark.sql.connect.session import SparkSession

        return SparkSession.builder.remote(url).create()
