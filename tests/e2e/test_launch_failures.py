"""A launch that fails tells the user why, at once, and is tried again later."""

import os
import shutil
import signal
import socket
import time

import pytest
from pyspark.errors.exceptions.connect import SparkConnectGrpcException


def failure(gateway, user="alice"):
    """What the user sees."""
    spark = gateway.connect(user)
    with pytest.raises(SparkConnectGrpcException) as raised:
        spark.range(1).collect()
    spark.client.close()
    return str(raised.value)


def test_a_bad_spark_setting(make_gateway):
    gateway = make_gateway({"profile.default.master": "nonsense://x"})

    said = failure(gateway)

    assert "could not be started" in said and "nonsense://x" in said
    assert gateway.engines() == []
    assert gateway.events("--type", "engine_launch_failed")


def test_no_memory(make_gateway):
    gateway = make_gateway({"profile.default.java_options": ["-Xmx100000g"]})

    said = failure(gateway)

    assert "could not be started" in said and ("memory" in said.lower() or "heap" in said.lower())


def test_java_that_goes_missing(make_gateway, tmp_path):
    java_home = tmp_path / "java"
    (java_home / "bin").mkdir(parents=True)
    real = (java_home / "bin" / "java")
    real.symlink_to(shutil.which("java"))
    gateway = make_gateway({"profile.default.java_home": str(java_home)})
    real.unlink()

    said = failure(gateway)

    assert "java" in said and "could not be started" in said


def test_a_port_that_spark_cannot_have(make_gateway):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = make_gateway({"profile.default.java_options": [
            f"-Dspark.driver.port={port}", "-Dspark.port.maxRetries=0"]})
        said = failure(gateway)

    assert "could not be started" in said and ("BindException" in said or "in use" in said)


def test_zookeeper_away(make_gateway):
    gateway = make_gateway({"engine.launch_timeout": "5s"})
    gateway.token("alice")
    os.kill(gateway.zookeeper_pid(), signal.SIGSTOP)
    try:
        started = time.monotonic()
        said = failure(gateway)
        assert time.monotonic() - started < 40
    finally:
        os.kill(gateway.zookeeper_pid(), signal.SIGCONT)

    assert "could not be started" in said and "ZooKeeper" in said


def test_after_the_back_off_it_is_tried_again(make_gateway, tmp_path):
    flag = tmp_path / "fixed"
    java_home = tmp_path / "java"
    (java_home / "bin").mkdir(parents=True)
    java = java_home / "bin" / "java"
    java.write_text(f"#!/bin/sh\ncase \"$*\" in *EngineMain*) [ -e {flag} ] || {{ echo 'not yet'; exit 3; }};; esac\n"
                    f"exec {shutil.which('java')} \"$@\"\n")
    java.chmod(0o755)
    gateway = make_gateway({"profile.default.java_home": str(java_home), "engine.launch_backoff": "1ms"})
    assert "not yet" in failure(gateway)

    flag.touch()

    spark = gateway.connect("alice")
    assert spark.range(3).count() == 3
    spark.stop()
