package foxfire.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** What an engine says about itself in ZooKeeper: docs/zookeeper.md. Immutable. */
final class EngineRecord {
  static final int SCHEMA = 1;

  /** What clients have on the engine at a moment. */
  record Load(int sessions, int operations) {}

  private static final ObjectMapper MAPPER = new ObjectMapper();
  // What no other process, and no earlier one with the same id, has in common with this one.
  private static final List<String> OWN = List.of("engine_id", "pid", "started_at");
  private static final Pattern STANDALONE_DRIVER = Pattern.compile("driver-[0-9]+-[0-9]+");

  private final Map<String, Object> fields;
  private final byte[] json;

  private EngineRecord(Map<String, Object> fields) {
    this.fields = fields;
    json = toJson(fields);
  }

  static EngineRecord of(EngineSettings settings, SparkDriver driver, EngineSecret secret) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("schema", SCHEMA);
    fields.put("engine_id", settings.id());
    fields.put("endpoint", endpoint(settings.address().advertise(), driver.port()));
    fields.put("spark_version", driver.sparkVersion());
    fields.put("application_id", driver.applicationId());
    fields.put("run_as", settings.runAs());
    fields.put("ui_url", driver.uiUrl());
    fields.put("host_name", settings.address().hostName());
    fields.put("pid", ProcessHandle.current().pid());
    fields.put("started_at", startedAt(Log.startedAt()));
    fields.put("submission_id", submissionId(driver));
    secret.publicKey().ifPresent(key -> fields.put("public_key", key));
    EngineRecord record = new EngineRecord(fields);
    return settings.modes().reportLoad() ? record.with(new Load(0, 0)) : record;
  }

  EngineRecord with(Load load) {
    Map<String, Object> more = new LinkedHashMap<>(fields);
    more.put("sessions", load.sessions());
    more.put("operations", load.operations());
    return new EngineRecord(more);
  }

  /** Whether {@code data} is a record of this very process, whatever load it tells. */
  boolean isSameEngine(byte[] data) {
    try {
      JsonNode theirs = data == null ? null : MAPPER.readTree(data);
      JsonNode ours = MAPPER.readTree(json);
      return theirs != null
          && OWN.stream().allMatch(key -> ours.path(key).equals(theirs.path(key)));
    } catch (IOException e) {
      return false;
    }
  }

  String endpoint() {
    return fields.get("endpoint").toString();
  }

  byte[] json() {
    return json.clone();
  }

  // By which the cluster manager knows the driver: a standalone worker names the folder of a driver
  // that it runs after it.
  private static String submissionId(SparkDriver driver) {
    Path folder = Path.of("").toAbsolutePath().getFileName();
    if (folder != null && STANDALONE_DRIVER.matcher(folder.toString()).matches()) {
      return folder.toString();
    }
    return driver.isOnYarn() ? driver.applicationId() : "";
  }

  private static String endpoint(String host, int port) {
    boolean isIpv6 = host.contains(":") && !host.startsWith("[");
    return (isIpv6 ? "[" + host + "]" : host) + ":" + port;
  }

  private static String startedAt(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static byte[] toJson(Map<String, Object> fields) {
    try {
      return MAPPER.writeValueAsString(fields).getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("strings and numbers always have a JSON form", e);
    }
  }
}
