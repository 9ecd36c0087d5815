package foxfire.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/** Files of mode 0600 that hold one secret. Errors name the file and never what is in it. */
final class SecretFile {
  private static final int BYTES_MAX = 4096;
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  private SecretFile() {}

  /** Reads the secret and removes the file, so that no query can read it later. */
  static String take(String key, Path file) throws StartFailure {
    String secret = read(key, file);
    if (!secret.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw new StartFailure(key + " = " + file + ": must be printable ASCII without spaces");
    }
    try {
      Files.delete(file);
    } catch (IOException e) {
      String cure = "cannot be removed after reading; make its folder writable for the engine";
      throw new StartFailure(key + " = " + file + ": " + cure, e);
    }
    return secret;
  }

  static String read(String key, Path file) throws StartFailure {
    String where = key + " = " + file + ": ";
    try {
      if (isReadableByOthers(file)) {
        throw new StartFailure(where + "others can read it; chmod 600");
      }
      if (Files.size(file) > BYTES_MAX) {
        throw new StartFailure(where + "more than " + BYTES_MAX + " bytes; is it the right file?");
      }
      String secret = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).strip();
      if (secret.isEmpty() || secret.contains("\n")) {
        throw new StartFailure(where + "must hold exactly one line");
      }
      return secret;
    } catch (NoSuchFileException e) {
      throw new StartFailure(where + "no such file; write the secret to it (mode 0600) before each"
          + " start", e);
    } catch (IOException e) {
      throw new StartFailure(where + "cannot be read (" + StartFailure.describe(e) + ")", e);
    }
  }

  private static boolean isReadableByOthers(Path file) throws IOException {
    try {
      return !OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file));
    } catch (UnsupportedOperationException e) {
      return false; // a file system without such permissions
    }
  }
}
