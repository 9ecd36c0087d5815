package foxfire.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.yarn.api.protocolrecords.GetApplicationsRequest;
import org.apache.hadoop.yarn.api.records.ApplicationReport;
import org.apache.hadoop.yarn.api.records.YarnApplicationState;
import org.apache.hadoop.yarn.client.api.YarnClient;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.exceptions.YarnException;

/**
 * Not part of the engine: {@code kill <tag>} ends the YARN applications with this tag, for the
 * launcher. Prints a line for each, and one if there is none. Exit status 0 in both cases; 1 and one
 * line on standard error if it cannot. Needs Hadoop's configuration on the class path.
 */
public final class YarnApplications {
  private static final Duration CONNECT_MAX = Duration.ofSeconds(10);
  private static final Duration KILL_MAX = Duration.ofSeconds(30);
  private static final EnumSet<YarnApplicationState> UNFINISHED =
      EnumSet.of(
          YarnApplicationState.NEW,
          YarnApplicationState.NEW_SAVING,
          YarnApplicationState.SUBMITTED,
          YarnApplicationState.ACCEPTED,
          YarnApplicationState.RUNNING);

  private YarnApplications() {}

  public static void main(String[] arguments) {
    if (arguments.length != 2 || !arguments[0].equals("kill") || arguments[1].isBlank()) {
      System.err.println("usage: YarnApplications kill <tag>");
      System.exit(1);
    }
    try {
      killAll(arguments[1]);
    } catch (Exception | LinkageError e) {
      String why = StartFailure.describe(StartFailure.rootOf(e)).replaceAll("\\s+", " ");
      System.err.println("YARN's applications with the tag " + arguments[1]
          + " cannot be ended: " + why + "; see whether HADOOP_CONF_DIR names the cluster, whether"
          + " its resource manager runs, and whether this user may end them");
      System.exit(1);
    }
    System.exit(0); // Hadoop may have left threads
  }

  private static void killAll(String tag) throws IOException, YarnException {
    GetApplicationsRequest request = GetApplicationsRequest.newInstance();
    request.setApplicationTags(Set.of(tag));
    request.setApplicationStates(UNFINISHED);
    try (YarnClient client = YarnClient.createYarnClient()) {
      client.init(impatient());
      client.start();
      List<ApplicationReport> applications = client.getApplications(request);
      // The launcher looks for these words.
      if (applications.isEmpty()) {
        System.out.println("no application with the tag " + tag + " is there, or none that runs");
      }
      for (ApplicationReport application : applications) {
        client.killApplication(application.getApplicationId());
        System.out.println("killed " + application.getApplicationId());
      }
    }
  }

  // By itself Hadoop would try for a quarter of an hour.
  private static YarnConfiguration impatient() {
    YarnConfiguration configuration = new YarnConfiguration();
    configuration.setLong(
        YarnConfiguration.RESOURCEMANAGER_CONNECT_MAX_WAIT_MS, CONNECT_MAX.toMillis());
    configuration.setLong(YarnConfiguration.RESOURCEMANAGER_CONNECT_RETRY_INTERVAL_MS, 2000);
    configuration.setLong(
        YarnConfiguration.YARN_CLIENT_APPLICATION_CLIENT_PROTOCOL_POLL_TIMEOUT_MS,
        KILL_MAX.toMillis());
    configuration.setInt("ipc.client.connect.max.retries", 1);
    configuration.setInt("ipc.client.connect.max.retries.on.timeouts", 1);
    return configuration;
  }
}
