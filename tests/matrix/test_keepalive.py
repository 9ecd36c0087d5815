"""Clients of 4.3 and later ping an idle connection, and keep it by that."""

import os
import subprocess

import pytest

from support.counting_relay import GOAWAY, PING, CountingRelay
from support.waiting import wait_until
from versions import ENGINES, python_of

IDLE_CLIENT = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print(spark.range(1).count(), flush=True)
input()
print(spark.range(2).count(), flush=True)
spark.stop()
"""


@pytest.mark.parametrize("gateway", ENGINES[-1:], indirect=True)
def test_an_idle_client_that_pings_keeps_its_connection(gateway):
    with CountingRelay(gateway.port) as relay:
        url = f"sc://localhost:{relay.port}/;token={gateway.token('alice')}"
        url += ";grpc_keepalive_time_ms=10000"
        client = subprocess.Popen(
            [python_of(ENGINES[-1]), "-W", "ignore", "-c", IDLE_CLIENT], text=True,
            env={**os.environ, "SPARK_REMOTE": url}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert client.stdout.readline() == "1\n"
        already = relay.frames["client", PING, False]

        wait_until(lambda: relay.frames["client", PING, False] >= already + 3, 120, "three pings")
        answer, _ = client.communicate("\n", timeout=60)

        assert answer == "2\n" and client.returncode == 0
        assert relay.connections == 1
        assert relay.frames["server", PING, True] >= already + 3
        assert relay.frames["server", GOAWAY, False] == 0
