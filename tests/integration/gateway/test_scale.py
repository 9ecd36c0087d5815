"""Many keys and sessions on several gateways, with ZooKeeper restarted under load.

FOXFIRE_SCALE_KEYS=N makes it smaller or larger (500); there are ten sessions a key.
"""

import collections
import concurrent.futures
import os
import random
import signal
import threading
import time
import uuid

import grpc
import pytest

from cluster import Cluster
from fleet import Fleet
from support import wire
from support.waiting import eventually

KEYS = int(os.environ.get("FOXFIRE_SCALE_KEYS", "500"))
SESSIONS_A_KEY = 10
USERS = 25
GATEWAYS = 3
CALLERS = 200  # at the same time
SETTINGS = {
    "zookeeper.session_timeout": "10s",
    "engine.concurrent_launches": 8,
    "limits.engines": 2 * KEYS,
    "limits.engines_per_user": 0,
    "limits.sessions_per_user": 2 * KEYS * SESSIONS_A_KEY // USERS,
    "limits.queued_launches": KEYS,
    "limits.held_calls": KEYS * SESSIONS_A_KEY,
    "log.level": "info",
}


@pytest.fixture
def fleet(tmp_path):
    with Cluster(tmp_path / "zookeeper") as cluster, \
            Fleet(tmp_path, cluster, GATEWAYS, SETTINGS) as fleet:
        fleet.make_tokens([f"user-{number}" for number in range(USERS)])
        fleet.script_launches(count_file=str(fleet.folder / "launches"))
        yield fleet


class Load:
    """Calls of every session, from many threads. What they hear is kept."""

    def __init__(self, fleet, random):
        self.fleet = fleet
        self.random = random
        users = list(fleet.tokens)
        keys = [(users[number % USERS], f"sub-{number // USERS}") for number in range(KEYS)]
        self.sessions = [(str(uuid.uuid4()), *key) for key in keys for _ in range(SESSIONS_A_KEY)]
        self.clients = {(gateway, user): fleet.connect(gateway, user)
                        for gateway in fleet.gateways for user in users}
        self.engines = collections.defaultdict(set)  # of each session
        self.retries = collections.Counter()
        self.answered = 0
        self.lock = threading.Lock()

    def close(self):
        for client in self.clients.values():
            client.channel.close()

    def run(self, while_it_runs):
        """One call of every session, each at a random gateway, in a random order. `while_it_runs`
        is called once, when a third of them has been answered."""
        work = [(session, self.random.choice(self.fleet.gateways)) for session in self.sessions]
        self.random.shuffle(work)
        self.answered = 0
        with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
            futures = [pool.submit(self.call, *one) for one in work]
            try:
                eventually(lambda: self.answered > len(work) // 3, deadline=300,
                           what="a third of the answers")
                while_it_runs()
                for future in futures:
                    future.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def call(self, session, gateway):
        session_id, user, subdomain = session

        def answered():
            answer = self.clients[gateway, user].call(
                "Config", [wire.request("Config", session_id)],
                metadata=[("x-foxfire-subdomain", subdomain)], timeout=300)
            if answer.code == grpc.StatusCode.OK:
                return answer
            # Clients come again by themselves.
            assert answer.code == grpc.StatusCode.UNAVAILABLE, f"{answer.code}: {answer.message}"
            self.retries[answer.message[:80]] += 1
            return None

        engine = eventually(answered, deadline=300, what="an answer").echo["engine"]
        with self.lock:
            self.answered += 1
            self.engines[session_id].add((engine["engine_id"], engine["key"]))

    def engines_of_keys(self):
        found = collections.defaultdict(set)
        for engines in self.engines.values():
            for engine, key in engines:
                found[key].add(engine)
        return found


def restart_zookeeper(fleet):
    fleet.cluster.server.stop(signal.SIGKILL)
    fleet.cluster.server.start()


@pytest.mark.timeout(900)
def test_many_keys_and_sessions_on_three_gateways(fleet):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    began = time.monotonic()
    load = Load(fleet, random.Random(seed))
    try:
        load.run(lambda: restart_zookeeper(fleet))
        launched = time.monotonic() - began
        load.run(lambda: restart_zookeeper(fleet))
        print(f"{KEYS} keys, {len(load.sessions)} sessions: first calls {launched:.0f} s, all "
              f"{time.monotonic() - began:.0f} s, retries {dict(load.retries)}")
    finally:
        load.close()

    moved = {session: engines for session, engines in load.engines.items() if len(engines) != 1}
    assert moved == {} and len(load.engines) == len(load.sessions)
    assert {len(engines) for engines in load.engines_of_keys().values()} == {1}
    assert len(load.engines_of_keys()) == KEYS
    launches = (fleet.folder / "launches").read_text().split()
    assert len(launches) == len(set(launches)) == KEYS
    # One whose ZooKeeper session has ended with the second restart registers again.
    eventually(lambda: set(sum(fleet.registered().values(), [])) == set(launches))
    assert {len(engines) for engines in fleet.registered().values()} == {1}
    assert set(fleet.engine_processes()) == set(launches)
    for gateway in fleet.gateways:
        assert gateway.process.poll() is None
        assert fleet.admin_cli(gateway, "engine", "queue") == []
