"""Engines that spark-submit starts on YARN, in both deploy modes."""

import pytest

from support.cluster_engines import FAR, cluster_gateway, kill, kill_frozen, use
from support.mini_yarn import MiniYarn
from support.spark_home import spark_home
from support.waiting import wait_until


@pytest.fixture(scope="module")
def yarn(tmp_path_factory):
    with MiniYarn(tmp_path_factory.mktemp("yarn") / "cluster") as running:
        yield running


@pytest.fixture
def submitting(make_gateway, yarn):
    with cluster_gateway(make_gateway, {
        "profile.default.master": "yarn",
        "profile.default.queue": "engines",
        "profile.default.run_as": "hadoop-user",
        # The user's section leads to the cluster, the profile to none.
        "profile.default.environment": {"HADOOP_CONF_DIR": "/nonexistent"},
        "user.alice.environment": {"HADOOP_CONF_DIR": str(yarn.conf)},
        "profile.default.spark_conf": {
            "spark.yarn.jars": f"local:{spark_home()}/jars/*",
            "spark.yarn.stagingDir": f"file://{yarn.staging}",
            "spark.yarn.am.memory": "512m", "spark.executor.memory": "512m",
            "spark.executor.instances": "1", "spark.yarn.tags": "of-the-profile"},
        "profile.far.queue": "default",
    }) as gateway:
        yield gateway


def application(yarn, engine):
    """What YARN knows of it."""
    return yarn.application(f"foxfire-{engine['engine_id']}")


def test_client_mode(submitting, yarn):
    engine = use(submitting, yarn)

    known = application(yarn, engine)
    assert known["user"] == "alice"
    assert known["queue"].endswith("engines")
    assert "of-the-profile" in known["applicationTags"].split(",")
    kill(submitting, engine)


def test_cluster_mode(submitting, yarn):
    engine = use(submitting, yarn, FAR)

    known = application(yarn, engine)
    assert known["user"] == "alice"
    assert known["queue"].endswith("default")
    kill(submitting, engine)
    wait_until(lambda: application(yarn, engine)["state"] in ("FINISHED", "KILLED", "FAILED"), 90,
               "the application ends")


def test_a_driver_that_does_not_listen_is_killed_by_its_tag(submitting, yarn):
    engine = use(submitting, yarn, FAR)

    kill_frozen(submitting, engine)

    assert application(yarn, engine)["state"] == "KILLED"
