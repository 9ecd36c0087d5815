"""What the tests of engines that spark-submit starts on a cluster have in common."""

import contextlib
import os
import signal
from pathlib import Path

from support.waiting import wait_until

# Their drivers run where the cluster puts them: a profile of cluster_gateway().
FAR = ";x-foxfire-profile=far"


@contextlib.contextmanager
def cluster_gateway(make_gateway, settings):
    """A gateway with client mode in the default profile and cluster mode in the profile `far`."""
    gateway = make_gateway({
        "engine.client_profiles": ["far"],
        "engine.launch_timeout": "150s",
        # A driver that is stopped for longer than this has ended, as far as gateways can see.
        "zookeeper.session_timeout": "60s",
        # What is stopped on purpose must not be found to hang.
        "engine.probe_interval": "1h",
        "profile.default.launcher": "spark-submit",
        "profile.default.driver_memory": "512MiB",
        "profile.far.inherits": "default",
        "profile.far.deploy_mode": "cluster",
        "profile.far.advertise_host": "127.0.0.1",
        **settings,
    })
    yield gateway
    # What a test left must not outlive it: no gateway would end it once this one is gone.
    for engine in gateway.engines():
        for pid in driver_pids(engine):
            os.kill(pid, signal.SIGKILL)


def driver_pids(engine) -> list[int]:
    """The driver's JVM, and while it runs the submission or the shell around it."""
    argument = f"-Dfoxfire.engine.id={engine['engine_id']}".encode()
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if argument in (folder / "cmdline").read_bytes():
                pids.append(int(folder.name))
    return pids


def use(gateway, cluster, extra=""):
    """A query of alice's that needs an executor; the engine that answered."""
    spark = gateway.connect("alice", extra)
    try:
        who, count = spark.sql("select current_user(), count(*) from range(0, 1000, 1, 2)").first()
    except Exception as error:
        raise AssertionError(f"{error}\n{gateway.log()[-3000:]}\n{cluster.driver_logs()}") from error
    spark.stop()
    assert (who, count) == ("alice", 1000)
    return gateway.engine("alice")


def kill(gateway, engine):
    """By a gateway that the driver obeys."""
    gateway.cli("engine", "kill", engine["engine_id"])
    await_driver_end(gateway, engine)


def kill_frozen(gateway, engine):
    """Ends one that does not listen: the cluster has to, and knows nothing of it afterwards."""
    for pid in driver_pids(engine):
        os.kill(pid, signal.SIGSTOP)
    killed = gateway.cli("engine", "kill", engine["engine_id"])
    assert (killed["forced"], killed["not_found"]) == (True, False), gateway.log()[-3000:]
    await_driver_end(gateway, engine)

    again = gateway.cli("engine", "kill", engine["engine_id"], "--grace", "0s")
    assert (again["forced"], again["not_found"]) == (False, True), gateway.log()[-3000:]
    assert len(gateway.events("--engine", engine["engine_id"], "--type", "engine_not_found")) == 1


def await_driver_end(gateway, engine):
    wait_until(lambda: not driver_pids(engine), 90, "the driver ends",
               hint=lambda: gateway.log()[-3000:])
