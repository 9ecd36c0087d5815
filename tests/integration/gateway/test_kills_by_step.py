"""kill -9 of everybody at each step of a launch: afterwards nothing is left behind, and the key
has an engine that works."""

import concurrent.futures
import itertools
import os
import signal

import grpc
import pytest

from cluster import Cluster
from fleet import Fleet
from invariants import await_nothing_left_behind, end_all_engines
from support.waiting import eventually

SETTINGS = {
    "zookeeper.session_timeout": "2s",
    "engine.concurrent_launches": 1,
    "engine.launch_backoff": "0s",
    "engine.launch_timeout": "8s",
    "engine.lost_timeout": "8s",
    # Engines of earlier cases, and those that two gateways have started for one key, end by it.
    "engine.idle_timeout": "3s",
}

# What a call may hear whose launch, engine or gateway was killed. All of them let clients go on.
CODES = {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.FAILED_PRECONDITION,
         grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kills")
    with Cluster(folder / "zookeeper") as cluster, Fleet(folder, cluster, 2, SETTINGS) as fleet:
        yield fleet


class Case:
    """One launch for a new user at the first gateway. Use it in a with statement; then everything
    runs again."""

    def __init__(self, fleet, name):
        self.fleet = fleet
        self.gateway = fleet.gateways[0]
        self.zookeeper = fleet.cluster.server
        self.user = f"{name}-user"
        self.other = f"{name}-other"
        self.calls = []
        self.answers = []  # futures
        self.clients = []
        self.readers = concurrent.futures.ThreadPoolExecutor(4)
        self.engine = None  # (id, pid) of the one that is being launched
        fleet.make_tokens([self.user, self.other])
        self.before = set(fleet.engine_processes())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.mend()
        for client in self.clients:
            client.channel.close()
        self.readers.shutdown()

    def call(self, user, gateway=None):
        self.clients.append(self.fleet.connect(gateway or self.gateway, user))
        self.calls.append(self.clients[-1].start("Config"))
        self.answers.append(self.readers.submit(self.calls[-1].finish))
        return self.answers[-1]

    def await_process(self):
        def new():
            return [engine for engine in self.fleet.engine_processes().items()
                    if engine[0] not in self.before]

        [self.engine] = eventually(new, what="an engine's process")

    def await_launch(self, waits_for):
        key = f"user:{self.user}:default:default"
        eventually(lambda: any(launch["key"] == key and waits_for in launch["waits_for"]
                               for launch in self.fleet.admin_cli(self.gateway, "engine", "queue")),
                   what=f"a launch that waits for {waits_for}")

    # ---- the steps of a launch -----------------------------------------------------------------

    def until_queued(self):
        self.fleet.hold_launches("start")
        self.call(self.other)
        self.await_process()
        self.call(self.user)
        self.await_launch("other launches go first")

    def until_lock_is_asked_for(self):
        """ZooKeeper has not answered yet. What is in front in the queue fails without it."""
        self.until_queued_behind_a_failure()
        self.zookeeper.process.send_signal(signal.SIGSTOP)
        self.fleet.go.touch()
        self.await_launch("ZooKeeper")  # waits for its answer, or for its return

    def until_queued_behind_a_failure(self):
        self.fleet.hold_launches("start", failure="no luck today")
        self.call(self.other)
        self.await_process()
        self.call(self.user)
        self.await_launch("other launches go first")

    def until_process_started(self):
        """The lock is taken; nothing in the process has happened yet."""
        self.fleet.hold_launches("start")
        self.call(self.user)
        self.await_process()

    def until_listening(self):
        self.fleet.hold_launches("listening")
        self.call(self.user)
        self.await_process()
        log = self.gateway.var / "engines" / self.engine[0] / "engine.log"
        eventually(lambda: "listening on" in log.read_text(), what="an engine that listens")

    def until_registered(self):
        """The gateway has not seen it and answered nothing: it stands still."""
        self.until_listening()
        self.gateway.freeze()
        self.fleet.go.touch()
        eventually(lambda: self.engine[0] in sum(self.fleet.registered().values(), []),
                   what="a registered engine")

    # ---- who is killed -------------------------------------------------------------------------

    def kill_foxfired(self):
        self.gateway.kill()

    def suspend_foxfired(self):
        """It stands still until ZooKeeper takes it for dead, and then goes on as if nothing was."""
        self.zookeeper.process.send_signal(signal.SIGCONT)
        self.gateway.freeze()
        eventually(lambda: len(self.fleet.children("gateways")) == 1, what="an expired session")
        self.gateway.thaw()

    def kill_foxfired_and_ask_another(self):
        """Which starts an engine of its own for the key, once the lock is free."""
        self.zookeeper.process.send_signal(signal.SIGCONT)
        self.gateway.kill()
        self.ask_another()

    def suspend_foxfired_and_ask_another(self):
        """It comes back in the middle of a launch that is not its own any more."""
        self.zookeeper.process.send_signal(signal.SIGCONT)
        self.gateway.freeze()
        self.ask_another()
        self.gateway.thaw()

    def ask_another(self):
        known = set(self.fleet.engine_processes())
        answer = self.call(self.user, self.fleet.gateways[1])
        eventually(lambda: answer.done() or set(self.fleet.engine_processes()) > known,
                   what="the other gateway's engine")

    def kill_engine(self):
        os.kill(self.engine[1], signal.SIGKILL)

    def kill_zookeeper(self):
        self.zookeeper.stop(signal.SIGKILL)

    def leave(self):
        for call in self.calls:
            call.cancel()

    def mend(self):
        if self.zookeeper.process is None:
            self.zookeeper.start()
        self.zookeeper.process.send_signal(signal.SIGCONT)
        self.fleet.release_launches()
        self.gateway.thaw()
        for gateway in self.fleet.gateways:
            gateway.begin()
        for gateway in self.fleet.gateways:
            gateway.await_ready()

    # ---- and then ------------------------------------------------------------------------------

    def use_key(self):
        """A new session at each gateway: all are answered, by one engine."""
        engines = set()
        for gateway in self.fleet.gateways:
            with self.fleet.connect(gateway, self.user) as client:
                # One that ends because it was idle just now may say that it is unavailable.
                answer = eventually(lambda client=client: (
                    got := client.call("Config")).code != grpc.StatusCode.UNAVAILABLE and got)
                engines.add(answer.echo["engine"]["engine_id"])
        return engines


STEPS = {
    "queued": Case.until_queued,
    "lock asked for": Case.until_lock_is_asked_for,
    "process started": Case.until_process_started,
    "listening": Case.until_listening,
    "registered": Case.until_registered,
}
VICTIMS = {
    "foxfired": Case.kill_foxfired,
    "foxfired for a while": Case.suspend_foxfired,
    "foxfired and another goes on": Case.kill_foxfired_and_ask_another,
    "foxfired for a while and another goes on": Case.suspend_foxfired_and_ask_another,
    "engine": Case.kill_engine,
    "zookeeper": Case.kill_zookeeper,
    "client": Case.leave,
}
# While the lock is asked for there is no engine.
CASES = [case for case in itertools.product(STEPS, VICTIMS) if case != ("lock asked for", "engine")]


@pytest.mark.parametrize("step, victim", CASES, ids=[" - ".join(case) for case in CASES])
def test_a_kill_leaves_nothing_behind(fleet, step, victim):
    with Case(fleet, f"{step}-{victim}".replace(" ", "-")) as case:
        STEPS[step](case)

        VICTIMS[victim](case)
        case.mend()

        answers = [answer.result() for answer in case.answers]
        assert {answer.code for answer in answers} <= CODES, answers
        assert "SESSION_CHANGED" not in "".join(answer.message for answer in answers), answers
        eventually(lambda: len(case.use_key()) == 1, what="one engine for both gateways")
        await_nothing_left_behind(fleet, before_each_look=case.use_key,
                                  hint=lambda: case.gateway.log()[-4000:])


@pytest.mark.parametrize("at", ["start", "listening"])
def test_an_engine_that_hangs_as_its_gateway_is_killed_ends(fleet, at):
    with Case(fleet, f"hanging-{at}") as case:
        fleet.hold_launches(at)
        case.call(case.user)
        case.await_process()
        case.gateway.kill()
        case.gateway.begin()
        case.gateway.await_ready()

        eventually(lambda: case.engine[0] not in fleet.engine_processes(), deadline=40,
                   what="the engine that hung has been ended")
    await_nothing_left_behind(fleet)


def test_an_operator_finds_and_ends_the_engines_of_all_gateways(fleet):
    users = [f"operated-{number}" for number in range(4)]
    fleet.make_tokens(users)
    for user, gateway in zip(users, itertools.cycle(fleet.gateways)):
        with fleet.connect(gateway, user) as client:
            assert client.call("Config").code == grpc.StatusCode.OK
    assert fleet.engine_processes() != {}

    end_all_engines(fleet)


def test_engines_without_a_gateway_end_by_themselves(fleet):
    fleet.make_tokens(["left-alone"])
    with fleet.connect(fleet.gateways[0], "left-alone") as client:
        assert client.call("Config").code == grpc.StatusCode.OK
    assert fleet.engine_processes() != {}
    try:
        for gateway in fleet.gateways:
            gateway.kill()

        eventually(lambda: fleet.engine_processes() == {}, what="idle engines have ended")
    finally:
        for gateway in fleet.gateways:
            gateway.begin()
        for gateway in fleet.gateways:
            gateway.await_ready()
    await_nothing_left_behind(fleet)
