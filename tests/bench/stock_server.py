"""Spark's own Connect server, started as its documentation says."""

import os
import signal
import subprocess

from support.spark_home import spark_home
from support.ports import free_port


class StockServer:
    """One driver for everybody, through spark-submit. Use it in a `with` statement."""

    def __init__(self, folder, heap):
        self.port = free_port()
        self.url = f"sc://localhost:{self.port}"
        command = [
            spark_home() / "bin" / "spark-submit", "--master", "local[*]", "--driver-memory", heap,
            "--conf", f"spark.connect.grpc.binding.port={self.port}",
            "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
        # What steers this process's own PySpark would steer the server, too.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPARK")}
        with open(folder / "stock-server.log", "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**inherited, "SPARK_HOME": str(spark_home())}, start_new_session=True)

    @property
    def pid(self):
        """The JVM's: spark-submit's shell becomes it."""
        return self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(60)
