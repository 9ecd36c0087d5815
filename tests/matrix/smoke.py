"""What every PySpark must be able to do through Foxfire.

Runs in the client's own Python, on PySpark 3.5 and later. SPARK_REMOTE is the connection string.
The last line of its output is JSON: the session's id, and for each check "ok" or what went wrong.
"""

import json
import sys
import traceback

import pandas
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf


def current_user(spark):
    assert spark.sql("select current_user()").first()[0] == "alice"


def aggregate(spark):
    assert spark.range(1_000_000).selectExpr("sum(id)").first()[0] == 499999500000


def local_frame(spark):
    frame = pandas.DataFrame({"n": [1, 2, 3], "word": ["one", "two", "three"]})
    pandas.testing.assert_frame_equal(spark.createDataFrame(frame).toPandas(), frame)


def python_udf(spark):
    double = udf(lambda n: n * 2, "long")
    assert [row[0] for row in spark.range(4).select(double("id")).collect()] == [0, 2, 4, 6]


def temporary_view(spark):
    spark.range(5).createOrReplaceTempView("five")
    assert spark.sql("select count(*) from five").first()[0] == 5


def settings(spark):
    spark.conf.set("spark.sql.shuffle.partitions", "3")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "3"


def sparks_own_error(spark):
    try:
        spark.sql("select no_such_column from range(1)").collect()
    except AnalysisException as error:
        assert str(error).startswith("[UNRESOLVED_COLUMN"), error  # 3.5 has it in the text only
        assert "no_such_column" in str(error)
    else:
        raise AssertionError("the query did not fail")


def interrupt_all(spark):
    endless = spark.range(100_000_000_000).where("id % 7 = 8")
    rows = spark.range(0, 1, 1, 1).union(endless).toLocalIterator()
    next(rows)  # its tasks run: Spark forgets an interrupt that comes before them

    assert spark.interruptAll()

    try:
        next(rows)
    except PySparkException as error:
        assert "OPERATION_CANCELED" in str(error), error
    else:
        raise AssertionError("the query goes on")


def stop(spark):
    spark.stop()
    again = SparkSession.builder.getOrCreate()
    assert again.range(3).count() == 3
    again.stop()


CHECKS = [current_user, aggregate, local_frame, python_udf, temporary_view, settings,
          sparks_own_error, interrupt_all, stop]


def outcome(check, spark):
    try:
        check(spark)
    except Exception:
        return traceback.format_exc(limit=-4)
    return "ok"


def main():
    spark = SparkSession.builder.getOrCreate()
    session_id = spark.session_id if hasattr(spark, "session_id") else spark.client._session_id
    checks = {check.__name__: outcome(check, spark) for check in CHECKS}
    json.dump({"session_id": session_id, "checks": checks}, sys.stdout)
    print()


main()
