#include "tests/fake_engine/engine_options.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "common/files.h"
#include "common/json.h"

namespace foxfire::fake {
namespace {

using Properties = std::map<std::string, std::string>;

// Lines of "key=value" with Java's backslash escapes; \uXXXX is not needed by any test.
Properties ParseProperties(const std::string& text) {
  Properties properties;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#' || line[0] == '!') continue;
    std::string key;
    std::string value;
    std::string* part = &key;
    for (size_t i = 0; i < line.size(); ++i) {
      const bool escaped = line[i] == '\\' && i + 1 < line.size();
      if (escaped) ++i;
      if (!escaped && part == &key && (line[i] == '=' || line[i] == ':')) {
        part = &value;
      } else {
        *part += line[i];
      }
    }
    while (key.ends_with(' ')) key.pop_back();
    while (value.starts_with(' ')) value.erase(0, 1);
    properties[key] = value;
  }
  return properties;
}

std::chrono::milliseconds Millis(const std::string& text, std::chrono::milliseconds fallback) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && !text.empty() ? std::chrono::milliseconds(value) : fallback;
}

}  // namespace

Result<EngineOptions> ReadEngineProperties(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  Properties properties = ParseProperties(text);
  EngineOptions options;
  options.engine_id = properties["foxfire.engine.id"];
  options.key = properties["foxfire.engine.key"];
  options.run_as = properties["foxfire.engine.run.as"];
  options.host_name = properties["foxfire.host.name"];
  options.address = properties["foxfire.bind.address"];
  options.advertise_host = properties["foxfire.advertise.host"];
  options.zookeeper = properties["foxfire.zookeeper.connect"];
  options.root = properties["foxfire.zookeeper.root"];
  options.session_timeout =
      Millis(properties["foxfire.zookeeper.session.timeout.ms"], options.session_timeout);
  options.drain_grace = Millis(properties["foxfire.drain.grace.ms"], options.drain_grace);
  options.idle = Millis(properties["foxfire.idle.ms"], options.idle);
  options.lost = Millis(properties["foxfire.zookeeper.lost.ms"], options.lost);
  options.train = properties["foxfire.train"] == "true";
  options.spare = properties["foxfire.spare"] == "true";
  const std::string secret_file = properties["foxfire.secret.file"];
  ASSIGN_OR_RETURN(std::string secret, ReadFile(secret_file));
  options.secret = Secret(std::move(secret));
  std::error_code error;
  if (!std::filesystem::remove(secret_file, error))
    return MakeError(Code::kInternal, "cannot remove " + secret_file);
  return options;
}

Result<LaunchScript> ReadLaunchScript() {
  LaunchScript script;
  const char* path = std::getenv("FOXFIRE_FAKE_LAUNCH");
  if (path == nullptr || !std::filesystem::exists(path)) return script;
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  ASSIGN_OR_RETURN(script.count_file, JsonString(json, "count_file", ""));
  ASSIGN_OR_RETURN(script.wait_for_file, JsonString(json, "wait_for_file", ""));
  ASSIGN_OR_RETURN(script.log, JsonString(json, "log", ""));
  ASSIGN_OR_RETURN(script.failure, JsonString(json, "failure", ""));
  ASSIGN_OR_RETURN(const int64_t status, JsonInteger(json, "exit_status", 1));
  script.exit_status = static_cast<int>(status);
  script.waits_listening = json.value("wait_at", Json("start")) == Json("listening");
  script.registers = json.value("registers", Json(true)) == Json(true);
  script.obeys = json.value("obeys", Json(true)) == Json(true);
  return script;
}

Result<bool> AwaitOwner(EngineOptions& options) {
  constexpr std::string_view kReady = "{\"ready\":true}\n";
  if (write(STDIN_FILENO, kReady.data(), kReady.size()) < 0) return false;
  std::string line;
  for (char byte = 0; byte != '\n'; line += byte) {
    if (read(STDIN_FILENO, &byte, 1) <= 0) return false;
  }
  ASSIGN_OR_RETURN(const Json owner, ParseJson(line));
  ASSIGN_OR_RETURN(options.key, JsonString(owner, "key"));
  ASSIGN_OR_RETURN(options.run_as, JsonString(owner, "run_as"));
  return true;
}

}  // namespace foxfire::fake
