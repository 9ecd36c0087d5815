package foxfire.engine;

import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.internal.SQLConf;

/** Spark's configuration for an engine: what the gateway says, safe values for the rest. */
final class DriverConf {
  private DriverConf() {}

  static SparkConf make(EngineSettings settings) throws StartFailure {
    SparkConf conf = new SparkConf(true); // with what spark-submit has put into the properties
    settings.spark().forEach(conf::setIfMissing);
    defaults(settings).forEach(conf::setIfMissing);
    if (conf.contains(EngineSettings.TOKEN_KEY)) {
      throw new StartFailure("-D" + EngineSettings.TOKEN_KEY + " shows the secret to everybody;"
          + " remove it, the secret comes by the file of " + EngineSettings.SECRET_FILE_KEY);
    }
    checkSqlSettings(conf);
    return conf;
  }

  private static Map<String, String> defaults(EngineSettings settings) {
    EngineSettings.Address address = settings.address();
    Map<String, String> defaults = new TreeMap<>();
    defaults.put("spark.master", "local[*]");
    defaults.put("spark.app.name", "foxfire " + settings.key());
    defaults.put("spark.connect.grpc.binding.address", address.bind());
    defaults.put("spark.connect.grpc.binding.port", "0");
    defaults.put("spark.driver.bindAddress", address.bind());
    defaults.put("spark.driver.host", address.advertise());
    // It would listen on all addresses, and without asking for the secret.
    defaults.put("spark.ui.enabled", "false");
    // As Spark's own Connect server does: each session keeps its classes and files to itself.
    defaults.put("spark.sql.artifact.isolation.enabled", "true");
    defaults.put("spark.sql.artifact.isolation.alwaysApplyClassloader", "true");
    return defaults;
  }

  // Spark looks at these only when a client's session is made: the engine would run and every call
  // to it fail.
  private static void checkSqlSettings(SparkConf conf) throws StartFailure {
    SQLConf sql = new SQLConf();
    for (var setting : conf.getAllWithPrefix("spark.sql.")) {
      String key = "spark.sql." + setting._1();
      try {
        sql.setConfString(key, setting._2());
      } catch (RuntimeException e) {
        String why = StartFailure.describe(StartFailure.rootOf(e));
        throw new StartFailure(
            key + " = " + setting._2() + ": " + why + "; mend the profile's Spark settings", e);
      }
    }
  }
}
