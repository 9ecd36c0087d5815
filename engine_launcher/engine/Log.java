package foxfire.engine;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The engine's own lines on standard output, {@code foxfire-engine: <event> key=value …}. Spark's
 * log is another matter: log4j2.properties. Thread-safe.
 */
final class Log {
  private static final String PREFIX = "foxfire-engine: ";
  // Apart from System.out, whose encoding depends on the locale.
  private static final PrintStream OUT =
      new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
  private static final List<String> HIDDEN = new CopyOnWriteArrayList<>();

  private static volatile long clockBeganMs;

  private Log() {}

  /** From now on no line shows {@code secret}, whoever quotes it. */
  static void hide(String secret) {
    if (!secret.isEmpty()) HIDDEN.add(secret);
  }

  static void event(String event, Object... keysAndValues) {
    StringBuilder line = new StringBuilder(event);
    for (int i = 0; i + 1 < keysAndValues.length; i += 2) {
      line.append(' ').append(keysAndValues[i]).append('=');
      line.append(quoted(String.valueOf(keysAndValues[i + 1])));
    }
    print(line.toString());
  }

  /** The line that an engine ends with when it cannot start. */
  static void failed(String whatAndCure) {
    print("FAILED: " + onOneLine(whatAndCure));
  }

  static Instant startedAt() {
    return Instant.ofEpochMilli(ManagementFactory.getRuntimeMXBean().getStartTime());
  }

  /** Since the process started, or restartClock(). */
  static long sinceStartMs() {
    return ManagementFactory.getRuntimeMXBean().getUptime() - clockBeganMs;
  }

  /** For a spare that has got its owner: how long it has waited says nothing. */
  static void restartClock() {
    clockBeganMs = ManagementFactory.getRuntimeMXBean().getUptime();
  }

  private static void print(String text) {
    String line = text;
    for (String secret : HIDDEN) line = line.replace(secret, "<redacted>");
    OUT.println(PREFIX + line);
  }

  private static String quoted(String value) {
    String line = onOneLine(value);
    if (!line.isEmpty() && line.chars().noneMatch(c -> c == ' ' || c == '"' || c == '=')) {
      return line;
    }
    return '"' + line.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private static String onOneLine(String text) {
    return text.strip().replaceAll("\\s*[\\p{Cntrl}\\u2028\\u2029]+\\s*", " ");
  }
}
