"""Who gets which engine: the rules of the configuration, and what clients ask for within them."""

import uuid

import grpc
import pytest

from support.calls import Client
from support.waiting import eventually

LINGER = "engine.connection_linger"


def wish(**headers):
    return [(f"x-foxfire-{name.replace('_', '-')}", value) for name, value in headers.items()]


def client_of(gateway, user, *groups, **headers):
    return Client(gateway.target, gateway.token(user, *groups), metadata=wish(**headers))


def engine_of(gateway, user, *groups, **headers):
    """The engine that answers the first call of a new session, as `engine list` shows it."""
    with client_of(gateway, user, *groups, **headers) as client:
        answer = client.call("Config")
    assert answer.code == grpc.StatusCode.OK, answer.message
    engine_id = answer.echo["engine"]["engine_id"]
    [engine] = [engine for engine in gateway.engines() if engine["engine_id"] == engine_id]
    return engine


@pytest.fixture
def sharing_gateway(make_gateway):
    return make_gateway({
        "engine.client_share_levels": ["connection"], LINGER: "50ms",
        "profile.etl.driver_memory": "2GiB", "profile.big.driver_memory": "4GiB",
        "group.bi.share_level": "group", "group.bi.profile": "etl", "group.bi.client_profiles": [],
        'user."ann@example.com".share_level': "server"})


def test_members_of_a_group_share_its_engine(sharing_gateway):
    engines = [engine_of(sharing_gateway, user, "staff", "bi") for user in ("alice", "bob")]

    assert engines[0]["engine_id"] == engines[1]["engine_id"]
    assert engines[0]["key"] == "group:bi:etl:default"
    # A user of that name is somebody else.
    assert engine_of(sharing_gateway, "bi")["key"] == "user:bi:default:default"


def test_a_users_own_rules_count_before_those_of_a_group(sharing_gateway):
    engine = engine_of(sharing_gateway, "ann@example.com", "bi")

    assert engine["key"] == "server:foxfire:default:default"


def test_each_session_of_share_level_connection_has_an_engine_that_ends_with_it(sharing_gateway, user):
    with client_of(sharing_gateway, user, share_level="connection") as first, \
            client_of(sharing_gateway, user, share_level="connection") as second:
        engines = [client.call("Config").echo["engine"]["engine_id"] for client in (first, second)]
        assert len(set(engines)) == 2

        assert first.call("ReleaseSession").code == grpc.StatusCode.OK

        eventually(lambda: [e["engine_id"] for e in sharing_gateway.engines(
            f"{user}/{first.session_id}")] == [], what="the first one's engine is gone")
        assert second.call("Config").echo["engine"]["engine_id"] == engines[1]
    [stopped] = eventually(lambda: sharing_gateway.events("--engine", engines[0], "--type", "engine_stopped"))
    [asked] = sharing_gateway.events("--engine", engines[0], "--type", "engine_kill_asked")
    assert "its session has ended" in asked["detail"] and stopped["seq"] > asked["seq"]


def test_an_engine_whose_session_has_been_cloned_lives_as_long_as_the_clone(make_gateway, user):
    gateway = make_gateway({"engine.share_level": "connection", LINGER: "50ms"})
    with client_of(gateway, user) as original:
        engine = original.call("Config").echo["engine"]["engine_id"]
        clone_id = str(uuid.uuid4())
        # The fake engine's echo is no CloneSessionResponse, so the clone is bound by hand.
        gateway.cluster.put(f"{gateway.root}/sessions/{user}/{clone_id}", {
            "schema": 1, "user": user, "session_id": clone_id, "engine_id": engine,
            "engine_key": f"connection:{user}%2F{original.session_id}:default:default",
            "created_at": "2026-11-21T06:12:00Z"})
        with Client(gateway.target, gateway.token(user), session_id=clone_id) as clone:
            assert clone.call("Config").echo["engine"]["engine_id"] == engine

            original.call("ReleaseSession")
            eventually(lambda: gateway.events("--session", original.session_id, "--type", "session_closed"))
            assert clone.call("Config").echo["engine"]["engine_id"] == engine
            clone.call("ReleaseSession")

        eventually(lambda: gateway.engines() == [], what="the engine is gone")


@pytest.mark.parametrize("headers, words", [
    ({"share_level": "server"}, "client_share_levels"),
    ({"share_level": "nobody"}, "connection, user, group or server"),
    ({"profile": "nope"}, "there is no profile"),
])
def test_what_the_rules_do_not_allow_is_refused_with_words(sharing_gateway, user, headers, words):
    with client_of(sharing_gateway, user, **headers) as client:
        answer = client.call("Config")

    assert answer.code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT)
    assert words in answer.message
    assert sharing_gateway.engines(user) == []


def test_a_group_may_be_kept_to_its_profile(sharing_gateway):
    with client_of(sharing_gateway, "carol", "bi", profile="big") as client:
        answer = client.call("Config")

    assert answer.code == grpc.StatusCode.PERMISSION_DENIED and "client_profiles" in answer.message


def explain(gateway, *arguments, token=None):
    return gateway.cli("explain", *arguments, token=token)


def test_explain_says_which_engine_and_why(sharing_gateway, user):
    engine = engine_of(sharing_gateway, "alice", "bi")

    running = explain(sharing_gateway, "--user", "alice")
    other = explain(sharing_gateway, "--user", "alice", "--subdomain", "nightly")
    nobody = explain(sharing_gateway, "--user", "nobody", "--group", "x", "--profile", "big",
                     "--share-level", "connection")
    own = explain(sharing_gateway, token=sharing_gateway.token(user))

    assert running == {"user": "alice", "groups": ["bi"], "rules": "[group.bi]", "key": engine["key"],
                       "run_as": "bi", "engine_id": engine["engine_id"],
                       "outcome": "new sessions go to this engine", "prestart": False}
    assert other["key"] == "group:bi:etl:nightly" and other["engine_id"] is None
    assert other["outcome"] == "none is running; the first call starts one"
    assert nobody["rules"] == "[engine]" and nobody["run_as"] == "nobody"
    assert nobody["key"] == "connection:nobody%2Fnew-session:big:default"
    assert own["key"] == f"user:{user}:default:default"
    assert [e["engine_id"] for e in sharing_gateway.engines()] == [engine["engine_id"]]


def test_explain_tells_what_a_launch_would_wait_for(make_gateway, user):
    gateway = make_gateway({"limits.engines": 1})
    engine_of(gateway, user)

    outcome = explain(gateway, "--user", "late")["outcome"]

    assert outcome.startswith("none is running, and a launch would wait for room: 1 engines")
    assert "limits.engines" in outcome


@pytest.mark.parametrize("arguments, words", [
    (["--user", "somebody-else"], "only the admin role sees"),
    (["--group", "bi"], "only the admin role asks for other groups"),
    (["--profile", "nope"], "there is no profile"),
    (["--share-level", "server"], "client_share_levels"),
])
def test_explain_refuses_what_the_call_would_be_refused(sharing_gateway, user, arguments, words):
    done = sharing_gateway.run_cli("explain", *arguments, token=sharing_gateway.token(user))

    assert done.returncode != 0 and words in done.stderr, done.stderr
