package foxfire.engine;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** The engine's main class: one Spark driver that serves Spark Connect. docs/engine-contract.md. */
public final class EngineMain {
  private static final Duration CLEAN_UP_MAX = Duration.ofSeconds(5);
  private static final Duration EXIT_MAX = Duration.ofSeconds(10);
  private static final Duration TRAINING_EXIT_MAX = Duration.ofSeconds(60);

  private final Termination termination = new Termination();
  private final Mailbox mailbox = new Mailbox();
  private final SparkDriver driver = new SparkDriver();
  private Registration registration;

  private EngineMain() {}

  public static void main(String[] arguments) {
    EngineMain main = new EngineMain();
    try {
      main.run(arguments);
    } catch (Throwable e) {
      main.fail(e);
    }
  }

  private void run(String[] arguments) throws StartFailure {
    EngineSettings settings = EngineSettings.load(arguments);
    EngineSecret secret = EngineSecret.of(settings);
    Log.hide(secret.token());
    Log.event("starting", "id", settings.id(), "key", settings.key(), "run_as", settings.runAs(),
        "pid", ProcessHandle.current().pid());

    Lifecycle lifecycle = new Lifecycle(settings, driver, mailbox);
    registration = new Registration(settings, readDigest(settings), mailbox, lifecycle);
    registration.connect();
    if (settings.modes().spare()) {
      Spare spare = new Spare(settings, driver, registration, mailbox);
      Optional<EngineSettings> bound = spare.awaitOwner(secret.token());
      if (bound.isEmpty()) {
        Log.event("stopping", "reason", "no-owner");
        stop(0, EXIT_MAX);
        return;
      }
      settings = bound.get();
    }
    serve(settings, secret, lifecycle);
  }

  private void serve(EngineSettings settings, EngineSecret secret, Lifecycle lifecycle)
      throws StartFailure {
    Duration startMax = settings.limits().start();
    CountDownLatch started =
        startMax.isZero() || settings.modes().train()
            ? new CountDownLatch(0)
            : Termination.haltUnlessStarted(startMax);
    driver.start(settings, secret.token());
    EngineRecord record = EngineRecord.of(settings, driver, secret);
    Log.event("listening", "endpoint", record.endpoint(), "application_id", driver.applicationId(),
        "spark_version", driver.sparkVersion(), "ms", Log.sinceStartMs());

    if (settings.modes().train()) {
      Training.run(settings, driver, registration, secret);
      stop(0, TRAINING_EXIT_MAX);
      return;
    }
    if (!termination.arm(() -> mailbox.execute(lifecycle::signalled))) return;
    registration.register(settings.key(), record);
    started.countDown();
    stop(lifecycle.run(registration), EXIT_MAX);
  }

  private static Optional<String> readDigest(EngineSettings settings) throws StartFailure {
    if (settings.zooKeeper().digestFile().isEmpty()) return Optional.empty();
    String digest =
        SecretFile.read(EngineSettings.DIGEST_FILE_KEY, settings.zooKeeper().digestFile().get());
    Log.hide(digest);
    return Optional.of(digest);
  }

  private void stop(int status, Duration atMost) {
    // Clients and users' code may keep Spark from ending, so it has a limit as well.
    if (!termination.isSignalled()) Termination.haltAfter(atMost.multipliedBy(2), status);
    registration.close();
    driver.stop();
    Log.event("stopped", "ms", Log.sinceStartMs());
    termination.cleanedUp();
    // After a signal the JVM is on its way out already and keeps the signal's status.
    if (!termination.isSignalled()) termination.exit(status, atMost);
  }

  private void fail(Throwable e) {
    if (termination.isSignalled()) {
      // Spark's own hook ends it meanwhile, so things may well break; nobody wants to know.
      if (registration != null) registration.close();
      termination.cleanedUp();
      return;
    }
    if (!(e instanceof StartFailure) || e.getCause() != null) e.printStackTrace();
    Termination.runAtMost(
        CLEAN_UP_MAX,
        () -> {
          if (registration != null) registration.close();
          driver.stop();
        });
    Log.failed(StartFailure.of("the engine failed", e).getMessage());
    Termination.halt(1);
  }
}
