"""What a user's Spark starts with: the profile, what the configuration says of its owner, and what the
client asked for in its connection string."""

import pytest
from pyspark.errors.exceptions.connect import SparkConnectGrpcException

from support.gateway import Gateway

PARTITIONS = "spark.sql.shuffle.partitions"
COALESCE = "spark.sql.adaptive.coalescePartitions.enabled"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    settings = {
        "profile.default.client_conf": [PARTITIONS, COALESCE],
        "profile.default.spark_conf": {PARTITIONS: "7", "spark.sql.session.timeZone": "UTC"},
        "profile.nightly.inherits": "default",
        "profile.nightly.spark_conf": {"spark.sql.session.timeZone": "Asia/Tokyo"},
        "user.ann.driver_memory": "600MiB",
        "user.ann.environment": {"TEAM": "ann's team"},
        "user.ann.spark_conf": {"spark.sql.session.timeZone": "Europe/Berlin"},
    }
    with Gateway(tmp_path_factory.mktemp("gateway"), settings) as gateway:
        yield gateway


def test_a_connection_string_gives_a_new_engine_its_settings(connect, newcomer):
    spark = connect(newcomer, f";x-foxfire-conf-{PARTITIONS}=3;x-foxfire-conf-{COALESCE.lower()}=false")

    assert spark.conf.get(PARTITIONS) == "3"
    assert spark.conf.get(COALESCE) == "false"


def test_the_users_section_counts_over_the_profile(connect, newcomer):
    ann = connect("ann")
    plain = connect(newcomer, ";x-foxfire-profile=nightly")

    assert ann.sql("select current_timezone()").first()[0] == "Europe/Berlin"
    assert ann.conf.get(PARTITIONS) == "7"
    team = "select java_method('java.lang.System', 'getenv', 'TEAM')"
    assert ann.sql(team).first()[0] == "ann's team"
    assert plain.sql("select current_timezone()").first()[0] == "Asia/Tokyo"
    assert plain.conf.get(PARTITIONS) == "7", "inherited"


def test_what_is_not_allowed_is_one_clear_error(connect, newcomer):
    spark = connect(newcomer, ";x-foxfire-conf-spark.jars=x.jar")

    with pytest.raises(SparkConnectGrpcException, match="spark.jars may not be set by clients here"):
        spark.range(1).collect()
