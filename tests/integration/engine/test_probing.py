"""What a gateway's health probe does to an engine: nothing (server/probe asks the same way). And what
an engine says to a client that came to the wrong one."""

import uuid

import grpc

from support import calls, wire
from support.waiting import wait_until

PROBE_USER = "foxfire-probe"


def prober(engine):
    return calls.Client(f"127.0.0.1:{engine.port()}", token=engine.secret, user_id=PROBE_USER,
                        session_id=str(uuid.uuid4()))


def test_a_probe_is_answered_makes_no_session_and_is_not_logged(make_engine):
    engine = make_engine().start_and_register()
    log = engine.log()

    with prober(engine) as client:
        for _ in range(3):
            assert client.call("ReleaseSession").code == grpc.StatusCode.OK
        assert engine.log() == log
        # This one needs a session that there is, and tells one that has been closed apart.
        answer = client.call("ReleaseExecute")

    assert "[INVALID_HANDLE.SESSION_NOT_FOUND]" in answer.message, answer


def test_an_engine_that_is_probed_all_the_time_still_ends_when_idle(make_engine):
    engine = make_engine(settings={"foxfire.idle.ms": 2000}).start_and_register()
    codes = []

    with prober(engine) as client:

        def probe_until_it_ends():
            codes.append(client.call("ReleaseSession", timeout=5).code)
            return engine.process.poll() is not None

        wait_until(probe_until_it_ends, 60, "the end of the engine", engine.log)

    assert engine.await_exit() == 0
    assert engine.events("stopping")[0]["reason"] == "idle"
    assert codes.count(grpc.StatusCode.OK) >= 3, codes


def test_a_probe_with_another_secret_is_an_answer_too(make_engine):
    engine = make_engine().start_and_register()

    with calls.Client(f"127.0.0.1:{engine.port()}", token="another") as client:
        assert client.call("ReleaseSession").code == grpc.StatusCode.UNAUTHENTICATED


def test_a_client_that_has_observed_another_server_hears_that_its_session_has_changed(make_engine):
    """What a gateway relies on that guesses an engine while ZooKeeper is away (docs/decisions.md)."""
    engine = make_engine().start_and_register()
    with prober(engine) as client:
        get_all = wire.bytes_field(3, wire.bytes_field(5, b""))
        answer = client.call("Config", [
            wire.request("Config", client.session_id, "alice", observed=str(uuid.uuid4())) + get_all])

    assert answer.code == grpc.StatusCode.INTERNAL, answer
    assert "[INVALID_HANDLE.SESSION_CHANGED]" in answer.message, answer
