"""kill -9, SIGSTOP and restarts of everything at random moments, under calls. After each round all
is made well again, and then nothing may be left behind: invariants.py.

FOXFIRE_KILL_SEED=N runs one schedule again, FOXFIRE_KILL_ROUNDS=N makes it longer.
"""

import os
import random
import time

import pytest

from cluster import Cluster
from fleet import Fleet
from invariants import await_nothing_left_behind, end_all_engines
from kill_schedule import Schedule

SETTINGS = {
    "zookeeper.session_timeout": "2s",
    "engine.concurrent_launches": 2,
    "engine.launch_backoff": "100ms",
    "engine.launch_timeout": "8s",
    "engine.lost_timeout": "8s",
    # Two gateways that could not see each other may have started two engines for one key. New
    # sessions agree on one, the other ends when it is idle.
    "engine.idle_timeout": "3s",
    "log.level": "debug",
}
GATEWAYS = 3
USERS = [f"user-{number}" for number in range(6)]
ROUNDS = int(os.environ.get("FOXFIRE_KILL_ROUNDS", "6"))
STEPS = 30  # of a round


@pytest.fixture
def fleet(tmp_path):
    with Cluster(tmp_path / "zookeeper") as cluster, \
            Fleet(tmp_path, cluster, GATEWAYS, SETTINGS) as fleet:
        fleet.make_tokens(USERS)
        yield fleet


@pytest.mark.timeout(120 + 60 * ROUNDS)
def test_random_kills_leave_nothing_behind(fleet):
    seed = int(os.environ.get("FOXFIRE_KILL_SEED", random.randrange(1 << 32)))
    print(f"FOXFIRE_KILL_SEED={seed}")
    schedule = Schedule(fleet, USERS, random.Random(seed))
    began = time.monotonic()
    try:
        for number in range(ROUNDS):
            schedule.note(f"round {number}")
            for _ in range(STEPS):
                schedule.step()
            schedule.mend()
            schedule.finish_calls()
            schedule.use_sessions()
            await_nothing_left_behind(fleet, before_each_look=schedule.use_keys)
        end_all_engines(fleet)
    except BaseException:
        print("\n".join(schedule.notes))
        raise
    finally:
        schedule.close()
    print(f"{ROUNDS} rounds in {time.monotonic() - began:.0f} s: {dict(schedule.counts)}")
    assert schedule.counts["answered"] > 0
