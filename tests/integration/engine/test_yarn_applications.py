"""Ending YARN applications, as far as it goes without a cluster."""

import os
import subprocess

from other_engines import ENGINE_PATH
from support.spark_home import java
from support.ports import free_port

SITE = """<configuration><property><name>yarn.resourcemanager.address</name>
<value>127.0.0.1:{port}</value></property></configuration>
"""


def run(configuration, *arguments):
    command = [java(), "-cp", os.pathsep.join([str(configuration), ENGINE_PATH]),
               "foxfire.engine.YarnApplications", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_says_in_one_line_that_there_is_no_resource_manager(tmp_path):
    port = free_port()
    (tmp_path / "yarn-site.xml").write_text(SITE.format(port=port))

    ended = run(tmp_path, "kill", "foxfire-of-the-test")

    assert ended.returncode == 1 and ended.stdout == ""
    last = ended.stderr.splitlines()[-1]
    assert "foxfire-of-the-test cannot be ended" in last and "HADOOP_CONF_DIR" in last


def test_says_how_it_is_used(tmp_path):
    ended = run(tmp_path, "kill")

    assert ended.returncode == 1
    assert "kill <tag>" in ended.stderr
