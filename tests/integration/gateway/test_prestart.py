"""Engines that are started ahead of their users, with fake ones."""

import contextlib
import signal
import sqlite3
import time
import uuid

from foxfired import engine_key
from support.calls import Client
from support.gateway import to_toml
from support.waiting import eventually

WEEK = 7 * 24 * 3600


def came(gateway, user, minutes):
    """Writes sessions of one and two weeks ago, so many minutes after the time that it is now."""
    with contextlib.closing(sqlite3.connect(gateway.var / "foxfire.db")) as db, db:
        for weeks in (1, 2):
            at = int((time.time() - weeks * WEEK + minutes * 60) * 1000)
            db.execute("INSERT INTO sessions (user, session_id, engine_id, engine_key, state, created_at_ms,"
                       " last_activity_at_ms, operations, client, end_reason)"
                       " VALUES (?, ?, '', ?, 'closed', ?, ?, 0, '', '')",
                       (user, str(uuid.uuid4()), engine_key(user), at, at))


def with_history(gateway, minutes_of):
    """Starts the gateway again, and everybody has come at such a time before."""
    for user in minutes_of:
        gateway.token(user)
    gateway.stop()
    for user, minutes in minutes_of.items():
        came(gateway, user, minutes)
    gateway.start()


def test_an_engine_is_there_before_its_user_comes(make_gateway, user):
    other = f"{user}-other"
    gateway = make_gateway({f"user.{user}.prestart": True})

    with_history(gateway, {other: 2, user: 5})

    [engine] = eventually(lambda: gateway.registered(user), what="the engine")
    [event] = gateway.events("--type", "engine_prestarted")
    assert event["user"] == user and "in 2 of the last 4 weeks" in event["detail"]
    assert gateway.metric("foxfire_engine_prestarts_total") == 1
    with Client(gateway.target, gateway.token(user)) as client:
        assert client.call("Config").echo["engine"]["engine_id"] == engine["engine_id"]
    # The other one would have come first.
    assert gateway.launched() == [engine["engine_id"]]
    assert gateway.cli("explain", "--user", user)["prestart"] is True
    assert gateway.cli("explain", "--user", other)["prestart"] is False


def test_it_can_be_switched_on_while_the_gateway_runs(make_gateway, user):
    gateway = make_gateway()
    with_history(gateway, {user: 5})
    assert gateway.metric("foxfire_engine_prestarts_total") == 0

    gateway.config.write_text(to_toml({**gateway.settings, "engine.prestart": True}))
    gateway.process.send_signal(signal.SIGHUP)

    eventually(lambda: gateway.registered(user), what="the engine")
    [switched] = gateway.events("--type", "config_reloaded")
    [started] = gateway.events("--type", "engine_prestarted")
    assert switched["detail"] == "changed: engine.prestart"
    assert [e["engine_id"] for e in gateway.engines()] == gateway.launched()
    assert len(gateway.launched()) == 1 and started["user"] == user
