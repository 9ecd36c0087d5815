"""What Foxfire costs and saves, next to plain Spark in the same run. ./dev bench calls this."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from rounds import Comparison, interleave, print_table
from spark_calls import compare_calls, open_session
from stock_server import StockServer

os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
from support.gateway import FOXFIRED, Gateway  # noqa: E402
from support.waiting import wait_until  # noqa: E402

# As it ships, not as the tests run it: C2, the class data archive, the default heap.
HEAP = "1g"
SETTINGS = {
    "engine.prepare_archive": True,
    "profile.default.driver_memory": "1GiB",
    "profile.default.java_options": [],
    "profile.warm.warm_spares": 1,
}


def resident_mib(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def first_answer(url):
    spark = open_session(url)
    assert spark.range(1).collect()[0][0] == 0
    return spark


def timed_first_answer(gateway, user, extra=""):
    """Seconds from nothing to the first answer in a new session."""
    url = gateway.url(user, extra)
    began = time.perf_counter()
    spark = first_answer(url)
    took = time.perf_counter() - began
    spark.stop()
    return took


def compare_launch(gateway, folder, rounds):
    """From nothing to the first answer, and the memory of what then runs idle."""
    cold = Comparison("first answer, cold (a new engine)", "s")
    spare = Comparison("first answer, from a warm spare", "s")
    hot = Comparison("first answer, hot (the user's engine runs)", "s")
    memory = Comparison("resident memory of an engine after its first query", "MiB")

    def ours():
        gateway.await_spare()  # so that none warms up beside what is measured
        user = f"user-{uuid.uuid4().hex[:8]}"
        took = timed_first_answer(gateway, user)
        hot.ours.append(timed_first_answer(gateway, user))
        memory.ours.append(resident_mib(gateway.engine(user)["pid"]))
        gateway.cli("engine", "kill", gateway.engine(user)["engine_id"])
        user = f"user-{uuid.uuid4().hex[:8]}"
        spare.ours.append(timed_first_answer(gateway, user, ";x-foxfire-profile=warm"))
        gateway.cli("engine", "kill", gateway.engine(user)["engine_id"])
        gateway.await_spare()
        return took

    def stock():
        began = time.perf_counter()
        with StockServer(folder, HEAP) as server:
            wait_until(lambda: listens(server.port), 90, "the stock server listens")
            spark = first_answer(server.url)
            took = time.perf_counter() - began
            memory.reference.append(resident_mib(server.pid))
            spark.stop()
        return took

    interleave(cold, rounds, ours, stock)
    spare.reference = hot.reference = cold.reference
    return [cold, spare, hot, memory]


def listens(port):
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def measure(folder, rounds):
    gateway = Gateway(folder / "gateway", SETTINGS)
    print("· making the class data archive", flush=True)
    subprocess.run([FOXFIRED, "--config", gateway.config, "--prepare"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with gateway:
        idle_mib = resident_mib(gateway.process.pid)
        print(f"· {rounds} rounds of launches, Foxfire and stock in turns", flush=True)
        comparisons = compare_launch(gateway, folder, rounds)
        print(f"· {rounds} rounds of calls on one engine, through Foxfire and direct in turns", flush=True)
        comparisons += compare_calls(gateway, rounds)
        busy_mib = resident_mib(gateway.process.pid)
    print()
    print_table(["what", "Foxfire", "plain Spark", "ratio", "ratios of the rounds"],
                [comparison.row() for comparison in comparisons])
    print(f"\nresident memory of foxfired: {idle_mib:.1f} MiB idle, {busy_mib:.1f} MiB afterwards")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="foxfire-bench-") as folder:
        measure(Path(folder), rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
