#include "tests/fake_engine/call_script.h"

#include <map>
#include <optional>

#include "common/json.h"

namespace foxfire::fake {
namespace {

const std::map<std::string, ActWhen> kActs = {
    {"start", ActWhen::kStart}, {"first_message", ActWhen::kFirstMessage}, {"end", ActWhen::kEnd}};
const std::map<std::string, Ending> kEndings = {{"finish", Ending::kFinish},
                                                {"hang", Ending::kHang},
                                                {"exit", Ending::kExit},
                                                {"disconnect", Ending::kDisconnect},
                                                {"cancel", Ending::kCancel}};

std::optional<std::string> HexDecode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    const size_t high = kDigits.find(text[i]);
    const size_t low = kDigits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

Result<MetadataList> ReadMetadata(const Json& script, const char* key) {
  MetadataList list;
  if (!script.contains(key)) return list;
  for (const Json& pair : script[key]) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
      return MakeError(Code::kInvalidArgument, std::string(key) + ": not a list of pairs");
    const auto name = pair[0].get<std::string>();
    auto value = std::optional(pair[1].get<std::string>());
    if (name.ends_with("-bin")) value = HexDecode(*value);
    if (!value) return MakeError(Code::kInvalidArgument, name + ": not hexadecimal");
    list.emplace_back(name, *value);
  }
  return list;
}

template <typename T>
Result<T> ReadChoice(const Json& script, const char* key, const std::map<std::string, T>& choices,
                     const char* fallback) {
  ASSIGN_OR_RETURN(const std::string name, JsonString(script, key, fallback));
  const auto found = choices.find(name);
  if (found == choices.end())
    return MakeError(Code::kInvalidArgument, std::string(key) + ": unknown: " + name);
  return found->second;
}

}  // namespace

Result<CallScript> ParseCallScript(std::string_view text) {
  CallScript script;
  if (text.empty()) return script;
  ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  ASSIGN_OR_RETURN(script.act, ReadChoice(json, "act", kActs, "end"));
  ASSIGN_OR_RETURN(script.ending, ReadChoice(json, "then", kEndings, "finish"));
  ASSIGN_OR_RETURN(const int64_t read, JsonInteger(json, "read", -1));
  if (read >= 0) script.read_most = static_cast<size_t>(read);
  ASSIGN_OR_RETURN(const int64_t messages, JsonInteger(json, "messages", 0));
  script.messages = static_cast<size_t>(messages);
  ASSIGN_OR_RETURN(const int64_t bytes, JsonInteger(json, "bytes", 0));
  script.message_bytes = static_cast<size_t>(bytes);
  ASSIGN_OR_RETURN(script.pace_ms, JsonInteger(json, "pace_ms", 0));
  ASSIGN_OR_RETURN(const int64_t status, JsonInteger(json, "status", 0));
  script.status = static_cast<int>(status);
  ASSIGN_OR_RETURN(script.status_message, JsonString(json, "message", ""));
  ASSIGN_OR_RETURN(script.initial_metadata, ReadMetadata(json, "initial_metadata"));
  ASSIGN_OR_RETURN(script.trailers, ReadMetadata(json, "trailers"));
  const bool says_nothing =
      script.messages > 0 || script.ending != Ending::kFinish || script.status != 0;
  script.echo = json.value("echo", Json(!says_nothing)) == Json(true);
  return script;
}

std::string MessageBody(size_t index, size_t size) {
  std::string body(size, '\0');
  for (size_t k = 0; k < size; ++k) body[k] = static_cast<char>((index + k) & 0xff);
  return body;
}

}  // namespace foxfire::fake
