import java.util.Iterator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** What a program of the JVM does through Foxfire. SPARK_REMOTE is the connection string. */
public final class Smoke {
  public static void main(String[] arguments) throws Exception {
    SparkSession spark =
        SparkSession.builder().remote(System.getenv("SPARK_REMOTE")).getOrCreate();

    System.out.println("user: " + first(spark.sql("select current_user()")));
    System.out.println("sum: " + first(spark.range(1_000_000).selectExpr("sum(id)")));
    spark.range(5).createOrReplaceTempView("five");
    System.out.println("view: " + first(spark.sql("select count(*) from five")));
    spark.conf().set("spark.sql.shuffle.partitions", "3");
    System.out.println("setting: " + spark.conf().get("spark.sql.shuffle.partitions"));
    System.out.println("error: " + failure(spark));
    // In a session of its own: before 4.2, stop() fails after an iterator not read to its end.
    System.out.println("interrupted: " + interrupt(spark.newSession()));
    spark.stop();
  }

  private static Object first(Dataset<Row> frame) {
    return frame.collectAsList().get(0).get(0);
  }

  private static String failure(SparkSession spark) {
    try {
      return "no error but " + first(spark.sql("select no_such_column from range(1)"));
    } catch (Exception error) { // AnalysisException is checked, and no signature names it
      return error.getClass().getSimpleName() + " " + error.getMessage().lines().findFirst().get();
    }
  }

  private static String interrupt(SparkSession spark) {
    Dataset<Row> endless = spark.range(100_000_000_000L).toDF().where("id % 7 = 8");
    Iterator<Row> rows = spark.range(0, 1, 1, 1).toDF().union(endless).toLocalIterator();
    rows.next(); // its tasks run: Spark forgets an interrupt that comes before them
    if (spark.interruptAll().isEmpty()) {
      return "nothing to interrupt";
    }
    try {
      return "the query goes on with " + rows.next();
    } catch (Exception error) {
      return error.getMessage().lines().findFirst().get();
    }
  }
}
