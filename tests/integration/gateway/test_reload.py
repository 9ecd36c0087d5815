"""A changed configuration takes effect with SIGHUP, or not at all."""

import signal
import uuid

import grpc
import pytest

from foxfired import engine_key
from support.calls import Client
from support.fake_engine import FakeEngine
from support.gateway import to_toml
from support.waiting import eventually


def engine_of(gateway, user, *groups, **wishes):
    """The engine that answers the first call of a new session."""
    metadata = [(f"x-foxfire-{name}", value) for name, value in wishes.items()]
    with Client(gateway.target, gateway.token(user, *groups), metadata=metadata) as client:
        answer = client.call("Config")
    assert answer.code == grpc.StatusCode.OK, answer.message
    engine_id = answer.echo["engine"]["engine_id"]
    [engine] = [engine for engine in gateway.engines() if engine["engine_id"] == engine_id]
    return engine


def refusal_of(gateway, user, **wishes):
    metadata = [(f"x-foxfire-{name}", value) for name, value in wishes.items()]
    with Client(gateway.target, gateway.token(user), metadata=metadata) as client:
        answer = client.call("Config")
    assert answer.code != grpc.StatusCode.OK
    return answer


def properties_of(gateway, engine):
    return (gateway.var / "engines" / engine["engine_id"] / "engine.properties").read_text()


def hang_up(gateway, text, event):
    """Sends SIGHUP with a new file; returns the event that came of it."""
    known = {seen["seq"] for seen in gateway.events("--type", event)}
    gateway.config.write_text(text)
    gateway.process.send_signal(signal.SIGHUP)
    [new] = eventually(lambda: [seen for seen in gateway.events("--type", event)
                                if seen["seq"] not in known], what=event)
    return new


def reload(gateway, **settings):
    changed = {name.replace("__", "."): value for name, value in settings.items()}
    return hang_up(gateway, to_toml({**gateway.settings, **changed}), "config_reloaded")


@pytest.fixture
def own_gateway(make_gateway):
    return make_gateway({"profile.etl.spark_conf": {"spark.x": "before"}})


def test_a_changed_profile_counts_for_new_engines_only(own_gateway, user):
    old = engine_of(own_gateway, user, profile="etl")

    event = reload(own_gateway, profile__etl__spark_conf={"spark.x": "after"})
    same = engine_of(own_gateway, user, profile="etl")
    new = engine_of(own_gateway, f"{user}-new", profile="etl")

    assert "profile.etl" in event["detail"] and "after" not in event["detail"]
    assert same["engine_id"] == old["engine_id"]
    assert "spark.x=before" in properties_of(own_gateway, old)
    assert "spark.x=after" in properties_of(own_gateway, new)


def test_profiles_come_and_go(own_gateway, user):
    assert "there is no profile" in refusal_of(own_gateway, user, profile="new").message

    reload(own_gateway, profile__new__spark_conf={"spark.x": "new"})
    assert "spark.x=new" in properties_of(own_gateway, engine_of(own_gateway, user, profile="new"))

    hang_up(own_gateway, to_toml(own_gateway.settings), "config_reloaded")
    assert "there is no profile" in refusal_of(own_gateway, user, profile="new").message


def test_rules_of_users_groups_and_everybody_follow(own_gateway, user):
    reload(own_gateway, group__bi__share_level="group", engine__profile="etl",
           **{f"user__{user}__spark_conf": {"spark.y": "own"}})

    assert engine_of(own_gateway, "bea", "bi")["key"] == "group:bi:etl:default"
    own = engine_of(own_gateway, user)
    assert own["key"] == f"user:{user}:etl:default"
    assert "spark.y=own" in properties_of(own_gateway, own)
    assert own_gateway.cli("explain", "--user", "nobody")["key"] == "user:nobody:etl:default"


def test_a_forced_end_follows_the_owners_section_as_it_is_now(make_gateway, user, tmp_path):
    cluster = tmp_path / "cluster"
    gateway = make_gateway({
        "profile.far.launcher": "command", "profile.far.launch_command": ["true"],
        "profile.far.kill_command": ["sh", "-c", f"echo $CLUSTER > {cluster}"],
        "profile.far.environment": {"CLUSTER": "of the profile"}})
    with FakeEngine(tmp_path, run_as=user, key=engine_key(user, profile="far")) as engine:
        gateway.register(engine.record(), user, profile="far")
        reload(gateway, **{f"user__{user}__environment": {"CLUSTER": "of the user"}})

        killed = gateway.cli("engine", "kill", engine.engine_id, "--grace", "0s")

    assert (killed["forced"], killed["not_found"]) == (True, False)
    assert cluster.read_text() == "of the user\n"


def test_what_needs_a_restart_is_named_and_stays_as_it_was(own_gateway, user):
    event = reload(own_gateway, limits__engines=1, server__drain_timeout="7s",
                   profile__etl__driver_memory="2GiB")

    assert event["detail"] == "changed: profile.etl"
    for key in ("limits.engines", "server.drain_timeout"):
        assert f"{key} needs a restart" in own_gateway.log()
    assert "profile.etl needs" not in own_gateway.log()
    engines = {engine_of(own_gateway, f"{user}-{i}")["engine_id"] for i in range(2)}
    assert len(engines) == 2


@pytest.mark.parametrize("text, mistake", [
    ("[profile.etl]\ndriver_memry = '2GiB'\n", "did you mean driver_memory?"),
    ("[profile.etl]\nspark_home = '/nowhere'\n", "/nowhere: no such folder"),
    ("[profile.etl]\ninherits = 'nobody'\n", "there is no profile"),
    ("[profile.etl", "not TOML"),
    ("[user.ann.spark_conf]\n'spark.kubernetes.namespace' = 'x'\n", "set the profile's kubernetes_namespace"),
    ("[group.bi.spark_conf]\n'spark.jars.packages' = 'x:y:1'\n", "fetches no packages"),
    # What only the launcher finds.
    ("[profile.etl]\nqueue = 'etl'\n", "queue"),
])
def test_a_file_with_a_mistake_changes_nothing(make_gateway, user, text, mistake):
    gateway = make_gateway()
    wrong = to_toml({**gateway.settings, "profile.new.spark_conf": {"spark.x": "1"}}) + text

    event = hang_up(gateway, wrong, "config_rejected")

    assert mistake in event["detail"] and mistake in gateway.log()
    assert "stays as it was" in gateway.log()
    assert "there is no profile" in refusal_of(gateway, user, profile="new").message
    assert engine_of(gateway, user)["state"] == "ready"
    # A corrected one is taken.
    hang_up(gateway, to_toml({**gateway.settings, "profile.new.spark_conf": {"spark.x": "1"}}),
            "config_reloaded")
    engine_of(gateway, f"u{uuid.uuid4().hex[:8]}", profile="new")


def test_a_file_that_is_gone_changes_nothing(own_gateway, user):
    text = own_gateway.config.read_text()
    own_gateway.config.unlink()
    own_gateway.process.send_signal(signal.SIGHUP)

    eventually(lambda: own_gateway.events("--type", "config_rejected"))
    assert engine_of(own_gateway, user, profile="etl")["state"] == "ready"
    assert own_gateway.process.poll() is None
    assert hang_up(own_gateway, text, "config_reloaded")["detail"] == "changed: nothing"


def test_calls_go_on_while_it_is_read_again(own_gateway, user):
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        assert client.call("Config").code == grpc.StatusCode.OK
        for i in range(5):
            reload(own_gateway, profile__etl__spark_conf={"spark.x": str(i)})
            assert client.call("Config").code == grpc.StatusCode.OK
