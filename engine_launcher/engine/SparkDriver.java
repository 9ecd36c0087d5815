package foxfire.engine;

import java.io.IOException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.Utils$;

/**
 * The Spark driver with its Connect service. One a process at a time. Confined to the main thread.
 */
final class SparkDriver {
  private SparkContext context;
  private int port;

  /** Blocks until Spark Connect listens. */
  void start(EngineSettings settings, String secret) throws StartFailure {
    if (!settings.modes().process()) Identity.assume(settings.runAs());
    SparkConf conf = DriverConf.make(settings);
    try {
      // Before the session, so that sessions do not take the settings for options of their builder
      // and show them to clients.
      context = new SparkContext(conf);
    } catch (Throwable e) {
      throw StartFailure.of("Spark does not start", e);
    }
    if (settings.modes().process()) Identity.verifyProcess(context, settings.runAs());
    else Identity.verify(context, settings.runAs());
    try {
      // Copies the configuration for all later sessions; the secret must come after that.
      SparkSession.builder().getOrCreate().sharedState();
      ConnectService.start(context, secret);
      port = ConnectService.port();
    } catch (Throwable e) {
      String where = conf.get("spark.connect.grpc.binding.address") + ":"
          + conf.get("spark.connect.grpc.binding.port");
      throw StartFailure.of("Spark Connect does not start on " + where, e);
    }
  }

  int port() {
    return port;
  }

  String sparkVersion() {
    return context.version();
  }

  String applicationId() {
    return context.applicationId();
  }

  boolean isOnYarn() {
    return context.master().startsWith("yarn");
  }

  /** Empty if there is no web page. */
  String uiUrl() {
    return context.uiWebUrl().isDefined() ? context.uiWebUrl().get() : "";
  }

  ConnectService.Usage usage() {
    return ConnectService.usage(context);
  }

  /** True if Spark has ended by itself, for example because its cluster has ended the job. */
  boolean hasEnded() {
    return context.isStopped();
  }

  /** Ends what still runs. Does no harm if it never started. */
  void stop() {
    if (context == null) return;
    try {
      if (port != 0) ConnectService.stop();
      context.stop();
    } catch (RuntimeException e) {
      Log.event("stop-failed", "why", e);
    }
  }

  /**
   * After a start that only warmed the JVM up: ends everything of it, so that the next start is
   * like a first one, for another user.
   */
  void reset() throws StartFailure {
    stop();
    SparkSession.clearActiveSession();
    SparkSession.clearDefaultSession();
    ConnectService.forget();
    Utils$.MODULE$.clearLocalRootDirs();
    try {
      FileSystem.closeAll(); // they would go on as the user whom they were opened for
    } catch (IOException e) {
      throw StartFailure.of("a file system of the warm-up cannot be closed", e);
    }
    context = null;
    port = 0;
  }
}
