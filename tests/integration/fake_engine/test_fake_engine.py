"""The fake engine does what tests rely on; without a gateway in between."""

import os
import signal
import subprocess
import threading

import grpc
import pytest

from support import fake_engine, wire
from support.calls import held_requests
from support.waiting import eventually, settled

SESSION = "00112233-4455-6677-8899-aabbccddeeff"


def test_echo_tells_the_last_identity_and_the_bytes(engine):
    request = wire.request("Config", SESSION, "mallory") + wire.identity(SESSION, "alice")

    with engine.client() as client:
        echo = client.call("Config", [request]).echo

    assert echo["method"] == "/spark.connect.SparkConnectService/Config"
    assert echo["engine"]["engine_id"] == engine.engine_id
    [message] = echo["messages"]
    assert (message["user_id"], message["user_name"]) == ("alice", "alice")
    assert (message["session_ids"], message["user_contexts"]) == (2, 2)
    assert bytes.fromhex(message["hex"]) == request


def test_echo_tells_every_message_metadata_and_the_deadline(engine):
    metadata = [("x-one", "a"), ("x-one", "b"), ("x-two-bin", b"\x00\xff")]

    with engine.client() as client:
        echo = client.call("AddArtifacts", [b"", b"\x0a\x01x"], metadata=metadata, timeout=20).echo

    assert [message["size"] for message in echo["messages"]] == [0, 3]
    seen = [tuple(pair) for pair in echo["metadata"] if pair[0].startswith("x-")]
    assert sorted(seen) == [("x-one", "a"), ("x-one", "b"), ("x-two-bin", "00ff")]
    assert 10_000 < echo["timeout_ms"] <= 20_000


def test_no_deadline_is_null(engine):
    with engine.client() as client:
        assert client.call("Config", timeout=None).echo["timeout_ms"] is None


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "{secret}", "bearer {secret}"])
def test_only_its_own_bearer_token_is_let_in(engine, authorization):
    metadata = []
    if authorization is not None:
        metadata = [("authorization", authorization.format(secret=engine.secret))]

    with fake_engine.calls.Client(engine.endpoint) as client:
        answer = client.call("Config", metadata=metadata)

    assert answer.code == grpc.StatusCode.UNAUTHENTICATED
    assert engine.counters.all()["refused"] == 1


def test_two_tokens_are_refused_even_if_one_is_right(engine):
    with engine.client() as client:
        answer = client.call("Config", metadata=[("authorization", "Bearer mine")])

    assert answer.code == grpc.StatusCode.UNAUTHENTICATED


def test_metadata_status_and_trailers_as_scripted(engine):
    script = {"initial_metadata": [["x-a", "1"], ["x-b-bin", "00ff"]], "status": 13,
              "message": "no such table: \u00e4\n%", "trailers": [["x-c", "1"], ["x-c", "2"],
                                                                 ["grpc-status-details-bin", "080d"]]}

    with engine.client() as client:
        answer = client.call("ExecutePlan", script=script)

    assert (answer.code, answer.message) == (grpc.StatusCode.INTERNAL, "no such table: \u00e4\n%")
    assert [pair for pair in answer.initial if pair[0].startswith("x-")] == [
        ("x-a", "1"), ("x-b-bin", b"\x00\xff")]
    assert [pair for pair in answer.trailing if pair[0].startswith("x-")] == [
        ("x-c", "1"), ("x-c", "2")]
    assert answer.status_details.code == 13


def test_a_stream_of_messages_at_a_pace(engine):
    script = {"messages": 3, "bytes": 300, "pace_ms": 5}

    with engine.client() as client:
        answer = client.call("ExecutePlan", script=script)

    assert answer.code == grpc.StatusCode.OK
    assert answer.messages == [bytes((i + k) % 256 for k in range(300)) for i in range(3)]


def test_a_hanging_call_counts_its_cancellation(engine):
    with engine.client() as client:
        call = client.start("ExecutePlan", script={"messages": 1, "bytes": 1, "then": "hang"})
        call.next()
        assert engine.counters.of("ExecutePlan")["open"] == 1

        call.cancel()

        eventually(lambda: engine.counters.of("ExecutePlan")["cancelled"] == 1)
    assert engine.counters.of("ExecutePlan")["open"] == 0


def test_unread_requests_stay_with_the_sender(engine):
    ballast = wire.request("AddArtifacts", SESSION, ballast=1 << 20)

    with engine.client() as client:
        call = client.start("AddArtifacts", [ballast] * 50,
                            script={"act": "first_message", "read": 1, "then": "hang"})
        eventually(lambda: engine.counters.of("AddArtifacts")["read"] == 1)
        read = settled(lambda: engine.counters.of("AddArtifacts")["bytes_read"], still_for=0.2)
        call.cancel()

    assert read == len(ballast)


def test_a_slow_reader_stops_it(engine):
    with engine.client() as client:
        call = client.start("ExecutePlan", script={"messages": 1000, "bytes": 1 << 20})
        call.next()
        sent = settled(lambda: engine.counters.of("ExecutePlan")["bytes_sent"])
        call.cancel()

    assert sent < 64 << 20


def test_answers_before_the_request_has_ended(engine):
    release = threading.Event()
    with engine.client() as client:
        call = client.start("AddArtifacts", held_requests([client.request("AddArtifacts")], release),
                            script={"act": "first_message", "messages": 1, "bytes": 5})
        assert len(call.next()) == 5
        release.set()
        assert call.finish().code == grpc.StatusCode.OK


@pytest.mark.parametrize("then, code", [("disconnect", grpc.StatusCode.UNAVAILABLE),
                                        ("cancel", grpc.StatusCode.CANCELLED)])
def test_broken_off_calls(engine, then, code):
    with engine.client() as client:
        answer = client.call("ExecutePlan", script={"messages": 2, "bytes": 9, "then": then})

    assert answer.code == code
    assert engine.process.poll() is None


def test_exit_ends_the_process_without_an_answer(engine):
    with engine.client() as client:
        answer = client.call("Config", script={"then": "exit"})

    assert answer.code == grpc.StatusCode.UNAVAILABLE
    assert engine.process.wait(10) == 42


def test_disconnect_breaks_every_connection_but_not_the_engine(engine):
    with engine.client() as client:
        call = client.start("ExecutePlan", script={"messages": 1, "bytes": 1, "then": "hang"})
        call.next()

        fake_engine.control(engine.endpoint, "Disconnect")

        assert call.finish().code == grpc.StatusCode.UNAVAILABLE
    with engine.client() as client:
        assert client.call("Config").code == grpc.StatusCode.OK


def test_a_script_with_a_mistake_says_so(engine):
    with engine.client() as client:
        answer = client.call("Config", script={"then": "dance"})

    assert answer.code == grpc.StatusCode.INVALID_ARGUMENT
    assert answer.message == "x-fake-script: then: unknown: dance"


def test_sigterm_ends_it_with_143(engine):
    engine.process.send_signal(signal.SIGTERM)

    assert engine.process.wait(10) == 143


def test_it_answers_what_the_launcher_asks_a_java(tmp_path):
    java = fake_engine.make_java_home(tmp_path) / "bin" / "java"

    version = subprocess.run([java, "-XshowSettings:properties", "-version"], capture_output=True,
                             text=True, check=True, timeout=30)
    options = subprocess.run([java, "-cp", "x.jar", "foxfire.engine.ModuleOptions"],
                             capture_output=True, text=True, check=True, timeout=30)

    assert "    java.specification.version = 17\n" in version.stdout + version.stderr
    assert all(line.startswith("-") for line in options.stdout.splitlines())


def test_launched_it_takes_its_secret_and_says_where_it_listens(tmp_path):
    java = fake_engine.make_java_home(tmp_path) / "bin" / "java"
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    properties = tmp_path / "engine.properties"
    properties.write_text(
        "foxfire.engine.id=00000000-0000-4000-8000-000000000001\n"
        "foxfire.engine.key=user\\:alice\\:default\\:default\nfoxfire.bind.address=127.0.0.1\n"
        f"foxfire.advertise.host=127.0.0.1\nfoxfire.secret.file={secret}\n")
    launch = tmp_path / "launch.json"
    launch.write_text('{"registers": false, "log": "hello\\n"}')

    engine = subprocess.Popen(
        [java, "-Xmx512m", "foxfire.engine.EngineMain", properties], stdout=subprocess.PIPE,
        text=True, env={**os.environ, "FOXFIRE_FAKE_LAUNCH": str(launch)})
    lines = [engine.stdout.readline() for _ in range(3)]

    assert lines[:2] == ["foxfire-engine: starting id=00000000-0000-4000-8000-000000000001\n",
                         "hello\n"]
    endpoint = lines[2].split()[-1]
    assert not secret.exists()
    with fake_engine.calls.Client(endpoint, token="s3cret") as client:
        assert client.call("Config").code == grpc.StatusCode.OK
    engine.terminate()
    assert engine.wait(10) == 143
    engine.stdout.close()


def test_a_scripted_launch_failure(tmp_path):
    java = fake_engine.make_java_home(tmp_path) / "bin" / "java"
    (tmp_path / "secret").write_text("s3cret")
    properties = tmp_path / "engine.properties"
    properties.write_text(f"foxfire.secret.file={tmp_path}/secret\n")
    launch = tmp_path / "launch.json"
    launch.write_text('{"log": "token {secret}\\n", "failure": "no memory", "exit_status": 7}')

    ended = subprocess.run(
        [java, "foxfire.engine.EngineMain", properties], capture_output=True, text=True, timeout=30,
        env={**os.environ, "FOXFIRE_FAKE_LAUNCH": str(launch)})

    assert ended.returncode == 7
    assert ended.stdout.splitlines()[1:] == ["token s3cret", "foxfire-engine: FAILED: no memory"]
