"""What an engine starts with: its profile, what its owner has otherwise, what the client asked for."""

from pathlib import Path

import grpc
import pytest

from support.calls import Client

CONF = "x-foxfire-conf-"


def call(gateway, user, *groups, **headers):
    """How the first call of a new session goes."""
    metadata = [(name, value) for name, value in headers.items()]
    with Client(gateway.target, gateway.token(user, *groups), metadata=metadata) as client:
        return client.call("Config")


def engine_of(gateway, user, *groups, **headers):
    answer = call(gateway, user, *groups, **headers)
    engine_id = answer.echo["engine"]["engine_id"]
    [engine] = [engine for engine in gateway.engines() if engine["engine_id"] == engine_id]
    return engine


def properties_of(gateway, engine):
    text = (gateway.var / "engines" / engine["engine_id"] / "engine.properties").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def process_of(gateway, engine, file):
    """The words of the process's cmdline or environ."""
    pid = gateway.record_of(engine["owner"], profile=engine["key"].split(":")[2])["pid"]
    return Path(f"/proc/{pid}/{file}").read_text().split("\0")


@pytest.fixture
def own_gateway(make_gateway):
    return make_gateway({
        "engine.client_share_levels": ["connection", "group"],
        "profile.default.client_conf": ["spark.sql.*", "spark.sql.adaptive.coalescePartitions.enabled"],
        "profile.default.spark_conf": {"spark.sql.a": "profile", "spark.sql.b": "profile"},
        "profile.strict.client_conf": [],
        "profile.nightly.inherits": "strict",
        "profile.nightly.spark_conf": {"spark.sql.a": "nightly"},
        "user.ann.driver_memory": "768MiB",
        "user.ann.spark_conf": {"spark.sql.b": "ann", "spark.sql.c": "ann"},
        "user.ann.environment": {"TEAM": "ann"},
        "group.bi.spark_conf": {"spark.sql.b": "bi"}})


def test_a_profile_starts_with_what_it_inherits(own_gateway, user):
    conf = properties_of(own_gateway, engine_of(own_gateway, user, **{"x-foxfire-profile": "nightly"}))

    assert (conf["spark.sql.a"], conf["spark.sql.b"]) == ("nightly", "profile")


def test_the_users_section_counts_over_the_profile(own_gateway, user):
    engine = engine_of(own_gateway, "ann")
    conf = properties_of(own_gateway, engine)

    assert [conf[f"spark.sql.{name}"] for name in "abc"] == ["profile", "ann", "ann"]
    assert "-Xmx768m" in process_of(own_gateway, engine, "cmdline")
    assert "TEAM=ann" in process_of(own_gateway, engine, "environ")
    other = engine_of(own_gateway, user)
    assert properties_of(own_gateway, other)["spark.sql.b"] == "profile"
    assert "-Xmx1024m" in process_of(own_gateway, other, "cmdline")
    assert "TEAM=ann" not in process_of(own_gateway, other, "environ")


def test_the_groups_section_counts_for_the_groups_engine_only(own_gateway):
    own = engine_of(own_gateway, "bob", "bi")
    shared = engine_of(own_gateway, "bob", "bi", **{"x-foxfire-share-level": "group"})

    assert properties_of(own_gateway, own)["spark.sql.b"] == "profile"
    assert shared["key"].startswith("group:bi:")
    assert properties_of(own_gateway, shared)["spark.sql.b"] == "bi"


def test_clients_set_what_the_profile_allows(own_gateway):
    engine = engine_of(own_gateway, "ann", **{
        CONF + "spark.sql.c": "client",
        CONF + "spark.sql.adaptive.coalescepartitions.enabled": "false"})

    conf = properties_of(own_gateway, engine)
    assert (conf["spark.sql.b"], conf["spark.sql.c"]) == ("ann", "client")
    assert conf["spark.sql.adaptive.coalescePartitions.enabled"] == "false"


def test_settings_are_for_new_engines_and_no_part_of_the_key(own_gateway, user):
    first = engine_of(own_gateway, user, **{CONF + "spark.sql.c": "1"})

    second = engine_of(own_gateway, user, **{CONF + "spark.sql.c": "2"})

    assert second["engine_id"] == first["engine_id"]
    assert properties_of(own_gateway, second)["spark.sql.c"] == "1"


def test_settings_are_not_passed_on_as_metadata(own_gateway, user):
    answer = call(own_gateway, user, **{CONF + "spark.sql.c": "1", "x-mine": "1"})

    names = [name for name, _ in answer.echo["metadata"]]
    assert "x-mine" in names
    assert not [name for name in names if name.startswith(CONF)]


@pytest.mark.parametrize("headers, words", [
    ({CONF + "spark.jars": "x.jar"}, ["spark.jars", "client_conf", '"default"']),
    ({CONF + "spark.sql.c": "1", "x-foxfire-profile": "strict"}, ["spark.sql.c", '"strict"']),
    ({CONF + "spark.sql.c": "1", "x-foxfire-profile": "nightly"}, ["spark.sql.c", '"nightly"']),
    ({CONF + "spark.master": "yarn"}, ["spark.master", "client_conf"]),
])
def test_what_the_profile_does_not_allow_is_refused_with_words(own_gateway, user, headers, words):
    answer = call(own_gateway, user, **headers)

    assert answer.code == grpc.StatusCode.PERMISSION_DENIED
    assert all(word in answer.message for word in words), answer.message
    assert own_gateway.engines(user) == []


@pytest.mark.parametrize("headers", [
    {f"{CONF}spark.sql.c{i}": "1" for i in range(33)},
    {CONF + "spark.sql.c": "x" * 8192},
])
def test_too_many_settings_are_refused(own_gateway, user, headers):
    answer = call(own_gateway, user, **headers)

    assert answer.code == grpc.StatusCode.INVALID_ARGUMENT
    assert "x-foxfire-conf" in answer.message
    assert own_gateway.engines(user) == []


def test_a_known_session_is_not_asked_again(own_gateway, user):
    """They are looked at when an engine is chosen, and that is behind it."""
    token = own_gateway.token(user)
    with Client(own_gateway.target, token) as client:
        assert client.call("Config").code == grpc.StatusCode.OK
        with Client(own_gateway.target, token, session_id=client.session_id,
                    metadata=[(CONF + "spark.jars", "x.jar")]) as same:
            assert same.call("Config").code == grpc.StatusCode.OK
