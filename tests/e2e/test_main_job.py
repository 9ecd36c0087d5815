"""What a data scientist does in a notebook, through Foxfire, on an engine of their own."""

import threading

import numpy
import pandas
import pytest
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql.functions import col, udf
from pyspark.sql.types import LongType
from support.waiting import wait_until


def test_answers_who_i_am(connect):
    assert connect("alice").sql("select current_user()").first()[0] == "alice"


def test_computes_an_aggregate(connect):
    assert connect("alice").range(1_000_000).selectExpr("sum(id)").first()[0] == 499999500000


def test_carries_a_local_frame_of_50_mb_there_and_back(connect):
    rows = 3_200_000
    frame = pandas.DataFrame({"n": numpy.arange(rows), "x": numpy.random.default_rng(7).random(rows)})
    assert frame.memory_usage(deep=True).sum() > 50_000_000

    back = connect("alice").createDataFrame(frame).toPandas()

    pandas.testing.assert_frame_equal(back.sort_values("n", ignore_index=True), frame)


def test_runs_a_python_udf(connect):
    spark = connect("alice")
    double = udf(lambda n: n * 2, LongType())

    assert [row[0] for row in spark.range(4).select(double("id")).collect()] == [0, 2, 4, 6]


def test_ships_artifacts(connect, tmp_path):
    module = tmp_path / "shipped_module.py"
    module.write_text("def answer():\n    return 42\n")
    spark = connect("alice")
    spark.addArtifact(str(module), pyfile=True)

    @udf(LongType())
    def ask():
        import shipped_module
        return shipped_module.answer()

    assert spark.range(1).select(ask()).first()[0] == 42


def test_keeps_temporary_views_and_settings(connect):
    spark = connect("alice")
    spark.range(5).createOrReplaceTempView("five")
    spark.conf.set("spark.sql.shuffle.partitions", "3")

    assert spark.sql("select count(*) from five").first()[0] == 5
    assert spark.conf.get("spark.sql.shuffle.partitions") == "3"


def test_a_failing_query_shows_sparks_own_error(connect):
    with pytest.raises(AnalysisException) as raised:
        connect("alice").sql("select no_such_column from range(1)").collect()

    assert raised.value.getCondition().startswith("UNRESOLVED_COLUMN")
    assert "no_such_column" in str(raised.value)


def test_interrupt_all_ends_a_running_query(connect):
    spark = connect("alice")
    runs = threading.Event()
    spark.registerProgressHandler(lambda inflight_tasks, **_: inflight_tasks and runs.set())
    ended = []

    def run():
        try:
            spark.range(100_000_000_000).where(col("id") % 7 == 8).count()
        except PySparkException as error:
            ended.append(str(error))

    query = threading.Thread(target=run)
    query.start()
    assert runs.wait(60), "no task of the query has started"
    interrupted = spark.interruptAll()
    query.join(60)

    assert interrupted
    assert "OPERATION_CANCELED" in ended[0]


def test_stop_ends_the_session(connect, gateway):
    spark = connect("alice")
    spark.range(1).collect()
    session_id = spark.session_id

    spark.stop()

    def state():
        [session] = [s for s in gateway.cli("session", "list", "--all") if s["session_id"] == session_id]
        return session["state"] == "closed" and session
    assert wait_until(state, 10, "the session is closed")["end_reason"]


def test_unusual_calls_pass(connect):
    """CloneSession, GetStatus and the like: the RPCs that a short script does not make."""
    spark = connect("alice")
    spark.sql("create temporary view seen as select 1 as one")
    clone = spark.cloneSession()

    assert clone.sql("select one from seen").first()[0] == 1
    assert clone.session_id != spark.session_id
    clone.client.close()  # PySpark 4.2.1's clone() makes an object whose stop() fails
