"""Engines that somebody else has started: registered, used, lost, and taken out again."""

import pathlib
import subprocess
import sys

import grpc
import pytest

from foxfired import engine_key
from support import wire
from support.calls import Client
from support.fake_engine import FakeEngine
from support.ports import free_port
from support.waiting import eventually

# Soon enough for a test, and far from what a busy machine needs for an answer.
SETTINGS = {
    "engine.probe_interval": "1s",
    "profile.prod.driver_memory": "512MiB",
    "route.data-prod.team": "data",
    "route.data-prod.environment": "prod",
    "route.data-prod.group": "data",
    "route.data-prod.profile": "prod",
}


@pytest.fixture
def own_gateway(make_gateway):
    return make_gateway(SETTINGS)


@pytest.fixture
def start_engine(tmp_path):
    """Starts engines that nobody has registered."""
    made = []

    def start(**options):
        made.append(FakeEngine(tmp_path, **options))
        return made[-1]

    yield start
    for engine in made:
        if engine.process.poll() is None:
            engine.kill()


def token_file(engine):
    path = pathlib.Path(engine.log).with_suffix(".token")
    path.write_text(engine.secret)
    path.chmod(0o600)
    return str(path)


def register(gateway, engine, *whose):
    """Its id, once the gateway has seen it."""
    made = gateway.cli("engine", "register", "--endpoint", engine.endpoint,
                       "--engine-token-file", token_file(engine), *whose)
    eventually(lambda: made["engine_id"] in [e["engine_id"] for e in gateway.engines()])
    return made["engine_id"]


def health_of(gateway, engine_id):
    found = [e for e in gateway.engines() if e["engine_id"] == engine_id]
    return (found[0]["state"], found[0]["health"]) if found else ("", None)


def everything_in(zookeeper, path):
    """The data of all nodes below, and their names."""
    found = [path.encode(), zookeeper.get(path)[0] or b""]
    for name in zookeeper.get_children(path):
        found += everything_in(zookeeper, f"{path.rstrip('/')}/{name}")
    return found


def seen_by(client, method="Config", **options):
    """The id, given to it by itself, of the engine that answered."""
    return client.call(method, **options).echo["engine"]["engine_id"]


def test_sessions_go_to_a_registered_engine(own_gateway, start_engine, user):
    engine = start_engine()
    engine_id = register(own_gateway, engine, "--user", user)

    with Client(own_gateway.target, own_gateway.token(user)) as client:
        assert seen_by(client) == engine.engine_id

    assert own_gateway.launched() == []
    shown = own_gateway.cli("engine", "show", engine_id)
    assert shown["registered"] is True and shown["endpoint"] == engine.endpoint
    assert shown["run_as"] == user and shown["key"] == engine_key(user)
    eventually(lambda: health_of(own_gateway, engine_id) == ("ready", "ok"))
    [event] = own_gateway.events("--type", "engine_registered")
    assert event["engine_id"] == engine_id


def test_the_token_is_nowhere_to_be_read(own_gateway, start_engine, user):
    engine = start_engine()
    register(own_gateway, engine, "--user", user)
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        seen_by(client)

    secret = engine.secret.encode()
    nodes = everything_in(own_gateway.cluster.client, own_gateway.root)
    assert any(engine.endpoint.encode() in data for data in nodes)
    assert not any(secret in data for data in nodes)
    assert engine.secret not in own_gateway.log()
    written = [path.read_bytes() for path in own_gateway.var.rglob("*") if path.is_file()]
    assert not any(secret in data for data in written)


def test_a_wrong_token_is_refused(own_gateway, start_engine, user, tmp_path):
    engine = start_engine()
    wrong = tmp_path / "wrong"
    wrong.write_text("not-its-token")

    with_wrong = own_gateway.run_cli("engine", "register", "--endpoint", engine.endpoint,
                                     "--user", user, "--engine-token-file", str(wrong))
    without = own_gateway.run_cli("engine", "register", "--endpoint", engine.endpoint, "--user", user)

    assert with_wrong.returncode == 1 and "does not take the token" in with_wrong.stderr
    assert "not-its-token" not in with_wrong.stderr
    assert without.returncode == 1 and "asks for a token" in without.stderr
    assert own_gateway.registered(user) == []


def test_an_endpoint_without_an_engine_is_refused(own_gateway, start_engine, user):
    engine = start_engine()
    engine.kill()

    done = own_gateway.run_cli("engine", "register", "--endpoint", engine.endpoint, "--user", user)

    assert done.returncode == 1 and engine.endpoint in done.stderr
    assert own_gateway.registered(user) == []


def test_an_engine_that_asks_for_no_token_is_sent_none(own_gateway, start_engine, user):
    engine = start_engine(secret="")
    made = own_gateway.cli("engine", "register", "--endpoint", engine.endpoint, "--user", user)
    eventually(lambda: health_of(own_gateway, made["engine_id"]) == ("ready", "ok"))

    with Client(own_gateway.target, own_gateway.token(user)) as client:
        assert seen_by(client) == engine.engine_id


def test_only_administrators_register(own_gateway, start_engine, user):
    engine = start_engine()

    done = own_gateway.run_cli("engine", "register", "--endpoint", engine.endpoint, "--user", user,
                               "--engine-token-file", token_file(engine),
                               token=own_gateway.token(user))

    assert done.returncode == 3
    assert own_gateway.registered(user) == []


def test_only_administrators_take_one_out(own_gateway, start_engine, user):
    engine_id = register(own_gateway, start_engine(), "--user", user)

    done = own_gateway.run_cli("engine", "kill", engine_id, token=own_gateway.token(user))

    assert done.returncode != 0 and "admin" in done.stderr
    assert [engine["engine_id"] for engine in own_gateway.engines()] == [engine_id]


def test_when_one_of_two_dies_new_sessions_go_to_the_other(own_gateway, start_engine, user):
    engines = [start_engine(), start_engine()]
    for engine in engines:
        register(own_gateway, engine, "--user", user)
    by_id = {engine.engine_id: engine for engine in engines}

    with Client(own_gateway.target, own_gateway.token(user)) as client:
        first = seen_by(client)
        by_id[first].kill()
        answer = client.call("Config")
        assert answer.code == grpc.StatusCode.INTERNAL, answer.message
        assert "SESSION_CHANGED" in answer.message

    [other] = [engine_id for engine_id in by_id if engine_id != first]
    for _ in range(5):
        with Client(own_gateway.target, own_gateway.token(user)) as client:
            assert seen_by(client) == other
    assert own_gateway.launched() == []


def test_one_that_comes_back_is_used_again(own_gateway, start_engine, user):
    port = str(free_port())
    engine = start_engine(options=["--port", port])
    engine_id = register(own_gateway, engine, "--user", user)
    engine.kill()
    eventually(lambda: health_of(own_gateway, engine_id)[0] == "dead")

    again = start_engine(secret=engine.secret, options=["--port", port])

    eventually(lambda: health_of(own_gateway, engine_id) == ("ready", "ok"))
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        assert seen_by(client) == again.engine_id


def test_a_dead_one_is_shown_and_can_be_unregistered(own_gateway, start_engine, user):
    engine = start_engine()
    engine_id = register(own_gateway, engine, "--user", user)

    engine.kill()

    eventually(lambda: health_of(own_gateway, engine_id)[0] == "dead")
    assert own_gateway.cli("engine", "unregister", engine_id)["engine_id"] == engine_id
    eventually(lambda: own_gateway.engines() == [])
    assert own_gateway.registered(user) == []


@pytest.mark.parametrize("verb", ["unregister", "kill"])
def test_taking_one_out_ends_its_sessions_and_leaves_it_running(own_gateway, start_engine, user, verb):
    engine = start_engine()
    engine_id = register(own_gateway, engine, "--user", user)
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        assert seen_by(client) == engine.engine_id

        done = own_gateway.run_cli("engine", verb, engine_id)

        assert done.returncode == 0, done.stderr
        assert "still runs" in done.stdout
        eventually(lambda: "SESSION_CHANGED" in client.call("Config").message)
    assert engine.process.poll() is None
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        assert seen_by(client) != engine.engine_id


def test_every_gateway_of_the_cluster_uses_it(own_gateway, make_gateway, start_engine, user):
    second = make_gateway({**SETTINGS, "auth.token_file": f"{own_gateway.var}/tokens.json",
                           "server.cluster_secret_file": f"{own_gateway.var}/cluster.secret"},
                          root=own_gateway.root)
    engine = start_engine()
    register(own_gateway, engine, "--user", user)
    token = own_gateway.token(user)

    with Client(second.target, token) as client:
        eventually(lambda: client.call("ReleaseExecute").code != grpc.StatusCode.UNAUTHENTICATED)
        assert seen_by(client) == engine.engine_id
    assert second.launched() == []


def setting(key, value):
    return wire.bytes_field(1, wire.bytes_field(1, key) + wire.bytes_field(2, value))


def config_set(session_id, settings):
    """What a client's builder sends first when it was given options."""
    pairs = b"".join(setting(key, value) for key, value in settings.items())
    return wire.request("Config", session_id) + wire.bytes_field(3, wire.bytes_field(1, pairs))


def test_headers_lead_to_the_engine_of_a_team(own_gateway, start_engine, user):
    engine = start_engine()
    register(own_gateway, engine, "--group", "data", "--profile", "prod")
    headers = [("x-team", "data"), ("x-environment", "prod")]

    with Client(own_gateway.target, own_gateway.token(user, "data"), metadata=headers) as client:
        assert seen_by(client) == engine.engine_id
    with Client(own_gateway.target, own_gateway.token("mallory", "others"),
                metadata=headers) as client:
        refused = client.call("Config")
    assert refused.code == grpc.StatusCode.PERMISSION_DENIED
    assert "[route.<name>]" in refused.message


def test_options_of_a_builder_lead_there_too(own_gateway, start_engine, user):
    engine = start_engine()
    register(own_gateway, engine, "--group", "data", "--profile", "prod")
    token = own_gateway.token(user, "data")
    options = {"spark.sql.shuffle.partitions": "8", "spark.connect.grpc.header.x-team": "data",
               "spark.connect.grpc.header.x-environment": "prod"}

    with Client(own_gateway.target, token) as client:
        assert seen_by(client, requests=[config_set(client.session_id, options)]) == engine.engine_id
        assert seen_by(client) == engine.engine_id, "the session stays there"
    with Client(own_gateway.target, token) as client:
        elsewhere = seen_by(client)
        assert elsewhere != engine.engine_id
        late = seen_by(client, requests=[config_set(client.session_id, options)])
        assert late == elsewhere, "a session stays where it is"


BUILDER = """
import sys
from pyspark.sql.connect.session import SparkSession
(SparkSession.builder.remote(sys.argv[1]).config("spark.connect.grpc.header.x-team", "data")
 .config("spark.connect.grpc.header.x-environment", "prod").create())
"""


def test_pyspark_s_builder_sends_its_options_first(own_gateway, start_engine, user):
    engine = start_engine()
    register(own_gateway, engine, "--group", "data", "--profile", "prod")
    own_gateway.token(user, "data")

    # A process of its own: PySpark tries again for minutes, as a fake engine's answer is none to it.
    builder = subprocess.Popen([sys.executable, "-c", BUILDER, own_gateway.url(user)],
                               stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: engine.counters.of("Config")["calls"] >= 1)
    finally:
        builder.kill()
        builder.wait(30)

    assert own_gateway.launched() == []


def test_an_engine_is_started_ahead_of_its_first_session(own_gateway, user):
    token = own_gateway.token(user)

    started = own_gateway.cli("engine", "start", token=token)

    assert started["key"] == engine_key(user) and started["engine"]["state"] == "ready"
    assert own_gateway.launched() == [started["engine"]["engine_id"]]
    again = own_gateway.cli("engine", "start", "--user", user)
    assert again["engine"]["engine_id"] == started["engine"]["engine_id"]
    with Client(own_gateway.target, token) as client:
        assert seen_by(client) == started["engine"]["engine_id"]


def test_a_launch_that_failed_is_in_the_list(own_gateway, user):
    own_gateway.script_launches(failure="no such catalog")

    done = own_gateway.run_cli("engine", "start", "--user", user)

    assert done.returncode == 1 and "no such catalog" in done.stderr
    [failure] = own_gateway.cli("engine", "list", "--failures")
    assert failure["key"] == engine_key(user) and failure["count"] == 1
    assert "no such catalog" in failure["why"]
    assert "no such catalog" in own_gateway.run_cli("engine", "list").stdout


def test_a_drained_engine_gets_no_new_sessions(own_gateway, user):
    token = own_gateway.token(user)
    with Client(own_gateway.target, token) as client:
        drained = seen_by(client)

        done = own_gateway.run_cli("engine", "drain", drained, "--grace", "10m", token=token)

        assert done.returncode == 0, done.stderr
        assert "1 session" in done.stdout
        with Client(own_gateway.target, token) as newcomer:
            assert seen_by(newcomer) != drained
        assert seen_by(client) == drained, "its own sessions go on"
