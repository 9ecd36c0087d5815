package foxfire.engine;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.zookeeper.common.PathUtils;

/** What an engine is told at its start, checked: docs/engine-contract.md. A value type. */
record EngineSettings(
    String id,
    String key,
    String runAs,
    Path secretFile,
    Address address,
    ZooKeeperSettings zooKeeper,
    Limits limits,
    boolean train,
    Map<String, String> spark) {

  static final String TOKEN_KEY = "spark.connect.authenticate.token";
  static final String SECRET_FILE_KEY = "foxfire.secret.file";
  static final String DIGEST_FILE_KEY = "foxfire.zookeeper.digest.file";

  /** Where Spark Connect listens, where gateways find it, and the machine's name. */
  record Address(String bind, String advertise, String hostName) {}

  record ZooKeeperSettings(
      String connect,
      String root,
      Duration sessionTimeout,
      Duration lost,
      Optional<Path> digestFile) {

    /** The path of a node below the root. */
    String path(String... parts) {
      return (root.equals("/") ? "" : root) + "/" + String.join("/", parts);
    }
  }

  /** A zero {@code idle} or {@code maxLifetime} is none. */
  record Limits(Duration idle, Duration maxLifetime, Duration drainGrace) {}

  private static final Pattern UUID =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
  private static final Pattern ENGINE_KEY =
      Pattern.compile("(connection|user|group|server)(:[A-Za-z0-9\\-_.%]+){3}");
  private static final Pattern USER = Pattern.compile("[^\\p{Cntrl}]+");
  private static final long HUNDRED_YEARS_MS = Duration.ofDays(36500).toMillis();

  static EngineSettings load(String[] arguments) throws StartFailure {
    if (arguments.length != 1) {
      throw new StartFailure(
          "EngineMain takes one argument, the path of its properties file, and got "
              + arguments.length);
    }
    PropertyReader in = new PropertyReader(Path.of(arguments[0]));
    EngineSettings settings =
        new EngineSettings(
            readId(in),
            in.matching("foxfire.engine.key", ENGINE_KEY, "<level>:<owner>:<profile>:<subdomain>"),
            in.matching("foxfire.engine.run.as", USER, "a user's name"),
            path(in, SECRET_FILE_KEY, in.required(SECRET_FILE_KEY)),
            new Address(
                in.required("foxfire.bind.address"),
                in.required("foxfire.advertise.host"),
                in.required("foxfire.host.name")),
            readZooKeeper(in),
            new Limits(
                in.millis("foxfire.idle.ms", 0, HUNDRED_YEARS_MS),
                in.millis("foxfire.max.lifetime.ms", 0, HUNDRED_YEARS_MS),
                in.millis("foxfire.drain.grace.ms", 0, HUNDRED_YEARS_MS)),
            in.flag("foxfire.train"),
            in.startingWith("spark."));
    if (settings.spark().containsKey(TOKEN_KEY)) {
      throw in.error(TOKEN_KEY, "remove it; the secret comes by the file of " + SECRET_FILE_KEY);
    }
    in.rejectUnknown();
    return settings;
  }

  private static String readId(PropertyReader in) throws StartFailure {
    String name = "foxfire.engine.id";
    String id = in.matching(name, UUID, "a UUID");
    // Whoever ends the process looks for this argument, so another one would protect it.
    String argument = System.getProperty(name, id);
    if (argument.equals(id)) return id;
    throw in.error(name, "is " + id + ", but the command line says -D" + name + "=" + argument
        + "; give both the same id");
  }

  private static ZooKeeperSettings readZooKeeper(PropertyReader in) throws StartFailure {
    String rootKey = "foxfire.zookeeper.root";
    String root = in.required(rootKey);
    try {
      PathUtils.validatePath(root);
    } catch (IllegalArgumentException e) {
      throw in.error(rootKey, "must be a ZooKeeper path such as /foxfire: " + e.getMessage());
    }
    Optional<String> digest = in.optional(DIGEST_FILE_KEY);
    return new ZooKeeperSettings(
        in.required("foxfire.zookeeper.connect"),
        root,
        in.millis("foxfire.zookeeper.session.timeout.ms", 1, Integer.MAX_VALUE),
        in.millis("foxfire.zookeeper.lost.ms", 1, HUNDRED_YEARS_MS),
        digest.isEmpty() ? Optional.empty() : Optional.of(path(in, DIGEST_FILE_KEY, digest.get())));
  }

  private static Path path(PropertyReader in, String key, String value) throws StartFailure {
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw in.error(key, "is no path: " + e.getMessage());
    }
  }
}
