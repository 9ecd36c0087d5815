package foxfire.engine;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;

/**
 * What an engine with {@code foxfire.train} does instead of serving: uses everything once, so that
 * the JVM's class data archive holds the classes of a start and of the first queries.
 */
final class Training {
  private static final Duration ZOOKEEPER_MAX = Duration.ofSeconds(2);

  private Training() {}

  static void run(
      EngineSettings settings, SparkDriver driver, Registration registration, EngineSecret secret)
      throws StartFailure {
    warmUp(settings, driver, secret.token());
    EngineRecord.of(settings, driver, secret).json();
    // Connecting is all: an engine that trains never registers. No matter whether it succeeds.
    registration.awaitConnected(ZOOKEEPER_MAX);
    Log.event("trained", "ms", Log.sinceStartMs());
  }

  static void warmUp(EngineSettings settings, SparkDriver driver, String secret)
      throws StartFailure {
    try {
      WarmUp.run(localHost(settings.address().bind()), driver.port(), secret);
    } catch (LinkageError e) {
      // What it would have warmed up is missing; the classes of the start are most of it.
      Log.event("warm-up-failed", "why", e);
    } catch (Exception e) {
      throw StartFailure.of("the warm-up through the engine's own port failed", e);
    }
  }

  // One cannot connect to "all addresses".
  private static String localHost(String bound) throws UnknownHostException {
    boolean isAny = InetAddress.getByName(bound).isAnyLocalAddress();
    return isAny ? InetAddress.getLoopbackAddress().getHostAddress() : bound;
  }
}
