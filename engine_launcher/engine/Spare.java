package foxfire.engine;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * What an engine with {@code foxfire.spare} does before it is one: warms itself up with a Spark of
 * the service user's, ends that, and waits for an owner (docs/engine-contract.md, "Spares").
 * Confined to the main thread.
 */
final class Spare {
  private static final Duration POLL = Duration.ofSeconds(1);

  private final EngineSettings settings;
  private final SparkDriver driver;
  private final Registration registration;
  private final Mailbox mailbox;

  Spare(EngineSettings settings, SparkDriver driver, Registration registration, Mailbox mailbox) {
    this.settings = settings;
    this.driver = driver;
    this.registration = registration;
    this.mailbox = mailbox;
  }

  /** Blocks, for hours maybe; empty if the gateway has gone without naming an owner. */
  Optional<EngineSettings> awaitOwner(String secret) throws StartFailure {
    OwnerSocket socket = new OwnerSocket(mailbox, settings.limits().start());
    warmUp(secret);
    mailbox.run(Duration.ZERO); // what came meanwhile
    if (!socket.isOver()) {
      socket.sayReady();
      Log.event("spare-ready", "ms", Log.sinceStartMs());
    }
    while (!socket.isOver()) {
      mailbox.run(POLL);
      registration.tick(System.nanoTime());
    }
    Optional<OwnerLine> owner = socket.owner();
    if (owner.isEmpty()) return Optional.empty();
    Log.restartClock();
    registration.expectAnswer();
    Log.event("bound", "key", owner.get().key(), "run_as", owner.get().runAs());
    return Optional.of(
        settings.bind(owner.get().key(), owner.get().runAs(), owner.get().spark()));
  }

  private void warmUp(String secret) throws StartFailure {
    Properties before = sparkProperties();
    startHadoopsThread();
    EngineSettings warming = settings.forWarmUp(Identity.ofProcess(), warmUpSettings());
    driver.start(warming, secret);
    Training.warmUp(warming, driver, secret);
    driver.reset();
    sparkProperties().stringPropertyNames().forEach(System::clearProperty);
    before.stringPropertyNames()
        .forEach(name -> System.setProperty(name, before.getProperty(name)));
    System.gc(); // it may wait for long, with the memory of one that runs
  }

  // It never ends and inherits what the main thread has at that moment: later that is a session,
  // which would keep the whole Spark of the warm-up in memory.
  private static void startHadoopsThread() throws StartFailure {
    try {
      FileSystem.getLocal(new Configuration());
    } catch (IOException e) {
      throw StartFailure.of("Hadoop has no local file system", e);
    }
  }

  // Of the profile's settings only those that the JVM keeps: no listener, extension, catalog or log
  // of the owner's may see this Spark, which works as somebody else.
  private Map<String, String> warmUpSettings() {
    Map<String, String> chosen = new TreeMap<>();
    settings.spark().forEach(
        (key, value) -> {
          if (key.startsWith("spark.hadoop.") || key.equals("spark.local.dir")) {
            chosen.put(key, value);
          }
        });
    String master = settings.spark().getOrDefault("spark.master", "");
    chosen.put("spark.master", master.startsWith("local[") ? master : "local[*]");
    chosen.put("spark.sql.shuffle.partitions", "2"); // more would teach it nothing
    return chosen;
  }

  private static Properties sparkProperties() {
    Properties found = new Properties();
    for (String name : System.getProperties().stringPropertyNames()) {
      if (name.startsWith("spark.")) found.setProperty(name, System.getProperty(name));
    }
    return found;
  }
}
