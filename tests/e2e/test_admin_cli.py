"""The administrator's and the users' command line."""

import json
import os
import signal
import subprocess
import time

import pytest
from support.gateway import FOXFIRE
from support.waiting import wait_until

ENGINE_KEYS = ("engine_id key owner share_level profile subdomain state endpoint pid application_id spark_version "
               "sessions operations started_at idle_seconds rss_bytes run_as submission_id health "
               "registered").split()
SESSION_KEYS = "session_id user engine_id state created_at last_activity_at operations client end_reason".split()
EVENT_KEYS = "seq time type user session_id engine_id operation_id address detail".split()


def test_engine_list_shows_everything(connect, gateway):
    spark = connect("alice")
    spark.range(1).collect()

    engine = gateway.engine("alice")

    assert list(engine) == ENGINE_KEYS
    assert engine["key"] == "user:alice:default:default"
    assert engine["share_level"] == "user" and engine["subdomain"] == "default"
    assert engine["application_id"] == spark.conf.get("spark.app.id")
    assert engine["spark_version"] == spark.version
    assert engine["sessions"] >= 1
    assert engine["rss_bytes"] > 100 << 20
    assert engine["idle_seconds"] < 60
    assert engine["run_as"] == "alice" and engine["registered"] is False
    table = gateway.run_cli("engine", "list").stdout
    assert "alice" in table and engine["endpoint"] in table


def test_sessions_and_events_have_their_keys(connect, gateway):
    spark = connect("alice")
    spark.range(1).collect()

    [session] = [s for s in gateway.cli("session", "list") if s["session_id"] == spark.session_id]
    assert list(session) == SESSION_KEYS
    assert session["user"] == "alice" and session["state"] == "active" and "spark/" in session["client"]
    events = wait_until(lambda: gateway.events("--session", spark.session_id), 10, "events of the session")
    assert all(list(event) == EVENT_KEYS for event in events)


def test_killing_an_engine_says_what_it_ended(gateway, newcomer):
    spark = gateway.connect(newcomer)
    spark.range(1).collect()
    engine = gateway.engine(newcomer)

    done = gateway.run_cli("engine", "kill", engine["engine_id"], "--reason", "a test")

    assert done.returncode == 0, done.stderr
    assert engine["engine_id"] in done.stdout and "1 session" in done.stdout
    assert not os.path.exists(f"/proc/{engine['pid']}")
    assert gateway.engines(newcomer) == []
    asked = gateway.events("--engine", engine["engine_id"], "--type", "engine_kill_asked")
    assert "admin" in asked[0]["detail"] and "a test" in asked[0]["detail"]
    spark.client.close()


def test_an_engine_that_does_not_listen_is_killed_by_force(gateway, newcomer):
    spark = gateway.connect(newcomer)
    spark.range(1).collect()
    engine = gateway.engine(newcomer)
    os.kill(engine["pid"], signal.SIGSTOP)

    started = time.monotonic()
    done = gateway.run_cli("engine", "kill", engine["engine_id"], "--grace", "1s")

    assert done.returncode == 0, done.stderr
    assert "force" in done.stdout
    assert time.monotonic() - started < 30
    assert not os.path.exists(f"/proc/{engine['pid']}")
    spark.client.close()


def test_an_engine_is_started_ahead_and_drained(gateway, newcomer):
    started = gateway.cli("engine", "start", token=gateway.token(newcomer))["engine"]
    assert started["state"] == "ready" and started["sessions"] == 0
    first = gateway.connect(newcomer)
    assert first.sql("select current_user()").first()[0] == newcomer

    done = gateway.run_cli("engine", "drain", started["engine_id"], "--reason", "a test")

    assert done.returncode == 0 and "1 session" in done.stdout, done.stderr
    assert first.range(3).count() == 3, "its sessions go on"
    first.stop()
    wait_until(lambda: not os.path.exists(f"/proc/{started['pid']}"), 60, "the end of the engine")
    [event] = gateway.events("--engine", started["engine_id"], "--type", "engine_drain_asked")
    assert "admin" in event["detail"] and "a test" in event["detail"]


def test_users_see_and_kill_their_own_only(connect, gateway, newcomer):
    connect("alice").range(1).collect()
    alices = gateway.engine("alice")
    token = gateway.token(newcomer)

    assert gateway.cli("engine", "list", token=token) == []
    refused = gateway.run_cli("engine", "kill", alices["engine_id"], token=token)
    assert refused.returncode == 3
    assert len(refused.stderr.strip().splitlines()) == 1
    assert gateway.run_cli("token", "create", "--user", "eve", token=token).returncode == 3

    spark = gateway.connect(newcomer)
    spark.range(1).collect()
    [own] = gateway.cli("engine", "list", token=token)
    assert own["owner"] == newcomer
    assert gateway.run_cli("engine", "kill", own["engine_id"], token=token).returncode == 0
    spark.client.close()


@pytest.mark.parametrize("arguments, code", [
    (["engine", "show", "00000000-0000-0000-0000-000000000000"], 4),
    (["engine", "kill", "00000000-0000-0000-0000-000000000000"], 4),
    (["token", "revoke", "00000000-0000-0000-0000-000000000000"], 4),
    (["engine", "drain", "00000000-0000-0000-0000-000000000000"], 4),
    (["engine", "unregister", "00000000-0000-0000-0000-000000000000"], 4),
    (["engine", "register", "--endpoint", "127.0.0.1:1", "--user", "eve"], 1),
    (["engine", "register", "--endpoint", "somewhere:1", "--user", "eve"], 2),
    (["engine", "register", "--endpoint", "127.0.0.1:1"], 2),
    (["engine", "dance"], 2),
    (["token", "create"], 2),
    (["event", "list", "--since", "yesterday"], 2),
])
def test_exit_codes(gateway, arguments, code):
    done = gateway.run_cli(*arguments)

    assert done.returncode == code, done.stderr
    assert done.stderr.strip() and not done.stdout.strip()


def test_a_server_that_is_not_there_is_one_clear_line(gateway):
    done = subprocess.run([FOXFIRE, "--server", "127.0.0.1:1", "--token-file", gateway.var / "tokens" / "admin",
                           "engine", "list"], capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_engine_logs(connect, gateway):
    connect("alice").range(1).collect()

    engine_id = gateway.engine("alice")["engine_id"]
    done = gateway.run_cli("engine", "logs", engine_id, "--lines", "10000")

    assert done.returncode == 0 and "foxfire-engine: registered" in done.stdout


def test_closing_a_session(connect, gateway):
    spark = connect("alice")
    spark.range(1).collect()

    done = gateway.run_cli("session", "close", spark.session_id)

    assert done.returncode == 0, done.stderr
    with pytest.raises(Exception, match="SESSION_CHANGED"):
        spark.range(1).collect()


def test_token_create_prints_a_string_that_works(gateway):
    made = gateway.cli("token", "create", "--user", "alice", "--ttl", "1h")

    assert made["connection_string"] == f"sc://localhost:{gateway.port}/;token={made['token']}"
    spark = gateway.connect_url(made["connection_string"])
    assert spark.sql("select current_user()").first()[0] == "alice"
    spark.stop()
    listed = json.dumps(gateway.cli("token", "list"))
    assert made["token_id"] in listed and made["token"] not in listed
