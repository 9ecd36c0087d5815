"""Engines for tests, started as the launcher does: `java` directly, settings in a 0600 file."""

import functools
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import quote

from support.spark_home import java, spark_home, spark_jars
from support.waiting import wait_until

ROOT = "/foxfire"
START_SECONDS = 90
REPOSITORY = Path(__file__).resolve().parents[2]


def engine_jar() -> Path:
    given = os.environ.get("FOXFIRE_ENGINE_JAR")
    jar = Path(given) if given else REPOSITORY / "build/release/foxfire-engine.jar"
    if not jar.is_file():
        raise RuntimeError(f"{jar}: no such file; build it or set FOXFIRE_ENGINE_JAR")
    return jar


@functools.lru_cache(maxsize=None)
def module_options() -> tuple[str, ...]:
    """What Spark needs on the java command line."""
    class_path = os.pathsep.join(str(jar) for jar in [*spark_jars("spark-launcher_"), engine_jar()])
    command = [java(), "-cp", class_path, "foxfire.engine.ModuleOptions"]
    return tuple(subprocess.check_output(command, text=True).splitlines())


class EngineProcess:
    """One engine process and its folder. `settings` are properties on top of the defaults here,
    None removes one; `options` are for java. Usable in a `with` statement."""

    def __init__(self, folder: Path, zookeeper: str, user="alice", settings=None, options=(),
                 env=None, write_secret=True, heap="768m"):
        self.id = str(uuid.uuid4())
        self.key = f"user:{quote(user, safe='')}:default:default"
        self.folder = Path(folder) / self.id
        self.secret = secrets.token_urlsafe(32)
        self.secret_file = self.folder / "secret"
        self.log_file = self.folder / "engine.log"
        self.process = None
        self._options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xms32m", f"-Xmx{heap}",
                         *options]
        self._env = env or {}
        self._make_files(zookeeper, user, settings or {}, write_secret)

    @property
    def node(self) -> str:
        return f"{ROOT}/engines/{self.key}/{self.id}"

    @property
    def control_node(self) -> str:
        return f"{ROOT}/control/{self.id}"

    def start(self) -> "EngineProcess":
        class_path = os.pathsep.join([str(spark_home() / "jars/*"), str(engine_jar())])
        command = [java(), *module_options(), *self._options, f"-Djava.io.tmpdir={self.folder}/tmp",
                   "-cp", class_path, f"-Dfoxfire.engine.id={self.id}", "foxfire.engine.EngineMain",
                   str(self.folder / "engine.properties")]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8",
                       "SPARK_HOME": str(spark_home()), "PYSPARK_PYTHON": sys.executable,
                       **self._env}
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        return self

    def start_and_register(self) -> "EngineProcess":
        self.start()
        self.await_event("registered", START_SECONDS)
        return self

    def events(self, name: str) -> list[dict]:
        """The engine's lines `foxfire-engine: <name> key=value …` so far."""
        lines = re.findall(rf"^foxfire-engine: {name}\b(.*)$", self.log(), re.MULTILINE)
        return [{key: quoted or plain for key, quoted, plain in
                 re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))', line)} for line in lines]

    def await_event(self, name: str, seconds: float = 20, count: int = 1) -> dict:
        def found_or_ended():
            return len(self.events(name)) >= count or self.process.poll() is not None

        wait_until(found_or_ended, seconds, f"event {name} of the engine", self.log)
        found = self.events(name)
        assert len(found) >= count, f"the engine ended without event {name}:\n{self.log()}"
        return found[count - 1]

    def await_exit(self, seconds: float = 20) -> int:
        """Waits for it to end by itself; answers with its exit status, 128 + n for signal n."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            log = self.log()
            raise AssertionError(f"the engine still runs after {seconds} s:\n{log}") from None
        return 128 - status if status < 0 else status

    def signal(self, number: int):
        self.process.send_signal(number)

    def port(self) -> int:
        return int(self.events("listening")[0]["endpoint"].rpartition(":")[2])

    def url(self, token=None) -> str:
        return f"sc://localhost:{self.port()}/;token={self.secret if token is None else token}"

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _make_files(self, zookeeper, user, settings, write_secret):
        (self.folder / "tmp").mkdir(parents=True)
        if write_secret:
            write_private(self.secret_file, self.secret)
        properties = {
            "foxfire.engine.id": self.id, "foxfire.engine.key": self.key,
            "foxfire.engine.run.as": user, "foxfire.secret.file": self.secret_file,
            "foxfire.zookeeper.connect": zookeeper, "foxfire.zookeeper.root": ROOT,
            "foxfire.zookeeper.session.timeout.ms": 4000, "foxfire.zookeeper.lost.ms": 60000,
            "foxfire.idle.ms": 0, "foxfire.max.lifetime.ms": 0, "foxfire.drain.grace.ms": 20000,
            "foxfire.bind.address": "127.0.0.1", "foxfire.advertise.host": "127.0.0.1",
            "foxfire.host.name": "machine-of-the-test", "spark.master": "local[2]",
            "spark.sql.shuffle.partitions": 2, "spark.local.dir": self.folder / "tmp", **settings}
        # JSON's escapes of characters that are not ASCII are those of properties files, too.
        lines = [f"{key}={json.dumps(str(value))[1:-1]}\n" for key, value in properties.items()
                 if value is not None]
        write_private(self.folder / "engine.properties", "".join(lines))


def write_private(path: Path, text: str):
    """A file that only its owner can read, from its first moment on."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
