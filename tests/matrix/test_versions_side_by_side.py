"""Several versions of Spark behind one gateway: each profile names a Spark home of its own."""

import pytest

from support.gateway import Gateway
from versions import ENGINES, home_of, python_of, settings_for_newer_clients


def profile_of(version):
    return f"spark-{version.replace('.', '-')}"


@pytest.fixture
def side_by_side(tmp_path, monkeypatch):
    monkeypatch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")
    settings = {}
    for version in ENGINES:
        section = f"profile.{profile_of(version)}"
        settings[f"{section}.spark_home"] = str(home_of(version))
        settings[f"{section}.python"] = str(python_of(version))
        settings[f"{section}.spark_conf"] = settings_for_newer_clients(version)
    with Gateway(tmp_path / "gateway", settings) as gateway:
        yield gateway


def test_one_client_works_on_every_version_at_the_same_time(side_by_side):
    assert {version[:3] for version in ENGINES} >= {"4.0", "4.2", "4.3"}, "./dev setup matrix"
    sessions = {version: side_by_side.connect("alice", f";x-foxfire-profile={profile_of(version)}")
                for version in ENGINES}
    try:
        for version, spark in sessions.items():
            assert spark.version == version
            assert spark.range(1000).selectExpr("sum(id)").first()[0] == 499500
        profiles = {engine["key"].split(":")[2] for engine in side_by_side.engines("alice")}
        assert profiles == {profile_of(version) for version in ENGINES}
    finally:
        for spark in sessions.values():
            spark.stop()
