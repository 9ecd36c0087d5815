package foxfire.engine;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What an engine is given, from a file or from Spark's configuration; every error names the place,
 * the key and the cure. Confined to one thread.
 */
final class PropertyReader {
  private static final String SPARK = "spark.";

  private final String place;
  private final String prefix; // of all keys at that place
  private final Properties properties = new Properties();
  private final Set<String> known = new HashSet<>();

  private PropertyReader(String place, String prefix) {
    this.place = place;
    this.prefix = prefix;
  }

  /**
   * Takes the engine's own settings out of Spark's, which spark-submit and YARN's application
   * master hand on as system properties: a SparkContext that is made later knows nothing of them.
   */
  static PropertyReader takeFromSpark() throws StartFailure {
    PropertyReader reader = new PropertyReader("Spark's configuration", SPARK);
    for (String name : System.getProperties().stringPropertyNames()) {
      if (!name.startsWith(SPARK + "foxfire.")) continue;
      reader.properties.setProperty(name.substring(SPARK.length()), System.clearProperty(name));
    }
    if (!reader.properties.isEmpty()) return reader;
    throw new StartFailure("EngineMain was told nothing: give it the path of its properties file,"
        + " or spark.foxfire.* in Spark's configuration");
  }

  static PropertyReader ofFile(Path file) throws StartFailure {
    PropertyReader made = new PropertyReader(file.toString(), "");
    made.load(file);
    return made;
  }

  private void load(Path file) throws StartFailure {
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      properties.load(reader);
    } catch (NoSuchFileException e) {
      throw new StartFailure(file + ": no such file; its path is the engine's only argument", e);
    } catch (IOException | IllegalArgumentException e) {
      throw new StartFailure(
          file + ": no Java properties file that can be read: " + StartFailure.describe(e), e);
    }
  }

  StartFailure error(String key, String whatAndCure) {
    return new StartFailure(place + ": " + prefix + key + ": " + whatAndCure);
  }

  Optional<String> optional(String key) {
    known.add(key);
    String value = properties.getProperty(key, "").strip();
    return value.isEmpty() ? Optional.empty() : Optional.of(value);
  }

  String required(String key) throws StartFailure {
    return optional(key).orElseThrow(() -> error(key, "is missing; add it"));
  }

  String matching(String key, Pattern pattern, String form) throws StartFailure {
    String value = required(key);
    if (pattern.matcher(value).matches()) return value;
    throw error(key, "must be " + form + ", not \"" + value + "\"");
  }

  Duration millis(String key, long least, long most) throws StartFailure {
    String value = required(key);
    try {
      long millis = Long.parseLong(value);
      if (millis >= least && millis <= most) return Duration.ofMillis(millis);
    } catch (NumberFormatException e) {
      // The same answer as for one that is out of range.
    }
    String form = "a whole number of milliseconds from " + least + " to " + most;
    throw error(key, "must be " + form + ", not \"" + value + "\"");
  }

  boolean flag(String key) throws StartFailure {
    String value = optional(key).orElse("false");
    if (value.equals("true") || value.equals("false")) return value.equals("true");
    throw error(key, "must be true or false, not \"" + value + "\"");
  }

  /** All keys that begin with {@code prefix}. */
  TreeMap<String, String> startingWith(String prefix) {
    TreeMap<String, String> found = new TreeMap<>();
    for (String key : properties.stringPropertyNames()) {
      if (!key.startsWith(prefix)) continue;
      known.add(key);
      found.put(key, properties.getProperty(key));
    }
    return found;
  }

  /** Fails for a key that nobody has asked for. */
  void rejectUnknown() throws StartFailure {
    for (String key : new TreeMap<>(properties).keySet().stream().map(Object::toString).toList()) {
      if (!known.contains(key)) {
        throw error(key, "no such key; docs/engine-contract.md lists them all");
      }
    }
  }
}
