"""From no engine to an engine, and every way in which that fails."""

import contextlib
import os
import time

import grpc
import pytest

from support import wire
from support.calls import Client, in_parallel
from support.waiting import eventually


@pytest.fixture
def own_gateway(make_gateway):
    """One whose launches nobody else counts or scripts."""
    return make_gateway({"engine.launch_backoff": "0s"})


@pytest.fixture
def own_client(own_gateway, user):
    with Client(own_gateway.target, own_gateway.token(user)) as client:
        yield client


def pids_of(gateway):
    pids = []
    for file in gateway.var.glob("engines/*/pid"):
        with contextlib.suppress(FileNotFoundError):  # it has ended
            pids.append(int(file.read_text().split()[0]))
    return pids


def test_ten_first_calls_at_once_start_one_engine_and_are_all_answered(own_gateway, user):
    def first_call(_):
        with Client(own_gateway.target, own_gateway.token(user)) as client:
            return client.call("Config").echo["engine"]["engine_id"]

    own_gateway.token(user)

    engines = in_parallel(10, first_call)

    assert own_gateway.launched() == [engines[0]]
    assert len(set(engines)) == 1


def test_ten_users_at_once_get_ten_engines(own_gateway, user):
    users = [f"{user}-{i}" for i in range(10)]
    for name in users:
        own_gateway.token(name)

    def first_call(index):
        with Client(own_gateway.target, own_gateway.token(users[index])) as client:
            return client.call("Config").echo["engine"]

    engines = in_parallel(10, first_call)

    assert [engine["run_as"] for engine in engines] == users
    assert len({engine["engine_id"] for engine in engines}) == 10


@pytest.mark.parametrize("method", wire.LAUNCHING)
def test_a_first_call_starts_an_engine(own_gateway, own_client, method):
    assert own_client.call(method).code == grpc.StatusCode.OK
    assert len(own_gateway.launched()) == 1


@pytest.mark.parametrize("method", wire.NEVER_LAUNCHING)
def test_what_only_looks_or_lets_go_starts_no_engine(own_gateway, own_client, method):
    answer = own_client.call(method)

    assert own_gateway.launched() == []
    assert answer.code == grpc.StatusCode.NOT_FOUND
    assert answer.status_details.message == answer.message
    # Clients execute again on either of them.
    assert "SESSION_NOT_FOUND" not in answer.message
    assert "OPERATION_NOT_FOUND" not in answer.message


def test_the_engine_runs_as_its_owner_and_was_told_its_key(own_client, user):
    engine = own_client.call("Config").echo["engine"]

    assert (engine["run_as"], engine["key"]) == (user, f"user:{user}:default:default")


def test_names_with_odd_characters_are_encoded(own_gateway):
    name = "eve.o'hara@example.com"
    with Client(own_gateway.target, own_gateway.token(name)) as client:
        echo = client.call("Config").echo

    assert echo["engine"]["key"] == "user:eve.o%27hara%40example.com:default:default"
    assert echo["messages"][0]["user_id"] == name


def test_each_subdomain_has_an_engine_of_its_own(own_gateway, user):
    def engine_of(subdomain):
        metadata = [("x-foxfire-subdomain", subdomain)]
        with Client(own_gateway.target, own_gateway.token(user), metadata=metadata) as client:
            return client.call("Config").echo["engine"]

    assert engine_of("nightly")["key"] == f"user:{user}:default:nightly"
    assert engine_of("nightly")["engine_id"] == engine_of("nightly")["engine_id"]
    assert engine_of("nightly")["engine_id"] != engine_of("default")["engine_id"]


def test_a_call_is_held_until_its_engine_is_there(own_gateway, own_client, tmp_path):
    own_gateway.script_launches(wait_for_file=str(tmp_path / "go"))
    request = own_client.request("ExecutePlan", ballast=3 << 20)
    call = own_client.start("ExecutePlan", [request])
    eventually(lambda: len(own_gateway.launched()) == 1)
    assert not call.rpc.done()

    (tmp_path / "go").touch()

    answer = call.finish()
    assert answer.code == grpc.StatusCode.OK
    assert answer.echo["messages"][0]["size"] > 3 << 20


def test_a_failed_launch_shows_the_end_of_the_log_and_no_secret(own_gateway, own_client):
    log = "".join(f"line {i}\n" for i in range(200)) + "token {secret} and\n"
    own_gateway.script_launches(log=log, failure="java heap space: give it more memory")

    answer = own_client.call("Config")

    assert answer.code == grpc.StatusCode.FAILED_PRECONDITION
    assert "foxfire-engine: FAILED: java heap space: give it more memory" in answer.message
    assert "line 199" in answer.message
    assert "line 100\n" not in answer.message
    assert "exit status 1" in answer.message
    [engine_id] = own_gateway.launched()
    secret = own_gateway.engine_secret(engine_id)
    assert secret in (own_gateway.var / "engines" / engine_id / "engine.log").read_text()
    assert secret not in answer.message
    assert secret not in own_gateway.log()
    assert answer.status_details.message == answer.message


def test_every_caller_of_a_failed_launch_hears_why(own_gateway, own_client, tmp_path):
    own_gateway.script_launches(wait_for_file=str(tmp_path / "go"), failure="no luck today")
    calls = [own_client.start("Config") for _ in range(5)]
    eventually(lambda: len(own_gateway.launched()) == 1)

    (tmp_path / "go").touch()

    answers = [call.finish() for call in calls]
    assert {answer.code for answer in answers} == {grpc.StatusCode.FAILED_PRECONDITION}
    assert all("no luck today" in answer.message for answer in answers)
    assert len(own_gateway.launched()) == 1


def test_after_a_failed_launch_the_next_call_tries_again(own_gateway, own_client):
    own_gateway.script_launches(failure="no luck today")
    assert own_client.call("Config").code == grpc.StatusCode.FAILED_PRECONDITION

    own_gateway.script_launches()

    assert own_client.call("Config").code == grpc.StatusCode.OK


def test_a_failed_launch_is_not_repeated_within_the_backoff(make_gateway, user):
    gateway = make_gateway({"engine.launch_backoff": "1h"})
    gateway.script_launches(failure="no luck today")
    with Client(gateway.target, gateway.token(user)) as client:
        answers = [client.call("Config") for _ in range(5)]

    assert {answer.code for answer in answers} == {grpc.StatusCode.FAILED_PRECONDITION}
    assert len({answer.message for answer in answers}) == 1
    assert len(gateway.launched()) == 1


def test_the_backoff_of_one_user_does_not_hold_up_another(make_gateway, user):
    gateway = make_gateway({"engine.launch_backoff": "1h"})
    gateway.script_launches(failure="no luck today")
    with Client(gateway.target, gateway.token(user)) as client:
        client.call("Config")
    gateway.script_launches()

    with Client(gateway.target, gateway.token(f"{user}-2")) as client:
        assert client.call("Config").code == grpc.StatusCode.OK


def test_an_engine_that_never_registers_is_given_up_and_ended(make_gateway, user):
    gateway = make_gateway({"engine.launch_timeout": "1s"})
    gateway.script_launches(registers=False)
    with Client(gateway.target, gateway.token(user)) as client:
        began = time.monotonic()
        answer = client.call("Config")

    assert answer.code == grpc.StatusCode.FAILED_PRECONDITION
    assert "engine.launch_timeout" in answer.message
    assert time.monotonic() - began < 10
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids_of(gateway)))


def test_a_client_that_gives_up_does_not_end_the_launch(own_gateway, own_client, tmp_path):
    own_gateway.script_launches(wait_for_file=str(tmp_path / "go"))
    call = own_client.start("Config")
    eventually(lambda: len(own_gateway.launched()) == 1)
    call.cancel()

    (tmp_path / "go").touch()

    assert own_client.call("Config").code == grpc.StatusCode.OK
    assert len(own_gateway.launched()) == 1


def test_the_deadline_of_a_held_call_counts(own_gateway, own_client, tmp_path):
    own_gateway.script_launches(wait_for_file=str(tmp_path / "go"))

    answer = own_client.call("Config", timeout=0.5)

    assert answer.code == grpc.StatusCode.DEADLINE_EXCEEDED
    (tmp_path / "go").touch()


def test_held_bytes_are_limited(make_gateway, user, tmp_path):
    gateway = make_gateway({"limits.held_bytes": "1MiB", "limits.message_bytes": "1MiB"})
    gateway.script_launches(wait_for_file=str(tmp_path / "go"))
    with Client(gateway.target, gateway.token(user)) as client:
        request = client.request("ExecutePlan", ballast=800_000)
        calls = [client.start("ExecutePlan", [request]) for _ in range(5)]
        eventually(lambda: any(call.rpc.done() for call in calls))
        (tmp_path / "go").touch()
        answers = [call.finish() for call in calls]

    codes = [answer.code for answer in answers]
    assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert all("limits.held_bytes" in answer.message for answer in answers
               if answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED)


def test_the_number_of_held_calls_is_limited(make_gateway, user, tmp_path):
    gateway = make_gateway({"limits.held_calls": 3})
    gateway.script_launches(wait_for_file=str(tmp_path / "go"))
    with Client(gateway.target, gateway.token(user)) as client:
        calls = [client.start("Config") for _ in range(8)]
        eventually(lambda: sum(call.rpc.done() for call in calls) == 5)
        (tmp_path / "go").touch()
        answers = [call.finish() for call in calls]

    refused = [answer for answer in answers if answer.code != grpc.StatusCode.OK]
    assert {answer.code for answer in refused} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert all("limits.held_calls" in answer.message for answer in refused)


def test_whoever_finds_no_room_waits_in_the_queue(make_gateway, user):
    gateway = make_gateway({"limits.engines": 1})
    with Client(gateway.target, gateway.token(user)) as first, \
            Client(gateway.target, gateway.token(f"{user}-2")) as second:
        engine = first.call("Config").echo["engine"]["engine_id"]
        call = second.start("Config")
        [waiting] = eventually(lambda: gateway.cli("engine", "queue"))
        assert waiting["place"] == 1 and waiting["callers"] == 1 and waiting["run_as"] == f"{user}-2"
        assert "limits.engines" in waiting["waits_for"]
        assert gateway.cli("engine", "queue", "--user", user) == []
        assert gateway.cli("engine", "queue", token=gateway.token(user)) == []
        assert gateway.cli("engine", "queue", token=gateway.token(f"{user}-2")) == [waiting]
        assert gateway.metric("foxfire_engine_launches_queued") == 1

        gateway.cli("engine", "kill", engine)

        assert call.finish().code == grpc.StatusCode.OK
    assert gateway.cli("engine", "queue") == []


def test_who_has_waited_for_room_too_long_is_told_to_come_again(make_gateway, user):
    gateway = make_gateway({"limits.engines": 1, "limits.queue_timeout": "100ms"})
    with Client(gateway.target, gateway.token(user)) as client:
        assert client.call("Config").code == grpc.StatusCode.OK

    with Client(gateway.target, gateway.token(f"{user}-2")) as client:
        answer = client.call("Config")

    assert answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "limits.engines" in answer.message and "limits.queue_timeout" in answer.message
    assert b"google.rpc.RetryInfo" in dict(answer.trailing)["grpc-status-details-bin"]


def test_the_secret_of_an_engine_is_nowhere_to_be_found(own_gateway, own_client, user):
    own_client.call("Config")
    record = own_gateway.record_of(user)
    secret = own_gateway.engine_secret(record["engine_id"]).encode()

    for file in ["cmdline", "environ"]:
        with open(f"/proc/{record['pid']}/{file}", "rb") as content:
            assert secret not in content.read()
    assert secret not in str(record).encode()
    for file in own_gateway.folder.rglob("*"):
        if file.is_file():
            assert secret not in file.read_bytes(), file
