package foxfire.engine;

import java.time.Duration;

/**
 * How long clients have done nothing. Spark stamps executions with System.nanoTime() and sessions
 * with the wall clock; instead of comparing either with now, this watches for a change of them. So
 * it does not matter when the wall clock is set, and the answer is as exact as the observations are
 * frequent. An open session alone is no activity. Confined to one thread.
 */
final class Activity {
  private ConnectService.Usage last;
  private long lastActiveNanos;

  Activity(ConnectService.Usage first, long nowNanos) {
    last = first;
    lastActiveNanos = nowNanos;
  }

  void observe(ConnectService.Usage usage, long nowNanos) {
    if (isActive(usage)) lastActiveNanos = nowNanos;
    last = usage;
  }

  // The stamps of sessions that have ended go away with them, maybe long after their last use.
  private boolean isActive(ConnectService.Usage usage) {
    if (usage.executing() || usage.executionStamp() != last.executionStamp()) return true;
    if (usage.sessions() < last.sessions()) return usage.sessionStamp() > last.sessionStamp();
    return usage.sessions() > last.sessions() || usage.sessionStamp() != last.sessionStamp();
  }

  ConnectService.Usage usage() {
    return last;
  }

  Duration idleFor(long nowNanos) {
    return Duration.ofNanos(nowNanos - lastActiveNanos);
  }
}
