"""A first look at Foxfire: who am I, on which Spark, and does it compute?

Takes the connection string from SPARK_REMOTE, as every PySpark program may:
    SPARK_REMOTE="sc://localhost:15002/;token=..." python quickstart.py
"""

import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, udf


def main() -> int:
    if not os.environ.get("SPARK_REMOTE"):
        print("set SPARK_REMOTE to sc://host:port/;token=...", file=sys.stderr)
        return 2
    spark = SparkSession.builder.getOrCreate()

    print("user            ", spark.sql("select current_user()").first()[0])
    print("Spark           ", spark.version)
    print("application     ", spark.conf.get("spark.app.id"))
    print("sum of 0..999999", spark.range(1_000_000).selectExpr("sum(id)").first()[0])

    people = spark.createDataFrame([("ada", 36), ("grace", 85), ("edsger", 72)], "name string, age int")
    print("older than 40   ", [row.name for row in people.where(col("age") > 40).orderBy("name").collect()])

    double = udf(lambda n: n * 2, "long")
    print("a Python UDF    ", [row[0] for row in spark.range(4).select(double("id")).collect()])

    spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
