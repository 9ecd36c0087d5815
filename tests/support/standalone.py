"""A standalone cluster of Spark: one master and one worker, from Spark's own jars."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

from support.engine_process import module_options
from support.spark_home import java, spark_home
from support.waiting import wait_until

START_SECONDS = 60


class StandaloneCluster:
    """On free ports of the loopback interface. Use it in a `with` statement."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.url = ""
        self._processes: list[subprocess.Popen] = []

    def __enter__(self) -> "StandaloneCluster":
        with contextlib.ExitStack() as stack:
            stack.callback(self.stop)
            self._start("master", "org.apache.spark.deploy.master.Master", "--port", "0")
            self.url = self._await_line("master", r"Starting Spark master at (spark://\S+)")
            self._start("worker", "org.apache.spark.deploy.worker.Worker", "--cores", "4",
                        "--memory", "4g", "--work-dir", str(self.folder / "work"), self.url)
            self._await_line("worker", r"(Successfully registered with master)")
            stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def _start(self, name: str, main_class: str, *arguments: str) -> None:
        command = [java(), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                   *module_options(), "-Dspark.master.rest.enabled=false",
                   "-cp", str(spark_home() / "jars" / "*"), main_class,
                   "--host", "127.0.0.1", "--webui-port", "0", *arguments]
        # Without the version a worker looks for the folders of a Spark that is built from source.
        environment = {**os.environ, "SPARK_HOME": str(spark_home()), "SPARK_SCALA_VERSION": "2.13"}
        with open(self.folder / f"{name}.log", "wb") as log:
            self._processes.append(subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True))

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _await_line(self, name: str, pattern: str) -> str:
        found = wait_until(lambda: re.search(pattern, self.log(name)), START_SECONDS,
                           f"the {name} prints {pattern}", hint=lambda: self.log(name)[-3000:])
        return found.group(1)

    def driver_logs(self) -> str:
        """The end of what drivers in cluster mode printed."""
        logs = sorted((self.folder / "work").glob("driver-*/std*"))
        return "\n".join(f"== {log}\n{log.read_text(errors='replace')[-3000:]}" for log in logs)

    def stop(self) -> None:
        """The worker takes its drivers and executors along."""
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()
                process.wait(20)
        self._processes.clear()
