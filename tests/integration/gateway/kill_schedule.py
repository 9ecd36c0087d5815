"""Random steps against a fleet: calls, clients that leave, and kills of everything."""

import collections
import concurrent.futures
import contextlib
import os
import signal
import threading
import time
import uuid

import grpc

from support import wire
from support.calls import PATIENCE
from support.waiting import eventually

# Whatever happens to its gateway, engine or ZooKeeper, a call ends with one of these.
CODES = {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.FAILED_PRECONDITION,
         grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED}
CHANGED = "[INVALID_HANDLE.SESSION_CHANGED]"


class TrackedSession:
    """A session, and what its client may still hear. Confined to one call at a time."""

    def __init__(self, user, tells=True):
        self.user = user
        self.tells = tells  # what it has observed; else it is as a client of Spark 3.5
        self.id = str(uuid.uuid4())
        self.engine = None  # that has answered it
        self.calls = 0
        self.is_over = False
        # It is written in ZooKeeper on which engine it is. A session that begins while ZooKeeper is
        # away is known to that gateway only, so another may look for it on another engine; and to
        # another gateway every session that does not tell is a new one while ZooKeeper is away.
        self.is_bound = True

    def requests(self):
        return [wire.request("Config", self.id, observed=self.engine if self.tells else None)]

    def check(self, answer, may_be_lost, zookeeper_was_there):
        """`may_be_lost(engine id)`: whether that engine's sessions may be. `zookeeper_was_there`:
        all the time since the call began."""
        if not zookeeper_was_there and (self.engine is None or not self.tells):
            self.is_bound = False
        text = f"session {self.id} of {self.user}: {answer.code} {answer.message}"
        if CHANGED in answer.message:
            assert self.calls > 1, f"a new session has changed: {text}"
            assert self.engine is None or not self.is_bound or may_be_lost(self.engine), \
                f"lost although its engine {self.engine} runs: {text}"
            self.is_over = True
            return
        assert answer.code in CODES, text
        if answer.code == grpc.StatusCode.OK:
            engine = answer.echo["engine"]["engine_id"]
            # An engine refuses those that tell another one's id, so gateways must not try.
            assert self.engine in (None, engine) or not self.is_bound and not self.tells, \
                f"moved from {self.engine} to {engine}: {text}"
            self.engine = engine


class Schedule:
    """`random` decides everything that a seed can decide; how far things get between two steps it
    cannot. Not thread-safe."""

    STEPS = {
        "call": 30, "kill_gateway": 2, "suspend_gateway": 1, "resume": 2, "kill_engine": 3,
        "suspend_engine": 1, "restart_zookeeper": 1, "stop_zookeeper": 1, "suspend_zookeeper": 1,
        "script_launches": 3, "operator_kill": 1,
    }

    def __init__(self, fleet, users, random):
        self.fleet = fleet
        self.users = users
        self.random = random
        self.sessions = []
        self.under_way = []  # (session, client, outages before it, future)
        self.outages = 0  # of ZooKeeper, the present one included
        self.is_zookeeper_away = False
        self.operators = []  # commands under way
        self.suspended = set()  # pids
        self.suspended_engines = set()  # ids of all that ever were
        self.notes = []
        self.counts = collections.Counter()
        self.pool = concurrent.futures.ThreadPoolExecutor(64)
        self.began = time.monotonic()

    def close(self):
        self.mend_processes()
        for _, client, *_ in self.under_way:
            client.channel.close()
        self.pool.shutdown()

    def note(self, text):
        self.notes.append(f"{time.monotonic() - self.began:8.2f} {text}")

    # ---- steps ---------------------------------------------------------------------------------

    def step(self):
        [name] = self.random.choices(list(self.STEPS), list(self.STEPS.values()))
        pause = self.random.choice([0, 0.01, 0.05, 0.2, 0.5])
        getattr(self, name)()
        self.counts[name] += 1
        self.let_things_happen(pause)

    def let_things_happen(self, seconds):
        """Until a call ends, or for so long: the moment of the next step is what is random here."""
        futures = [future for *_, future in self.under_way if not future.done()]
        if futures:
            concurrent.futures.wait(futures, seconds, concurrent.futures.FIRST_COMPLETED)
        else:
            threading.Event().wait(seconds)

    def call(self):
        busy = {session for session, _, _, future in self.under_way if not future.done()}
        self.collect()
        free = [session for session in self.sessions if not session.is_over and session not in busy]
        if free and self.random.random() < 0.5:
            session = self.random.choice(free)
        else:
            session = TrackedSession(self.random.choice(self.users), self.random.random() < 0.5)
            self.sessions.append(session)
        gateway = self.random.choice(self.fleet.gateways)
        client = self.fleet.connect(gateway, session.user, session.id)
        session.calls += 1
        call = client.start("Config", session.requests())
        leaves = self.random.random() < 0.15
        self.note(f"call {session.id} of {session.user} at {gateway.folder.name}"
                  + (", leaves" if leaves else ""))
        self.under_way.append((session, client, self.outages_before_now(),
                               self.pool.submit(call.finish)))
        if leaves:
            self.let_things_happen(self.random.choice([0, 0.02, 0.2]))
            call.cancel()

    def kill_gateway(self):
        gateway = self.random.choice(self.fleet.gateways)
        at_once = self.random.random() < 0.7
        self.note(f"kill {gateway.folder.name}" + (", restart" if at_once else ""))
        if gateway.is_running():
            gateway.kill()
        if at_once:
            gateway.begin()

    def suspend_gateway(self):
        gateway = self.random.choice(self.fleet.gateways)
        if gateway.is_running():
            self.suspend(gateway.process.pid, gateway.folder.name)

    def suspend_engine(self):
        if engines := sorted(self.fleet.engine_processes().items()):
            engine, pid = self.random.choice(engines)
            self.suspended_engines.add(engine)
            self.suspend(pid, f"engine {engine}")

    def suspend_zookeeper(self):
        if process := self.fleet.cluster.server.process:
            self.begin_outage()
            self.suspend(process.pid, "ZooKeeper")

    def suspend(self, pid, name):
        self.note(f"suspend {name}")
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGSTOP)
            self.suspended.add(pid)

    def resume(self):
        if self.suspended:
            pid = self.random.choice(sorted(self.suspended))
            self.note(f"resume {pid}")
            self.resume_process(pid)

    def outages_before_now(self):
        """Less than `outages` while ZooKeeper is away: what begins now is in the present one."""
        return self.outages - self.is_zookeeper_away

    def begin_outage(self):
        self.outages += 1
        self.is_zookeeper_away = True

    def resume_process(self, pid):
        self.suspended.discard(pid)
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGCONT)

    def kill_engine(self):
        if engines := sorted(self.fleet.engine_processes().items()):
            engine, pid = self.random.choice(engines)
            self.note(f"kill engine {engine}")
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def operator_kill(self):
        """It is not waited for: its gateway may be killed meanwhile."""
        engines = sorted(self.fleet.engine_processes())
        gateways = [gateway for gateway in self.fleet.gateways if gateway.is_running()]
        if not engines or not gateways:
            return
        engine, gateway = self.random.choice(engines), self.random.choice(gateways)
        self.note(f"engine kill {engine} at {gateway.folder.name}")
        self.operators.append(self.pool.submit(
            gateway.run_cli, "engine", "kill", engine, "--grace", "1s",
            token=self.fleet.admin_token()))

    def restart_zookeeper(self):
        self.note("restart ZooKeeper")
        self.stop_server()
        self.fleet.cluster.server.start()

    def stop_zookeeper(self):
        self.note("stop ZooKeeper")
        self.stop_server()

    def stop_server(self):
        self.begin_outage()
        server = self.fleet.cluster.server
        if server.process is not None:
            self.suspended.discard(server.process.pid)
            server.stop(signal.SIGKILL)

    def script_launches(self):
        how = self.random.choice(["hold start", "hold listening", "fail", "well"])
        self.note(f"engines from now on: {how}")
        if how == "fail":
            self.fleet.script_launches(failure="no luck today")
        elif how == "well":
            self.fleet.release_launches()
        else:
            self.fleet.hold_launches(how.removeprefix("hold "))

    # ---- between rounds ------------------------------------------------------------------------

    def mend_processes(self):
        for pid in list(self.suspended):
            self.resume_process(pid)
        if self.fleet.cluster.server.process is None:
            self.fleet.cluster.server.start()
        self.fleet.release_launches()
        for gateway in self.fleet.gateways:
            gateway.begin()

    def mend(self):
        """Everything runs again, and is ready."""
        self.note("mend")
        self.mend_processes()
        for gateway in self.fleet.gateways:
            gateway.await_ready()
        self.is_zookeeper_away = False
        self.fleet.await_tokens(self.users[:1])

    def may_be_lost(self, engine):
        """One that has been suspended may have gone from ZooKeeper, and gateways that started
        meanwhile have never seen it. Any other must have ended, or end now because it was idle."""
        if engine in self.suspended_engines:
            return True
        with contextlib.suppress(AssertionError):
            # Less than engine.idle_timeout, or one that lives ends while we look.
            return eventually(lambda: engine not in self.fleet.engine_processes(), deadline=1.5)
        return False

    def collect(self):
        """Checks what has been answered."""
        left = []
        for entry in self.under_way:
            session, client, outages, future = entry
            if not future.done():
                left.append(entry)
                continue
            client.channel.close()
            answer = future.result()
            self.note(f"answer {session.id}: {answer.code.name} {answer.message[:200]!r}")
            self.counts["answered" if answer.messages else "failed"] += 1
            session.check(answer, self.may_be_lost, self.outages == outages)
        self.under_way = left

    def finish_calls(self):
        self.note("finish calls")
        futures = [future for *_, future in self.under_way] + self.operators
        hanging = concurrent.futures.wait(futures, PATIENCE + 30).not_done
        assert not hanging, f"{len(hanging)} calls or commands have not ended"
        self.operators.clear()
        self.collect()

    def ask(self, session, gateway):
        """One call that must not fail for a passing reason."""

        def answered():
            with self.fleet.connect(gateway, session.user, session.id) as client:
                session.calls += 1
                answer = client.call("Config", session.requests())
            session.check(answer, self.may_be_lost, True)
            return answer.code == grpc.StatusCode.OK or session.is_over

        eventually(answered, what=f"an answer for session {session.id} of {session.user} at "
                                  f"{gateway.folder.name}")

    def use_sessions(self):
        """Each session is still served, or its client hears that it is lost: SESSION_CHANGED."""
        for session in self.sessions:
            if not session.is_over:
                self.ask(session, self.random.choice(self.fleet.gateways))
        self.counts["kept"] += sum(not session.is_over for session in self.sessions)
        self.counts["lost"] += sum(session.is_over for session in self.sessions)
        self.sessions.clear()

    def use_keys(self):
        """A new session for each key at each gateway: so the engine that is used is not idle."""
        for user in self.users:
            for gateway in self.fleet.gateways:
                self.ask(TrackedSession(user), gateway)
