"""The example that newcomers see first."""

import os
import subprocess
import sys

from support.gateway import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "quickstart.py"


def run_example(**variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPARK")}
    return subprocess.run([sys.executable, "-W", "ignore", EXAMPLE], env=environment | variables,
                          capture_output=True, text=True, timeout=120)


def test_it_answers(gateway):
    done = run_example(SPARK_REMOTE=gateway.url("alice"))

    assert done.returncode == 0, done.stderr
    assert "alice" in done.stdout and "499999500000" in done.stdout and "[0, 2, 4, 6]" in done.stdout
    assert gateway.engine("alice")["application_id"] in done.stdout


def test_it_says_what_it_needs():
    done = run_example()

    assert done.returncode == 2
    assert done.stderr.startswith("set SPARK_REMOTE")
