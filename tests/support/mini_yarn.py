"""A YARN cluster of one node: Hadoop's MiniYARNCluster, from jars that Maven fetches once."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

from support.spark_home import java
from support.waiting import wait_until

HERE = Path(__file__).parent / "mini_yarn"
CACHE = Path(__file__).resolve().parents[2] / ".cache"
START_SECONDS = 90


def listed() -> dict[str, str]:
    """SHA-256 by file name."""
    return {name: digest for digest, name in
            (line.split() for line in (HERE / "jars.sha256").read_text().splitlines())}


def present(folder: Path) -> dict[str, str]:
    return {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.glob("*.jar")}


def jars() -> Path:
    """The folder with exactly the jars of jars.sha256; they are fetched if they are not there."""
    folder = CACHE / "mini_yarn"
    if present(folder) == listed():
        return folder
    maven = shutil.which("mvn")
    assert maven, "there is no mvn, which fetches the jars of YARN: apt-get install maven"
    shutil.rmtree(folder, ignore_errors=True)
    fetched = subprocess.run(
        [maven, "-B", "-C", "-q", f"-Dmaven.repo.local={CACHE / 'maven'}", "-f", HERE / "pom.xml",
         "dependency:copy-dependencies", f"-DoutputDirectory={folder}"],
        timeout=500, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert fetched.returncode == 0, f"mvn could not fetch YARN's jars:\n{fetched.stdout[-3000:]}"
    assert present(folder) == listed(), f"{folder} does not hold what jars.sha256 says"
    return folder


class MiniYarn:
    """Use it in a `with` statement. `conf` is the HADOOP_CONF_DIR of its clients."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.conf = self.folder / "conf"
        self.staging = self.folder / "staging"
        self._web = ""
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "MiniYarn":
        with contextlib.ExitStack() as stack:
            stack.callback(self.stop)
            command = [java(), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                       "-cp", str(jars() / "*"), HERE / "MiniYarn.java", self.conf]
            with open(self.folder / "yarn.log", "wb") as log:
                self._process = subprocess.Popen(
                    command, cwd=self.folder, stdin=subprocess.PIPE, stdout=log, stderr=log,
                    start_new_session=True)
            self._web = wait_until(self._address, START_SECONDS, "YARN is up",
                                   hint=lambda: self.log()[-3000:])
            stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def _address(self) -> str:
        assert self._process.poll() is None, self.log()[-3000:]
        found = re.search(r"^UP (\S+)$", self.log(), re.MULTILINE)
        return found.group(1) if found else ""

    def log(self) -> str:
        return (self.folder / "yarn.log").read_text(errors="replace")

    def applications(self) -> list[dict]:
        """As YARN's web API tells of them."""
        url = f"http://{self._web}/ws/v1/cluster/apps"
        with urllib.request.urlopen(url, timeout=20) as answer:
            apps = json.load(answer)["apps"]
        return apps["app"] if apps else []

    def application(self, tag: str) -> dict:
        [found] = [app for app in self.applications() if tag in app["applicationTags"].split(",")]
        return found

    def driver_logs(self) -> str:
        """The end of what containers printed."""
        logs = sorted(self.folder.glob("target/**/container_*/std*"))
        return "\n".join(f"== {log}\n{log.read_text(errors='replace')[-3000:]}" for log in logs)

    def stop(self) -> None:
        """The end of its input is the end of the cluster; containers that are left go with it."""
        if self._process is None:
            return
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(20)
        for pid in self._containers():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self._process = None

    def _containers(self) -> list[int]:
        """Processes whose command line names this cluster's folder."""
        pids = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if str(self.folder).encode() in (folder / "cmdline").read_bytes():
                    pids.append(int(folder.name))
        return pids
