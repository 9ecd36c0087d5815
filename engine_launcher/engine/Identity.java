package foxfire.engine;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.spark.SparkContext;

/** Whom the whole process works as. Spark Connect itself never asks who a caller is. */
final class Identity {
  private static final String NAME_RULE = "hadoop.security.auth_to_local.mechanism";
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
      throw new StartFailure("foxfire.engine.run.as = " + user + ": Hadoop does not take this name: "
          + StartFailure.describe(StartFailure.rootOf(e)), e);
    }
  }

  /** Fails if Spark sees somebody else, whatever made it so. */
  static void verify(SparkContext context, String user) throws StartFailure {
    if (context.sparkUser().equals(user)) return;
    throw new StartFailure(
        "Spark works as \"" + context.sparkUser() + "\" instead of \"" + user
            + "\"; look at hadoop.security.auth_to_local in Hadoop's configuration");
  }

  // Hadoop's own rule refuses these names, so no e-mail address could be a user.
  private static void keepWholeNames() {
    if (UserGroupInformation.isSecurityEnabled()) return;
    Configuration configuration = new Configuration();
    configuration.set(NAME_RULE, "MIT");
    UserGroupInformation.setConfiguration(configuration);
    // Spark sets Hadoop up once more, from the system's properties.
    System.setProperty("spark.hadoop." + NAME_RULE, "MIT");
  }
}
