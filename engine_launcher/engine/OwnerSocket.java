package foxfire.engine;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * A spare's connection to its gateway, the stream socket on file descriptor 0. A thread of its own
 * reads it and posts what came to the main thread, to which everything else is confined.
 */
final class OwnerSocket {
  private static final int LINE_BYTES_MAX = 64 << 10;
  private static final byte[] READY = "{\"ready\":true}\n".getBytes(StandardCharsets.UTF_8);

  private final Mailbox mailbox;
  private final Duration endMax;
  private boolean hasEnded;
  private boolean isTooLong;
  private byte[] line; // without its end; null: not there (yet)

  /** {@code endMax}: for the main thread to end the process once the gateway has gone; 0: no limit. */
  OwnerSocket(Mailbox mailbox, Duration endMax) {
    this.mailbox = mailbox;
    this.endMax = endMax;
    Thread reader = new Thread(this::read, "foxfire-owner");
    reader.setDaemon(true);
    reader.start();
  }

  /** A gateway that has gone shows in hasEnded(). */
  void sayReady() {
    // Not closed: that would close the socket.
    FileOutputStream out = new FileOutputStream(FileDescriptor.in);
    try {
      out.write(READY);
    } catch (IOException e) {
      hasEnded = true;
    }
  }

  /** True when there is a line, or there will never be one. */
  boolean isOver() {
    return hasEnded || line != null || isTooLong;
  }

  /** Once isOver(): what the gateway has said; empty if it has gone before. */
  Optional<OwnerLine> owner() throws StartFailure {
    if (isTooLong) {
      throw new StartFailure("the owner's line on standard input has more than " + LINE_BYTES_MAX
          + " bytes; give the engine fewer Spark settings");
    }
    return line == null ? Optional.empty() : Optional.of(OwnerLine.parse(line));
  }

  private void read() {
    byte[] found = null;
    boolean tooLong = false;
    // To close it puts /dev/null in its place, so no code of a user's finds the gateway there.
    try (InputStream in = new BufferedInputStream(new FileInputStream(FileDescriptor.in))) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      int next = in.read();
      for (; next >= 0 && next != '\n' && bytes.size() <= LINE_BYTES_MAX; next = in.read()) {
        bytes.write(next);
      }
      tooLong = bytes.size() > LINE_BYTES_MAX;
      if (next == '\n') found = bytes.toByteArray();
    } catch (IOException e) {
      // The same as its end, or the line was complete.
    }
    // Nobody else knows of this process: no gateway has its pid, and it is not registered.
    if (found == null && !tooLong && !endMax.isZero()) {
      Termination.haltAfter(endMax, "its gateway has gone, and its warm-up does not end");
    }
    byte[] result = found;
    boolean wasTooLong = tooLong;
    mailbox.execute(() -> accept(result, wasTooLong));
  }

  private void accept(byte[] result, boolean wasTooLong) {
    line = result;
    isTooLong = wasTooLong;
    hasEnded = result == null;
  }
}
