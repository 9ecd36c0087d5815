"""Runs each kind of client in a process of its own. The connection string goes by environment."""

import json
import os
import subprocess
from pathlib import Path

from support.spark_home import java
from versions import CLIENTS, home_of, python_of

HERE = Path(__file__).parent


def run(command, url, environment):
    """The lines that it printed."""
    # Nothing of this process's own Spark.
    inherited = {name: value for name, value in os.environ.items()
                 if not name.startswith(("SPARK_", "PYSPARK_", "PYTHON", "FOXFIRE_"))}
    done = subprocess.run(command, env={**inherited, **environment, "SPARK_REMOTE": url},
                          capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-5000:]
    return done.stdout.splitlines()


def run_python(client, url, **environment) -> str:
    """Every check must be ok; answers with the session's id."""
    if client.startswith("thin-"):
        environment["SPARK_HOME"] = "/"  # it looks for one and does not use it
    environment["PYTHONWARNINGS"] = "ignore"
    lines = run([python_of(client), HERE / "smoke.py"], url, environment)
    done = json.loads(lines[-1])
    failed = {check: why for check, why in done["checks"].items() if why != "ok"}
    assert not failed, "\n".join(f"{check}: {why}" for check, why in failed.items())
    return done["session_id"]


def class_path(version):
    """The client's jar first, and none of the classes of a Spark that runs in the same process."""
    jars = home_of(version) / "jars"
    client = sorted((jars / "connect-repl").glob("spark-connect-client-jvm_*.jar"))
    shared = [jar for jar in sorted(jars.glob("*.jar"))
              if not jar.name.startswith(("spark-sql_", "spark-connect_"))]
    return os.pathsep.join(map(str, client + shared))


def run_jvm(version, url, *options):
    """Runs the Java program on the JVM client of this version."""
    command = [java(), "--add-opens=java.base/java.nio=ALL-UNNAMED", "-XX:TieredStopAtLevel=1",
               *options, "-cp", class_path(version), HERE / "jvm_client" / "Smoke.java"]
    said = answers(run(command, url, {}))
    assert_everyday_work(said)
    assert "AnalysisException" in said["error"]


def run_rust(url, **environment) -> str:
    """Answers with the session's id."""
    said = answers(run([CLIENTS / "rust" / "debug" / "foxfire-rust-client"], url, environment))
    assert_everyday_work(said)
    return said["session"]


def answers(lines):
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def assert_everyday_work(said):
    assert said["user"] == "alice"
    assert said["sum"] == "499999500000"
    assert said["view"] == "5"
    assert said["setting"] == "3"
    assert "UNRESOLVED_COLUMN" in said["error"]
    assert "OPERATION_CANCELED" in said["interrupted"]
