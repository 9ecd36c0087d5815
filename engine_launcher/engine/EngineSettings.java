package foxfire.engine;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.zookeeper.common.PathUtils;

/**
 * What an engine is told at its start, checked: docs/engine-contract.md. A spare has an empty key
 * and user until bind(). A value type.
 */
record EngineSettings(
    String id,
    String key,
    String runAs,
    SecretSource secret,
    Address address,
    ZooKeeperSettings zooKeeper,
    Limits limits,
    Modes modes,
    Map<String, String> spark) {

  static final String TOKEN_KEY = "spark.connect.authenticate.token";
  static final String SECRET_FILE_KEY = "foxfire.secret.file";
  static final String GATEWAY_KEY_KEY = "foxfire.gateway.public.key";
  static final String DIGEST_FILE_KEY = "foxfire.zookeeper.digest.file";
  static final String KEY_KEY = "foxfire.engine.key";
  static final String RUN_AS_KEY = "foxfire.engine.run.as";
  static final String SPARE_KEY = "foxfire.spare";
  static final String IDENTITY_KEY = "foxfire.identity";

  /** Exactly one is present. */
  record SecretSource(Optional<Path> file, Optional<String> gatewayKey) {}

  /**
   * Where Spark Connect listens, where gateways find it, and the machine's name, empty if no
   * gateway knows the machine.
   */
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

  /** A zero {@code start}, {@code idle} or {@code maxLifetime} is none. */
  record Limits(Duration start, Duration idle, Duration maxLifetime, Duration drainGrace) {}

  /** {@code process}: it is the process's user already; otherwise the engine becomes it. */
  record Modes(boolean process, boolean train, boolean spare, boolean reportLoad) {}

  static final Pattern ENGINE_KEY =
      Pattern.compile("(connection|user|group|server)(:[A-Za-z0-9\\-_.%]+){3}");
  static final Pattern USER = Pattern.compile("[^\\p{Cntrl}]+");
  private static final Pattern UUID =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
  private static final Pattern IDENTITY = Pattern.compile("assume|process");
  private static final long HUNDRED_YEARS_MS = Duration.ofDays(36500).toMillis();

  static EngineSettings load(String[] arguments) throws StartFailure {
    if (arguments.length > 1) {
      throw new StartFailure(
          "EngineMain takes at most one argument, the path of its properties file, and got "
              + arguments.length);
    }
    PropertyReader in =
        arguments.length == 0
            ? PropertyReader.takeFromSpark()
            : PropertyReader.ofFile(Path.of(arguments[0]));
    EngineSettings settings = read(in);
    if (settings.spark().containsKey(TOKEN_KEY)) {
      throw in.error(TOKEN_KEY, "remove it; the secret comes by the file of " + SECRET_FILE_KEY);
    }
    in.rejectUnknown();
    return settings;
  }

  /** A spare's settings once it has an owner; {@code more} goes over Spark's settings so far. */
  EngineSettings bind(String ownersKey, String owner, Map<String, String> more) {
    TreeMap<String, String> all = new TreeMap<>(spark);
    all.putAll(more);
    return with(ownersKey, owner, false, all);
  }

  /** For a throw-away Spark, of {@code user} who is the process's already. */
  EngineSettings forWarmUp(String user, Map<String, String> settings) {
    return with("spare", user, true, settings);
  }

  private EngineSettings with(
      String newKey, String user, boolean process, Map<String, String> settings) {
    Modes newModes = new Modes(process, false, false, modes.reportLoad());
    return new EngineSettings(
        id, newKey, user, secret, address, zooKeeper, limits, newModes, settings);
  }

  private static EngineSettings read(PropertyReader in) throws StartFailure {
    Modes modes = readModes(in);
    String key = "";
    String runAs = "";
    if (modes.spare()) {
      rejectOwner(in, KEY_KEY);
      rejectOwner(in, RUN_AS_KEY);
    } else {
      key = in.matching(KEY_KEY, ENGINE_KEY, "<level>:<owner>:<profile>:<subdomain>");
      runAs = in.matching(RUN_AS_KEY, USER, "a user's name");
    }
    ZooKeeperSettings zooKeeper = readZooKeeper(in);
    return new EngineSettings(
        readId(in),
        key,
        runAs,
        readSecret(in),
        readAddress(in, zooKeeper),
        zooKeeper,
        new Limits(
            readStartLimit(in),
            in.millis("foxfire.idle.ms", 0, HUNDRED_YEARS_MS),
            in.millis("foxfire.max.lifetime.ms", 0, HUNDRED_YEARS_MS),
            in.millis("foxfire.drain.grace.ms", 0, HUNDRED_YEARS_MS)),
        modes,
        in.startingWith("spark."));
  }

  private static Duration readStartLimit(PropertyReader in) throws StartFailure {
    String key = "foxfire.start.max.ms";
    return in.optional(key).isPresent() ? in.millis(key, 0, HUNDRED_YEARS_MS) : Duration.ZERO;
  }

  private static Modes readModes(PropertyReader in) throws StartFailure {
    boolean process =
        in.optional(IDENTITY_KEY).isPresent()
            && in.matching(IDENTITY_KEY, IDENTITY, "assume or process").equals("process");
    boolean train = in.flag("foxfire.train");
    boolean spare = in.flag(SPARE_KEY);
    if (spare && train) throw in.error(SPARE_KEY, "not together with foxfire.train; remove one");
    if (spare && process) {
      throw in.error(SPARE_KEY, "not with " + IDENTITY_KEY + " = process: its owner is not known"
          + " when the process starts; remove one");
    }
    return new Modes(process, train, spare, in.flag("foxfire.report.load"));
  }

  private static void rejectOwner(PropertyReader in, String key) throws StartFailure {
    if (in.optional(key).isEmpty()) return;
    throw in.error(key, "a spare gets it from its gateway later; remove it, or " + SPARE_KEY);
  }

  private static SecretSource readSecret(PropertyReader in) throws StartFailure {
    Optional<String> file = in.optional(SECRET_FILE_KEY);
    Optional<String> gatewayKey = in.optional(GATEWAY_KEY_KEY);
    if (file.isPresent() && gatewayKey.isPresent()) {
      throw in.error(SECRET_FILE_KEY, "not together with " + GATEWAY_KEY_KEY + "; remove one");
    }
    if (file.isPresent()) {
      Path path = path(in, SECRET_FILE_KEY, file.get());
      return new SecretSource(Optional.of(path), Optional.empty());
    }
    if (gatewayKey.isPresent()) return new SecretSource(Optional.empty(), gatewayKey);
    throw in.error(SECRET_FILE_KEY, "is missing; add it, or " + GATEWAY_KEY_KEY);
  }

  private static Address readAddress(PropertyReader in, ZooKeeperSettings zooKeeper)
      throws StartFailure {
    String bind = in.required("foxfire.bind.address");
    String advertise = in.required("foxfire.advertise.host");
    if (advertise.equals("auto")) advertise = OwnAddress.find(bind, zooKeeper.connect());
    return new Address(bind, advertise, in.optional("foxfire.host.name").orElse(""));
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
