package foxfire.engine;

import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;

/** The Spark driver with its Connect service. One a process. Confined to the main thread. */
final class SparkDriver {
  private SparkContext context;
  private int port;

  /** Blocks until Spark Connect listens. */
  void start(EngineSettings settings, String secret) throws StartFailure {
    Identity.assume(settings.runAs());
    SparkConf conf = DriverConf.make(settings);
    try {
      // Before the session, so that sessions do not take the settings for options of their builder
      // and show them to clients.
      context = new SparkContext(conf);
    } catch (Throwable e) {
      throw StartFailure.of("Spark does not start", e);
    }
    Identity.verify(context, settings.runAs());
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
}
