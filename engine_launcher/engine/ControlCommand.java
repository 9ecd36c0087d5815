package foxfire.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;

/** An order to this engine, as its control node holds it. A value type. */
record ControlCommand(String command, Duration grace, String reason, String by) {
  static final String STOP = "stop";
  static final String DRAIN = "drain";

  private static final Duration GRACE_MAX = Duration.ofDays(3650);
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** Data that is no command; the message says why. */
  static final class BrokenCommand extends Exception {
    private static final long serialVersionUID = 1L;

    BrokenCommand(String message) {
      super(message);
    }
  }

  /** Whether it waits for sessions to be closed, not only for executions. */
  boolean isDrain() {
    return command.equals(DRAIN);
  }

  /** {@code data} may be null, as ZooKeeper's empty nodes are. */
  static ControlCommand parse(byte[] data) throws BrokenCommand {
    JsonNode json = read(data);
    if (json.path("schema").asInt() != EngineRecord.SCHEMA) {
      throw new BrokenCommand("\"schema\" must be " + EngineRecord.SCHEMA);
    }
    String command = json.path("command").asText();
    if (!command.equals(STOP) && !command.equals(DRAIN)) {
      throw new BrokenCommand("\"command\" must be \"" + STOP + "\" or \"" + DRAIN + "\"");
    }
    JsonNode grace = json.path("grace_ms"); // none: at once
    boolean isMillis =
        grace.isIntegralNumber()
            && grace.canConvertToLong()
            && grace.asLong() >= 0
            && grace.asLong() <= GRACE_MAX.toMillis();
    if (!grace.isMissingNode() && !isMillis) {
      throw new BrokenCommand(
          "\"grace_ms\" must be a whole number of milliseconds, between 0 and 10 years");
    }
    return new ControlCommand(
        command,
        Duration.ofMillis(grace.asLong()),
        json.path("reason").asText(),
        json.path("by").asText());
  }

  private static JsonNode read(byte[] data) throws BrokenCommand {
    try {
      JsonNode json = data == null ? null : MAPPER.readTree(data);
      if (json == null || !json.isObject()) throw new BrokenCommand("is no JSON object");
      return json;
    } catch (JsonProcessingException e) {
      throw new BrokenCommand("is no JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new BrokenCommand("is no JSON: " + e.getMessage());
    }
  }
}
