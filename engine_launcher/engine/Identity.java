package foxfire.engine;

import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.spark.SparkContext;

/** Whom the whole process works as. Spark Connect itself never asks who a caller is. */
final class Identity {
  private static final Map<String, String> NAME_RULES =
      Map.of(
          "hadoop.security.auth_to_local", "RULE:[1:$1@$0] RULE:[2:$1/$2@$0]",
          "hadoop.security.auth_to_local.mechanism", "MIT");
  private static final String USER_VARIABLE = "SPARK_USER";

  private Identity() {}

  /** Before anything of Spark runs: pooled threads keep the identity that they were made with. */
  static void assume(String user) throws StartFailure {
    String overriding = System.getenv(USER_VARIABLE);
    if (overriding != null && !overriding.equals(user)) {
      throw new StartFailure(
          "the environment's " + USER_VARIABLE + " would make Spark work as \"" + overriding
              + "\" instead of \"" + user + "\"; take it out of the profile's environment");
    }
    try {
      if (user.contains("@") || user.contains("/")) keepWholeNames();
      UserGroupInformation.setLoginUser(UserGroupInformation.createRemoteUser(user));
    } catch (RuntimeException e) {
      String why = StartFailure.describe(StartFailure.rootOf(e));
      throw new StartFailure(
          "foxfire.engine.run.as = " + user + ": Hadoop does not take this name: " + why, e);
    }
  }

  /** Whom the process works as as long as nobody has said otherwise. */
  static String ofProcess() throws StartFailure {
    try {
      return UserGroupInformation.getLoginUser().getShortUserName();
    } catch (IOException | RuntimeException e) {
      String why = StartFailure.describe(StartFailure.rootOf(e));
      throw new StartFailure(
          "Hadoop cannot tell the process's user: " + why + "; add the user to /etc/passwd", e);
    }
  }

  /** Fails if Spark sees somebody else, whatever made it so. */
  static void verify(SparkContext context, String user) throws StartFailure {
    if (context.sparkUser().equals(user)) return;
    throw new StartFailure(
        "Spark would work as \"" + context.sparkUser() + "\" instead of \"" + user
            + "\"; choose a user name without /, or look at hadoop.security.auth_to_local in"
            + " Hadoop's configuration");
  }

  /**
   * Fails if the process is not {@code user}'s already. Spark goes by a variable of the environment
   * that Hadoop knows nothing of, so both are asked.
   */
  static void verifyProcess(SparkContext context, String user) throws StartFailure {
    String current;
    try {
      current = UserGroupInformation.getCurrentUser().getShortUserName();
    } catch (IOException e) {
      throw new StartFailure("Hadoop cannot tell the process's user", e);
    }
    if (context.sparkUser().equals(user) && current.equals(user)) return;
    throw new StartFailure(
        "foxfire.engine.run.as = " + user + ": the process works as \"" + context.sparkUser()
            + "\" for Spark and as \"" + current + "\" for Hadoop; with foxfire.identity = process"
            + " it must be started as this user (OS user, --proxy-user, HADOOP_USER_NAME)");
  }

  // Hadoop takes an e-mail address for a Kerberos name: it cuts the domain off, so that users of
  // different domains become one, or refuses the name. These rules keep it whole.
  private static void keepWholeNames() {
    if (UserGroupInformation.isSecurityEnabled()) return;
    Configuration configuration = new Configuration();
    NAME_RULES.forEach(
        (key, value) -> {
          configuration.set(key, value);
          // Spark sets Hadoop up once more, from the system's properties.
          System.setProperty("spark.hadoop." + key, value);
        });
    UserGroupInformation.setConfiguration(configuration);
  }
}
