"""What a spare makes of its owner's line, without the seconds that a spare takes to get there."""

import base64
import os
import subprocess
from pathlib import Path

import pytest

from support.engine_process import engine_jar
from support.spark_home import java, spark_jars

ANN = b'{"key":"user:ann:default:default","run_as":"ann"'

OUTCOMES = {
    b"{": "is no JSON object, wrong at column",
    b"\xff[]": "is no JSON object",
    b"[]": "is no JSON object",
    b"": "is no JSON object",
    ANN + b'} {"key"': "is no JSON object",
    b'{"run_as":"ann"}': '"key" is missing',
    b'{"key":null,"run_as":"ann"}': '"key" is missing',
    b'{"key":"user:ann:default:default"}': '"run_as" is missing',
    b'{"key":"ann","run_as":"ann"}': '"key" must be <level>:<owner>:<profile>:<subdomain>',
    b'{"key":7,"run_as":"ann"}': '"key" must be <level>',
    b'{"key":"user:ann:default:default","run_as":""}': '"run_as" must be a user\'s name',
    ANN + b',"spark_conf":[]}': '"spark_conf" must be an object',
    ANN + b',"spark_conf":{"foxfire.idle.ms":"0"}}': '"spark_conf" cannot set foxfire.idle.ms',
    ANN + b',"spark_conf":{"spark.connect.authenticate.token":"hidden"}}': "cannot set spark.connect",
    ANN + b',"spark_conf":{"spark.a":{"hidden":1}}}': "the value of spark.a must be a string",
    ANN + b"}": "OwnerLine[key=user:ann:default:default, runAs=ann, spark={}]",
    ANN + b',"of_a_later_version":1,"spark_conf":null}': "spark={}]",
    ANN + b',"spark_conf":{"spark.a":"b c","spark.n":1}}': "spark={spark.a=b c, spark.n=1}]",
}


@pytest.fixture(scope="module")
def outcome_of(tmp_path_factory):
    """By line: what the engine's own code says."""
    folder = tmp_path_factory.mktemp("classes")
    source = Path(__file__).parent / "java/OwnerLines.java"
    class_path = os.pathsep.join(map(str, [engine_jar(), *spark_jars("jackson-")]))
    javac = Path(java()).with_name("javac")
    subprocess.run([javac, "-cp", class_path, "-d", folder, source], check=True)
    lines = "".join(base64.b64encode(line).decode() + "\n" for line in OUTCOMES)
    said = subprocess.run(
        [java(), "-cp", f"{folder}{os.pathsep}{class_path}", "foxfire.engine.OwnerLines"],
        input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(said) == len(OUTCOMES)
    return dict(zip(OUTCOMES, said))


@pytest.mark.parametrize("line", OUTCOMES)
def test_outcome(outcome_of, line):
    said = outcome_of[line]

    assert OUTCOMES[line] in said
    assert "hidden" not in said, "settings may hold passwords"
    if not said.startswith("OwnerLine["):
        assert said.startswith("the owner's line on standard input: ")
        assert "docs/engine-contract.md" in said
