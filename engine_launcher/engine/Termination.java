package foxfire.engine;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Signals, and the guarantee that the process ends. Without it a thread of Spark or of a user's
 * code that never ends could keep the JVM alive for ever. Thread-safe.
 */
final class Termination {
  private static final Duration CLEAN_UP_MAX = Duration.ofSeconds(3);
  private static final Duration HOOKS_MAX = Duration.ofSeconds(5);
  private static final Duration YARN_MASTER_MAX = Duration.ofSeconds(60);
  private static final int SIGTERM_STATUS = 143;
  // The application master sets the id; a driver outside of it only gets one later.
  private static final boolean UNDER_YARNS_MASTER =
      System.getProperty("spark.yarn.app.id") != null
          && "cluster".equals(System.getProperty("spark.submit.deployMode"));

  private final CountDownLatch cleanedUp = new CountDownLatch(1);
  private Runnable onSignal; // null: nothing is registered anywhere yet
  private boolean signalled;
  private boolean exiting;

  Termination() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::hook, "foxfire-signal"));
  }

  /** From now on a signal calls {@code task} and waits for cleanedUp(). False: it came before. */
  synchronized boolean arm(Runnable task) {
    onSignal = task;
    return !signalled;
  }

  void cleanedUp() {
    cleanedUp.countDown();
  }

  synchronized boolean isSignalled() {
    return signalled;
  }

  /**
   * Ends the process with {@code status}, in the middle of its shutdown hooks if those hang.
   * Returns where YARN's application master has called main(): it takes a return for a success and
   * an exit for a failure, and then ends the process itself.
   */
  void exit(int status, Duration atMost) {
    synchronized (this) {
      exiting = true;
    }
    if (status == 0 && UNDER_YARNS_MASTER) {
      haltAfter(YARN_MASTER_MAX, status);
      return;
    }
    haltAfter(atMost, status);
    System.exit(status);
  }

  /** Ends the process at once, so that nothing is printed any more. */
  static void halt(int status) {
    Runtime.getRuntime().halt(status);
  }

  static void haltAfter(Duration delay, int status) {
    startDaemon(
        "foxfire-halt",
        () -> {
          await(new CountDownLatch(1), delay);
          halt(status);
        });
  }

  /** The same with the line that an engine ends with when it cannot start, and status 1. */
  static void haltAfter(Duration delay, String why) {
    startDaemon(
        "foxfire-halt",
        () -> {
          await(new CountDownLatch(1), delay);
          Log.failed(why + " (after " + delay.toSeconds() + " s, foxfire.start.max.ms); what it waits"
              + " for is in its threads (jstack) and the lines above");
          halt(1);
        });
  }

  /** Ends the process if what is returned is not counted down in time: for a start that hangs. */
  static CountDownLatch haltUnlessStarted(Duration atMost) {
    CountDownLatch started = new CountDownLatch(1);
    startDaemon(
        "foxfire-start",
        () -> {
          await(started, atMost);
          if (started.getCount() == 0) return;
          Log.failed("not registered after " + atMost.toSeconds() + " s (foxfire.start.max.ms);"
              + " what it waits for is in its threads (jstack) and the lines above");
          halt(1);
        });
    return started;
  }

  /** Runs {@code task} to its end or for {@code atMost}. */
  static void runAtMost(Duration atMost, Runnable task) {
    CountDownLatch done = new CountDownLatch(1);
    startDaemon(
        "foxfire-clean-up",
        () -> {
          try {
            task.run();
          } finally {
            done.countDown();
          }
        });
    await(done, atMost);
  }

  private void hook() {
    Runnable task;
    synchronized (this) {
      if (exiting) return;
      signalled = true;
      task = onSignal;
    }
    haltAfter(HOOKS_MAX, SIGTERM_STATUS);
    if (task == null) return;
    task.run();
    await(cleanedUp, CLEAN_UP_MAX);
  }

  private static void startDaemon(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private static void await(CountDownLatch latch, Duration atMost) {
    try {
      latch.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
