"""PySpark on a running engine, through Foxfire and straight to the engine's own port, in turns."""

import base64
import hashlib
import hmac
import statistics
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from rounds import Comparison, interleave

WARM_UP = 40
PAIRS = 150  # of one query through each, in a round
CALLERS = (1, 4, 16)
CALLS = 160  # of all callers, in a round
ROWS = 4_000_000  # of 16 bytes each
FILE_BYTES = 64_000_000
TABLE_ROWS = 500_000
BYTES_WARM_UP = 2
BYTES_REPEATED = 3


def open_session(url):
    from pyspark.sql.connect.session import SparkSession

    return SparkSession.builder.remote(url).create()


def engine_secret(gateway, engine_id):
    key = (gateway.var / "cluster.secret").read_text().strip().encode()
    digest = hmac.new(key, engine_id.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def direct_url(gateway, user):
    engine = gateway.engine(user)
    port = engine["endpoint"].rpartition(":")[2]
    return f"sc://localhost:{port}/;token={engine_secret(gateway, engine['engine_id'])};user_id=bench"


def select_1(spark):
    spark.sql("select 1").collect()


def millis_of(action):
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def paired_p50s(through, direct):
    """One query here, one there: a query of Spark varies by more than what a hop costs."""
    times = {through: [], direct: []}
    for number in range(PAIRS):
        for spark in (through, direct) if number % 2 == 0 else (direct, through):
            times[spark].append(millis_of(lambda spark=spark: select_1(spark)))
    return statistics.median(times[through]), statistics.median(times[direct])


def compare_latency(through, direct, rounds):
    comparison = Comparison('p50 of spark.sql("select 1").collect()', "ms")
    for _ in range(rounds):
        ours, reference = paired_p50s(through, direct)
        comparison.ours.append(ours)
        comparison.reference.append(reference)
    return comparison


def rate_of(sessions):
    """Queries a second, each session's in a thread of its own."""
    calls = CALLS // len(sessions)

    def call(spark):
        for _ in range(calls):
            select_1(spark)

    began = time.perf_counter()
    with ThreadPoolExecutor(len(sessions)) as pool:
        for done in [pool.submit(call, spark) for spark in sessions]:
            done.result()
    return calls * len(sessions) / (time.perf_counter() - began)


def compare_rates(url, direct, rounds):
    comparisons = []
    for callers in CALLERS:
        with ExitStack() as stack:
            ours, reference = ([opened(stack, where) for _ in range(callers)] for where in (url, direct))
            for session in ours + reference:
                select_1(session)
            comparisons.append(interleave(Comparison(f"the same, callers: {callers}", "a second"), rounds,
                                          lambda: rate_of(ours), lambda: rate_of(reference)))  # noqa: B023
    return comparisons


def opened(stack, url):
    session = open_session(url)
    stack.callback(session.stop)
    return session


def megabytes_a_second(size, action):
    began = time.perf_counter()
    action()
    return size / (time.perf_counter() - began) / 1e6


def compare_bytes(through, direct, rounds):
    import pyarrow

    table = pyarrow.table({"a": range(TABLE_ROWS), "b": range(TABLE_ROWS)})
    with tempfile.TemporaryDirectory(prefix="foxfire-bench-") as folder:
        def download(spark):
            answer = spark.range(ROWS).selectExpr("id as a", "id + 1 as b").toArrow()
            assert answer.num_rows == ROWS

        def upload(spark):
            file = Path(folder) / uuid.uuid4().hex  # a session takes each name once
            file.write_bytes(b"f" * FILE_BYTES)
            spark.addArtifacts(str(file), file=True)
            file.unlink()

        def send_table(spark):
            assert spark.createDataFrame(table).count() == TABLE_ROWS

        kinds = [("toArrow() of 64 MB", ROWS * 16, download),
                 ("addArtifacts() of 64 MB", FILE_BYTES, upload),
                 ("createDataFrame() of 8 MB, count()", table.nbytes, send_table)]
        for _, _, action in kinds * BYTES_WARM_UP:
            for spark in (through, direct):
                action(spark)
        # Spark itself varies by half from one to the next.
        return [interleave(Comparison(name, "MB/s"), rounds * BYTES_REPEATED,
                           lambda: megabytes_a_second(size, lambda: action(through)),  # noqa: B023
                           lambda: megabytes_a_second(size, lambda: action(direct)))  # noqa: B023
                for name, size, action in kinds]


def compare_calls(gateway, rounds):
    """Every comparison of calls on one engine."""
    url = gateway.url("alice")
    with ExitStack() as stack:
        through = opened(stack, url)
        select_1(through)
        direct_to = direct_url(gateway, "alice")
        direct = opened(stack, direct_to)
        for spark in (through, direct):
            for _ in range(WARM_UP):
                select_1(spark)
        return [compare_latency(through, direct, rounds), *compare_rates(url, direct_to, rounds),
                *compare_bytes(through, direct, rounds)]
