package foxfire.engine;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Tasks for the main thread, which alone decides. ZooKeeper's thread and the signal hook only post;
 * both post a handful of tasks, so there is no limit. execute() is thread-safe.
 */
final class Mailbox implements Executor {
  private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
  }

  /** Runs what has been posted; waits for a task for up to {@code atMost} if there is none. */
  void run(Duration atMost) {
    try {
      Runnable task = tasks.poll(Math.max(0, atMost.toNanos()), TimeUnit.NANOSECONDS);
      for (; task != null; task = tasks.poll()) task.run();
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the main thread", e);
    }
  }
}
