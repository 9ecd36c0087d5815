package foxfire.engine;

import java.lang.reflect.Field;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.connect.plugin.SparkConnectPluginRegistry$;
import org.apache.spark.sql.connect.service.SparkConnectService;
import org.apache.spark.sql.connect.service.SparkConnectService$;
import scala.Option;

/**
 * Spark Connect's server side. Much of it is private to Spark in Scala though public in byte code,
 * so all use of it is here, where another Spark version would break it. One a process.
 */
final class ConnectService {
  private static final long STOP_MS = 1000;

  private ConnectService() {}

  /** What clients do at this moment. Compare stamps for equality only: they have no common unit. */
  record Usage(
      boolean executing, int sessions, int operations, long executionStamp, long sessionStamp) {}

  /**
   * Every call needs {@code secret} as its bearer token from then on. The service keeps a copy of
   * its own; it is in the configuration only while the service starts, since clients can read that.
   */
  static void start(SparkContext context, String secret) {
    SparkEnv.get().conf().set(EngineSettings.TOKEN_KEY, secret);
    try {
      SparkConnectService.start(context);
    } finally {
      SparkEnv.get().conf().remove(EngineSettings.TOKEN_KEY);
    }
  }

  static int port() {
    return SparkConnectService$.MODULE$.localPort();
  }

  static Usage usage(SparkContext context) {
    var executions = SparkConnectService.listActiveExecutions();
    int operations = executions.isRight() ? executions.toOption().get().size() : 0;
    long executionStamp = 0;
    if (executions.isLeft() && executions.left().toOption().get() instanceof Long lastEnd) {
      executionStamp = lastEnd;
    }
    long sessionStamp = 0;
    int sessions = 0;
    var open = SparkConnectService$.MODULE$.sessionManager().listActiveSessions().iterator();
    while (open.hasNext()) {
      sessionStamp = Math.max(sessionStamp, open.next().lastAccessTimeMs());
      ++sessions;
    }
    // A streaming query is no execution once it has started, but its batches are jobs.
    boolean hasJobs = context.statusTracker().getActiveJobIds().length > 0;
    return new Usage(
        executions.isRight() || hasJobs, sessions, operations, executionStamp, sessionStamp);
  }

  static void stop() {
    SparkConnectService.stop(Option.apply((Object) STOP_MS), Option.apply(TimeUnit.MILLISECONDS));
  }

  /**
   * After stop(), so that the next start is like a first one: forgets the protocol's extensions,
   * which a configuration names, and the SparkContext that it served.
   */
  static void forget() {
    SparkConnectPluginRegistry$.MODULE$.reset();
    Object sessions = SparkConnectService$.MODULE$.sessionManager();
    for (String field : List.of("baseSessionCreator", "_baseSession")) {
      try {
        Field base = sessions.getClass().getDeclaredField(field);
        base.setAccessible(true);
        base.set(sessions, Option.empty());
      } catch (ReflectiveOperationException | RuntimeException e) {
        // Another Spark version; those without these fields keep no session.
      }
    }
  }
}
