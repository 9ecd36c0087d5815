package foxfire.engine;

import java.net.BindException;

/** Why an engine cannot start and how to mend it, in one line for whoever reads its log. */
final class StartFailure extends Exception {
  private static final long serialVersionUID = 1L;

  StartFailure(String whatAndCure) {
    super(whatAndCure);
  }

  StartFailure(String whatAndCure, Throwable cause) {
    super(whatAndCure, cause);
  }

  /** What broke while {@code doing}; the cure depends on what it was. */
  static StartFailure of(String doing, Throwable thrown) {
    if (thrown instanceof StartFailure failure) return failure;
    Throwable root = rootOf(thrown);
    return new StartFailure(doing + ": " + describe(root) + "; " + cureFor(root), thrown);
  }

  /** The message of the innermost cause; its class too where the message says little. */
  static String describe(Throwable root) {
    String message = root.getMessage();
    String type = root.getClass().getSimpleName();
    if (message == null || message.isBlank()) return type;
    boolean isSentence = message.strip().contains(" ");
    return isSentence && !(root instanceof Error) ? message.strip() : type + ": " + message.strip();
  }

  static Throwable rootOf(Throwable thrown) {
    Throwable root = thrown;
    // A cycle of causes is possible, though nobody should make one.
    for (int depth = 0; depth < 50 && root.getCause() != null; ++depth) root = root.getCause();
    return root;
  }

  private static String cureFor(Throwable root) {
    String message = String.valueOf(root.getMessage());
    if (message.contains("System memory ")) {
      return "set the profile's driver_memory to 512MiB or more";
    }
    if (root instanceof OutOfMemoryError) {
      return "give the profile more driver_memory, or the machine fewer engines";
    }
    if (root instanceof BindException) {
      return "foxfire.bind.address must be an address of this machine, and a port that the profile"
          + " sets must be free (without one the engine takes any free port)";
    }
    if (root instanceof LinkageError || root instanceof ClassNotFoundException) {
      return "the profile's spark_home must be a complete Spark 4 with Spark Connect, and jars in"
          + " its class_path must fit that version";
    }
    return "mend the profile's Spark settings; the lines above have the details";
  }
}
