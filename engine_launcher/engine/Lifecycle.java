package foxfire.engine;

import foxfire.engine.EngineSettings.Limits;
import java.time.Duration;

/**
 * When a registered engine ends, and how gently. Every end goes the same way: deregister, wait for
 * what runs within a grace, leave run(). A later order replaces an earlier one. Confined to the
 * main thread.
 */
final class Lifecycle implements Registration.Listener {
  private static final Duration POLL_MAX = Duration.ofSeconds(1);
  private static final Duration POLL_MIN = Duration.ofMillis(50);
  private static final Duration DRAIN_POLL = Duration.ofMillis(100);

  /** Why and until when; {@code forSessions}: waits for sessions to be closed, too. */
  private record End(String reason, int status, long deadlineNanos, boolean forSessions) {}

  private final EngineSettings settings;
  private final Limits limits;
  private final SparkDriver driver;
  private final Mailbox mailbox;
  private Registration registration;
  private Activity activity;
  private End end;

  Lifecycle(EngineSettings settings, SparkDriver driver, Mailbox mailbox) {
    this.settings = settings;
    this.limits = settings.limits();
    this.driver = driver;
    this.mailbox = mailbox;
  }

  /** Blocks until it is time to stop; answers with the exit status. */
  int run(Registration registered) {
    registration = registered;
    long beganNanos = System.nanoTime();
    activity = new Activity(driver.usage(), beganNanos);
    while (!isOver(System.nanoTime())) {
      mailbox.run(end == null ? pollInterval() : DRAIN_POLL);
      long nowNanos = System.nanoTime();
      registration.tick(nowNanos);
      if (end == null && settings.modes().reportLoad()) reportLoad(nowNanos);
      if (end == null) considerEnd(nowNanos, Duration.ofNanos(nowNanos - beganNanos));
    }
    return end.status();
  }

  @Override
  public void ordered(ControlCommand command) {
    Log.event("ordered", "command", command.command(), "by", command.by(), "reason",
        command.reason());
    stop(command.isDrain() ? "drain" : "control", 0, command.grace(), command.isDrain());
  }

  @Override
  public void removed() {
    stop("node-removed", 0, limits.drainGrace(), true);
  }

  /** SIGTERM and the like. */
  void signalled() {
    stop("signal", 0, Duration.ZERO, false); // the JVM sets the status itself
  }

  private void reportLoad(long nowNanos) {
    if (driver.hasEnded()) return;
    ConnectService.Usage usage = driver.usage();
    registration.report(new EngineRecord.Load(usage.sessions(), usage.operations()), nowNanos);
  }

  private void considerEnd(long nowNanos, Duration age) {
    if (driver.hasEnded()) {
      stop("spark-ended", 1, Duration.ZERO, false);
      return;
    }
    activity.observe(driver.usage(), nowNanos);
    if (registration.lostFor(nowNanos).compareTo(settings.zooKeeper().lost()) >= 0) {
      stop("registration-lost", 0, Duration.ZERO, false);
    } else if (isIdle(nowNanos)) {
      stop("idle", 0, limits.drainGrace(), false);
    } else if (isSet(limits.maxLifetime()) && age.compareTo(limits.maxLifetime()) >= 0) {
      stop("max-lifetime", 0, limits.drainGrace(), true);
    }
  }

  private void stop(String reason, int status, Duration grace, boolean forSessions) {
    Log.event("stopping", "reason", reason, "grace_ms", grace.toMillis());
    end = new End(reason, status, System.nanoTime() + grace.toNanos(), forSessions);
    if (registration != null) registration.deregister();
  }

  private boolean isOver(long nowNanos) {
    if (end == null) return false;
    if (nowNanos - end.deadlineNanos() >= 0 || driver.hasEnded()) return true;
    // What has come since the last look counts: gateways hear of the end a moment later than it is.
    activity.observe(driver.usage(), nowNanos);
    if (activity.usage().executing()) return false;
    return !end.forSessions() || activity.usage().sessions() == 0 || isIdle(nowNanos);
  }

  private boolean isIdle(long nowNanos) {
    return isSet(limits.idle()) && activity.idleFor(nowNanos).compareTo(limits.idle()) >= 0;
  }

  // Short limits, as tests have them, are kept within a quarter.
  private Duration pollInterval() {
    Duration shortest = settings.zooKeeper().lost();
    if (isSet(limits.idle()) && limits.idle().compareTo(shortest) < 0) shortest = limits.idle();
    Duration wanted = shortest.dividedBy(4);
    if (wanted.compareTo(POLL_MAX) > 0) return POLL_MAX;
    return wanted.compareTo(POLL_MIN) < 0 ? POLL_MIN : wanted;
  }

  private static boolean isSet(Duration limit) {
    return !limit.isZero();
  }
}
