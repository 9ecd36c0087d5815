"""Engines that are started in other ways than on demand on this machine."""

import json
import os
import socket
import subprocess
import sys

from support.engine_process import START_SECONDS, EngineProcess, engine_jar, module_options
from support.engine_process import write_private
from support.spark_home import java, spark_home

SPARK_JARS = str(spark_home() / "jars/*")
ENGINE_PATH = os.pathsep.join([SPARK_JARS, str(engine_jar())])


class SpecialEngine(EngineProcess):
    """An engine whose subclass says how it is started."""

    def spawn(self, *command, class_path=ENGINE_PATH, cwd=None, stdin=subprocess.DEVNULL):
        """Runs java with a main class and its arguments."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8",
                       "SPARK_HOME": str(spark_home()), "PYSPARK_PYTHON": sys.executable,
                       **self._env}
        line = [java(), *module_options(), *self._options, f"-Djava.io.tmpdir={self.folder}/tmp",
                f"-Dfoxfire.engine.id={self.id}", "-cp", class_path, *command]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(line, cwd=cwd or self.folder, env=environment,
                                            stdin=stdin, stdout=log, stderr=log,
                                            start_new_session=True)
        return self

    @property
    def properties_file(self):
        return self.folder / "engine.properties"


class SubmittedEngine(SpecialEngine):
    """Started by spark-submit, told everything by Spark's configuration."""

    def start(self):
        lines = self.properties_file.read_text().splitlines()
        told = [line if line.startswith("spark.") else f"spark.{line}" for line in lines]
        write_private(self.folder / "spark.properties", "\n".join(told) + "\n")
        self.properties_file.unlink()
        return self.spawn("org.apache.spark.deploy.SparkSubmit",
                          "--properties-file", str(self.folder / "spark.properties"),
                          "--class", "foxfire.engine.EngineMain", str(engine_jar()),
                          class_path=SPARK_JARS)


class UntoldEngine(SpecialEngine):
    """Started without an argument and without anything in Spark's configuration."""

    def start(self):
        return self.spawn("foxfire.engine.EngineMain")


class StandaloneDriver(SpecialEngine):
    """Started in a folder such as a worker of a standalone cluster gives to a driver."""

    SUBMISSION = "driver-20261121224423-0007"

    def start(self):
        folder = self.folder / self.SUBMISSION
        folder.mkdir()
        return self.spawn("foxfire.engine.EngineMain", str(self.properties_file), cwd=folder)


class SpareEngine(SpecialEngine):
    """A warm spare; this end of its socket is the gateway's."""

    def __init__(self, folder, zookeeper, settings=None, **arguments):
        spare = {"foxfire.spare": "true", "foxfire.engine.key": None, "foxfire.engine.run.as": None,
                 **(settings or {})}
        super().__init__(folder, zookeeper, settings=spare, **arguments)
        self.gateway, self._own_end = socket.socketpair()
        self.gateway.settimeout(START_SECONDS)

    def start(self):
        self.spawn("foxfire.engine.EngineMain", str(self.properties_file), stdin=self._own_end)
        self._own_end.close()
        return self

    def await_ready(self):
        with self.gateway.makefile("rb") as lines:
            assert json.loads(lines.readline()) == {"ready": True}, self.log()
        return self

    def bind(self, user="ann", **more):
        self.key = f"user:{user}:default:default"
        self.send(json.dumps({"key": self.key, "run_as": user, **more}).encode() + b"\n")
        return self

    def send(self, data: bytes):
        self.gateway.sendall(data)

    def await_registered(self):
        self.await_event("registered", START_SECONDS)
        return self

    def stop(self):
        self.gateway.close()
        self._own_end.close()
        super().stop()
