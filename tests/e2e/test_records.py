"""Who, what, when, from where, how it ended and why: kept in SQLite, readable while the server runs."""

import subprocess

from support.waiting import wait_until


def test_a_sessions_story_is_in_the_events(connect, gateway):
    spark = connect("alice")
    spark.sql("select java_method('java.lang.Thread', 'sleep', 300L)").collect()
    session_id = spark.session_id
    spark.stop()

    def story():
        events = gateway.events("--session", session_id, "--since", "1h")
        types = [event["type"] for event in events]
        return types.count("session_closed") and events

    events = wait_until(story, 10, "the session's end")
    types = [event["type"] for event in events]
    assert types[0] == "session_opened" and types[-1] == "session_closed"
    assert "operation_started" in types and "operation_finished" in types
    finished = next(event for event in events if event["type"] == "operation_finished")
    assert finished["detail"].startswith("OK after ") and finished["operation_id"]
    assert {event["user"] for event in events} == {"alice"}
    assert all(event["address"].startswith("127.0.0.1:") for event in events)
    numbers = [event["seq"] for event in events]
    assert numbers == sorted(numbers)


def test_sqlite3_reads_it_while_the_server_runs(connect, gateway):
    connect("alice").range(1).collect()

    done = subprocess.run(
        ["sqlite3", f"{gateway.var}/foxfire.db",
         "select distinct owner from engines where owner = 'alice'; select count(*) > 0 from events;"],
        capture_output=True, text=True, timeout=30)

    assert done.stdout.split() == ["alice", "1"], done.stderr


def test_sessions_and_operations_are_rows(connect, gateway):
    spark = connect("alice")
    spark.range(1).collect()
    session_id = spark.session_id
    spark.stop()

    def ended():
        return gateway.sql(f"select state, end_reason from sessions where session_id = '{session_id}'") == [
            ("closed", "released by its client")]
    wait_until(ended, 10, "the session's row says how it ended")
    assert gateway.sql(f"select count(*) > 0 from operations where session_id = '{session_id}'") == [(1,)]


def test_events_of_a_user_are_that_users(connect, gateway):
    connect("bob").range(1).collect()

    events = gateway.events("--user", "bob", "--since", "1h")

    assert events and {event["user"] for event in events} == {"bob"}
