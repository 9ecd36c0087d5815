"""Engines that spark-submit starts on a standalone cluster, in both deploy modes."""

import os

import pytest

from support.cluster_engines import FAR, cluster_gateway, driver_pids, kill, kill_frozen, use
from support.standalone import StandaloneCluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with StandaloneCluster(tmp_path_factory.mktemp("standalone") / "cluster") as running:
        yield running


@pytest.fixture
def submitting(make_gateway, cluster):
    with cluster_gateway(make_gateway, {
        "profile.default.master": cluster.url,
        "profile.default.spark_conf": {
            "spark.executor.memory": "512m", "spark.cores.max": "1",
            "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"},
    }) as gateway:
        yield gateway


def test_client_mode(submitting, cluster):
    engine = use(submitting, cluster)

    assert engine["pid"] in driver_pids(engine)
    command_line = open(f"/proc/{engine['pid']}/cmdline", encoding="utf-8").read()
    assert f"--master\0{cluster.url}" in command_line
    kill(submitting, engine)


def test_cluster_mode(submitting, cluster):
    engine = use(submitting, cluster, FAR)

    # Its parent is the worker, not the gateway: spark-submit has ended.
    [pid] = driver_pids(engine)
    assert str(cluster.folder) in os.readlink(f"/proc/{pid}/cwd")
    kill(submitting, engine)


def test_a_driver_that_does_not_listen_is_killed_by_its_master(submitting, cluster):
    kill_frozen(submitting, use(submitting, cluster, FAR))


def test_a_cluster_that_is_not_there_fails_the_launch(make_gateway):
    gateway = make_gateway({
        "profile.default.launcher": "spark-submit",
        "profile.default.master": "yarn",
        "profile.default.deploy_mode": "cluster",
        "profile.default.advertise_host": "127.0.0.1",
    })
    spark = gateway.connect("alice")

    with pytest.raises(Exception) as raised:
        spark.range(1).collect()
    spark.client.close()

    # spark-submit's own words, without which nobody would know.
    assert "HADOOP_CONF_DIR" in str(raised.value)
    assert gateway.engines() == []
