"""A real ZooKeeper server for tests, from the jars that come with Spark."""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

from kazoo.client import KazooClient

from support.ports import free_port
from support.spark_home import java, spark_jars
from support.waiting import wait_until

# What a server needs of Spark's jars; with all of them it starts half a second later.
SERVER_JARS = (
    "zookeeper-", "netty-", "slf4j-api-", "metrics-core-", "snappy-java-", "commons-cli-",
    "commons-io-", "commons-lang", "log4j-api-", "log4j-core-", "log4j-slf4j2-impl-",
)

# Sessions end after 1 to 20 s, whatever clients ask for.
CONFIG = """tickTime=500
minSessionTimeout=1000
maxSessionTimeout=20000
dataDir={folder}/data
clientPort={port}
clientPortAddress=127.0.0.1
maxClientCnxns=0
admin.enableServer=false
4lw.commands.whitelist=srvr,ruok
"""


class ZooKeeperServer:
    """One server on a loopback port. It can be stopped and started again on the same port and data.

    Usable in a `with` statement. Not for use from several threads.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.port = free_port()
        self.process = None

    @property
    def connect(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def data_folder(self) -> Path:
        return self.folder / "data"

    def start(self) -> "ZooKeeperServer":
        """Returns when the server serves."""
        assert self.process is None, "it runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "zoo.cfg"
        config.write_text(CONFIG.format(folder=self.folder, port=self.port))
        class_path = os.pathsep.join(str(jar) for jar in spark_jars(*SERVER_JARS))
        command = [java(), "-XX:+UseSerialGC", "-Xmx64m", "-XX:TieredStopAtLevel=1",
                   "-Dorg.apache.logging.log4j.level=WARN", "-cp", class_path,
                   "org.apache.zookeeper.server.quorum.QuorumPeerMain", str(config)]
        with open(self.folder / "zookeeper.log", "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._serves_or_ended, 60, f"ZooKeeper serves on {self.connect}", self.log)
        assert self.process.poll() is None, f"ZooKeeper has ended:\n{self.log()}"
        return self

    def stop(self, how=signal.SIGTERM):
        """Ends the server; its data stays. Does nothing if it does not run."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process = None

    def log(self) -> str:
        return (self.folder / "zookeeper.log").read_text(errors="replace")[-4000:]

    @contextlib.contextmanager
    def client(self, digest=None):
        """A connected kazoo client; `digest` is "user:password"."""
        auth = [("digest", digest)] if digest else None
        client = KazooClient(hosts=self.connect, timeout=10, auth_data=auth)
        client.start(timeout=20)
        try:
            yield client
        finally:
            client.stop()
            client.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _serves_or_ended(self) -> bool:
        has_ended = self.process.poll() is not None
        return has_ended or self._answer("srvr").startswith("Zookeeper version")

    def _answer(self, word: str) -> str:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(word.encode())
                return b"".join(iter(lambda: connection.recv(4096), b"")).decode(errors="replace")
        except OSError:
            return ""
