"""What a hop costs: Foxfire, HAProxy and nginx in front of the same engine, and the engine itself.

./dev bench hops [--seconds S] [--rounds N] [--loops N] [--tls] [KIND …]
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

from rounds import print_table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration" / "gateway"))
from cluster import Cluster  # noqa: E402
from foxfired import Foxfired  # noqa: E402
from support.certificates import make_certificates  # noqa: E402
from support.gateway import BUILD  # noqa: E402
from support.waiting import wait_until  # noqa: E402

LOAD = BUILD / "tests" / "bench" / "load" / "load"
FAST_ENGINE = BUILD / "tests" / "bench" / "load" / "fast_engine"
USER = "bench"
TICKS = os.sysconf("SC_CLK_TCK")
# kind: callers, connections
KINDS = {"config": [(1, 1), (16, 4), (64, 4)], "execute": [(1, 1), (16, 4), (64, 4)],
         "stream": [(2, 2)], "upload": [(2, 2)], "plan": [(1, 1)]}

HAPROXY = """
global
    nbthread {loops}
    tune.bufsize 65536
    tune.h2.initial-window-size 1048576
    tune.h2.max-frame-size 65536
    tune.h2.max-concurrent-streams 1000
defaults
    mode http
    timeout connect 5s
    timeout client 10m
    timeout server 10m
    http-reuse always
frontend front
    bind 127.0.0.1:{port} {haproxy_listen}
    default_backend engine
backend engine
    server engine 127.0.0.1:{engine} proto h2
"""

NGINX = """
worker_processes {loops};
daemon off;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    http2_max_concurrent_streams 1000;
    http2_recv_buffer_size 256k;
    keepalive_requests 1000000000;
    upstream engine {{ server 127.0.0.1:{engine}; keepalive 256; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} {nginx_listen};
        {nginx_tls}
        client_max_body_size 0;
        client_body_buffer_size 1m;
        http2_body_preread_size 1m;
        grpc_buffer_size 64k;
        location / {{ grpc_pass grpc://engine; }}
    }}
}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def family(pid):
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mib(pids):
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                total += int(line.split()[1])
    return total / 1024


class Hop:
    """Something that listens: its port, and the processes whose time counts."""

    def __init__(self, name, port, pids, token="none", tls=False):
        self.name, self.port, self.pids, self.token = name, port, pids, token
        self.more = ["tls"] if tls else []

    def measure(self, kind, callers, connections, seconds):
        before = cpu_seconds(self.pids)
        done = subprocess.run([LOAD, kind, *map(str, (self.port, callers, connections, seconds)), *self.more],
                              input=self.token, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{self.name}, {kind}: {done.stdout}{done.stderr}")
        result = json.loads(done.stdout)
        result["cpu"] = cpu_seconds(self.pids) - before
        return result


@contextlib.contextmanager
def running(command, **options):
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def other_proxy(name, command, text, folder, engine, options, processes):
    folder.mkdir()
    port = free_port()
    config = folder / "config"
    config.write_text(text.format(port=port, engine=engine, loops=options.loops, folder=folder,
                                  **listening(options.certificate)))
    with open(folder / "log", "wb") as log, \
            running([*command, config], stdout=log, stderr=log) as process:
        wait_until(lambda: listens(port) and len(family(process.pid)) == processes, 20,
                   f"{name} listens", hint=(folder / "log").read_text)
        yield Hop(name, port, family(process.pid), tls=options.tls)


def listening(certificate):
    """How the other proxies listen: with TLS if there is a certificate."""
    if certificate is None:
        return {"haproxy_listen": "proto h2", "nginx_listen": "http2", "nginx_tls": ""}
    chain, key = certificate["tls.certificate"], certificate["tls.key"]
    # HAProxy wants both in one file.
    both = Path(chain).with_name("both.pem")
    both.write_text(Path(chain).read_text() + Path(key).read_text())
    return {"haproxy_listen": f"ssl crt {both} alpn h2", "nginx_listen": "ssl http2",
            "nginx_tls": f"ssl_certificate {chain}; ssl_certificate_key {key};"}


@contextlib.contextmanager
def foxfire(folder, engine, options):
    with Cluster(folder / "zookeeper") as cluster, \
            Foxfired(folder / "gateway", cluster, settings={
                "server.loops": options.loops, "log.level": "info",
                **(options.certificate or {})}) as gateway:
        gateway.register({
            "schema": 1, "engine_id": str(uuid.uuid4()), "endpoint": f"127.0.0.1:{engine}",
            "spark_version": "4.2.1", "application_id": "bench", "run_as": USER, "ui_url": "",
            "pid": 1, "started_at": "2026-01-01T00:00:00Z"}, USER)
        yield Hop("Foxfire", gateway.port, [gateway.process.pid], gateway.token(USER), options.tls)


def run_rounds(hops, kind, callers, connections, seconds, rounds):
    results = {hop.name: [] for hop in hops}
    for number in range(rounds):
        for hop in hops if number % 2 == 0 else reversed(hops):
            results[hop.name].append(hop.measure(kind, callers, connections, seconds))
    return results


def median(results, value):
    return statistics.median(value(result) for result in results)


def rows_of(kind, callers, results):
    """A row a hop; ratios are to HAProxy's figure of the same round."""
    direct = results["direct"]
    figures = {}
    for name, rounds in results.items():
        figures[name] = {
            "rate": [r["rounds"] / r["seconds"] for r in rounds],
            "MB/s": [r["bytes"] / r["seconds"] / 1e6 for r in rounds],
            "p50": [r["p50"] for r in rounds],
            "added": [r["p50"] - d["p50"] for r, d in zip(rounds, direct)],
            "p99": [r["p99"] for r in rounds],
            "cpu": [r["cpu"] / r["rounds"] * 1e6 for r in rounds],
            "cpu/GB": [r["cpu"] / r["bytes"] * 1e9 for r in rounds],
        }
    rows = []
    for name, figure in figures.items():
        row = [f"{kind} c{callers}", name]
        for what, digits in (("rate", 0), ("MB/s", 0), ("p50", 0), ("added", 0), ("p99", 0),
                             ("cpu", 1), ("cpu/GB", 3)):
            value = statistics.median(figure[what])
            ratio = ""
            if name not in ("direct", "HAProxy") and what not in ("p50", "p99"):
                pairs = zip(figure[what], figures["HAProxy"][what])
                ratio = f" ({statistics.median(a / b for a, b in pairs if b):.2f})"
            no_value = name == "direct" and what in ("added", "cpu", "cpu/GB")
            row.append("" if no_value else f"{value:.{digits}f}{ratio}")
        rows.append(row)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)}; default: all")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loops", type=int, default=1, help="threads of each proxy")
    parser.add_argument("--tls", action="store_true", help="from the client to each proxy")
    options = parser.parse_args()
    for program in ("haproxy", "nginx"):
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None:
            raise SystemExit(f"{program} is not installed: apt-get install {program}")
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
    os.environ.update(environment)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        options.certificate = make_certificates(folder) if options.tls else None
        engine = stack.enter_context(running([FAST_ENGINE], stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, text=True))
        port = int(engine.stdout.readline())
        haproxy = stack.enter_context(other_proxy(
            "HAProxy", ["haproxy", "-f"], HAPROXY, folder / "haproxy", port, options, processes=1))
        nginx = stack.enter_context(other_proxy(
            "nginx", ["nginx", "-c"], NGINX, folder / "nginx", port, options,
            processes=1 + options.loops))
        ours = stack.enter_context(foxfire(folder, port, options))
        hops = [Hop("direct", port, []), haproxy, nginx, ours]
        rows = []
        for kind in options.kinds or KINDS:
            for callers, connections in KINDS[kind]:
                results = run_rounds(hops, kind, callers, connections, options.seconds,
                                     options.rounds)
                rows += rows_of(kind, callers, results)
                print(f"· {kind} with {callers} callers is done", file=sys.stderr)
        print_table(["what", "hop", "rounds/s", "MB/s", "p50 µs", "added p50 µs", "p99 µs",
                     "CPU µs a round", "CPU s a GB"], rows)
        print("peak memory, MiB: " + ", ".join(
            f"{hop.name} {resident_mib(hop.pids):.0f}" for hop in hops[1:]))
        print("In brackets: of HAProxy's figure in the same round, the median.")


if __name__ == "__main__":
    main()
