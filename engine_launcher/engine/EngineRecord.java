package foxfire.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/** What an engine says about itself in ZooKeeper: docs/zookeeper.md. Immutable. */
final class EngineRecord {
  static final int SCHEMA = 1;

  private final String endpoint;
  private final byte[] json;

  EngineRecord(EngineSettings settings, SparkDriver driver) {
    endpoint = endpoint(settings.address().advertise(), driver.port());
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("schema", SCHEMA);
    fields.put("engine_id", settings.id());
    fields.put("endpoint", endpoint);
    fields.put("spark_version", driver.sparkVersion());
    fields.put("application_id", driver.applicationId());
    fields.put("run_as", settings.runAs());
    fields.put("ui_url", driver.uiUrl());
    fields.put("host_name", settings.address().hostName());
    fields.put("pid", ProcessHandle.current().pid());
    fields.put("started_at", startedAt(Log.startedAt()));
    json = toJson(fields);
  }

  String endpoint() {
    return endpoint;
  }

  byte[] json() {
    return json.clone();
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
      return new ObjectMapper().writeValueAsString(fields).getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("strings and numbers always have a JSON form", e);
    }
  }
}
