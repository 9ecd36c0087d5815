package foxfire.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** What a gateway tells a spare: its owner. Keys that are not known are ignored. A value type. */
record OwnerLine(String key, String runAs, Map<String, String> spark) {
  private static final String WHERE = "the owner's line on standard input: ";
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** Errors do not quote the line: settings may hold passwords. */
  static OwnerLine parse(byte[] line) throws StartFailure {
    JsonNode json = read(line);
    return new OwnerLine(
        matching(json, "key", EngineSettings.ENGINE_KEY, "<level>:<owner>:<profile>:<subdomain>"),
        matching(json, "run_as", EngineSettings.USER, "a user's name"),
        readSpark(json.path("spark_conf")));
  }

  private static JsonNode read(byte[] line) throws StartFailure {
    try {
      JsonNode json = MAPPER.readTree(line);
      if (json != null && json.isObject()) return json;
      throw error("is no JSON object");
    } catch (JsonProcessingException e) {
      var place = e.getLocation();
      throw error("is no JSON object"
          + (place == null ? "" : ", wrong at column " + place.getColumnNr()));
    } catch (IOException e) {
      throw error("is no JSON object");
    }
  }

  private static String matching(JsonNode json, String name, Pattern pattern, String form)
      throws StartFailure {
    JsonNode value = json.path(name);
    if (value.isMissingNode() || value.isNull()) throw error("\"" + name + "\" is missing");
    if (value.isTextual() && pattern.matcher(value.asText()).matches()) return value.asText();
    throw error("\"" + name + "\" must be " + form);
  }

  private static Map<String, String> readSpark(JsonNode json) throws StartFailure {
    Map<String, String> spark = new TreeMap<>();
    if (json.isMissingNode() || json.isNull()) return spark;
    if (!json.isObject()) throw error("\"spark_conf\" must be an object");
    var names = json.fieldNames();
    while (names.hasNext()) {
      String key = names.next();
      JsonNode value = json.get(key);
      if (!key.startsWith("spark.") || key.equals(EngineSettings.TOKEN_KEY)) {
        throw error("\"spark_conf\" cannot set " + key + "; only Spark's settings but the token");
      }
      if (!value.isValueNode() || value.isNull()) {
        throw error("\"spark_conf\": the value of " + key + " must be a string");
      }
      spark.put(key, value.asText());
    }
    return spark;
  }

  private static StartFailure error(String what) {
    return new StartFailure(WHERE + what + "; docs/engine-contract.md says what a gateway sends");
  }
}
