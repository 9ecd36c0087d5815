#include "engine_launcher/template_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>

#include "engine_launcher/engine_properties.h"
#include "engine_launcher/java_properties.h"

namespace foxfire::launcher {
namespace {

using Values = std::map<std::string, std::string>;

// Calls `literal` for each character and `name` for each placeholder, from left to right. False at
// a brace without its partner.
bool Walk(std::string_view word, const std::function<void(char)>& literal,
          const std::function<void(std::string_view)>& name) {
  while (!word.empty()) {
    const char c = word.front();
    if (c != '{' && c != '}') {
      literal(c);
      word.remove_prefix(1);
    } else if (word.size() > 1 && word[1] == c) {
      literal(c);
      word.remove_prefix(2);
    } else {
      const size_t end = word.find_first_of("{}", 1);
      if (c == '}' || end == std::string_view::npos || word[end] != '}') return false;
      name(word.substr(1, end - 1));
      word.remove_prefix(end + 1);
    }
  }
  return true;
}

std::string Expand(const std::string& word, const Values& values) {
  std::string out;
  const bool whole = Walk(
      word, [&out](char c) { out += c; },
      [&out, &values](std::string_view name) {
        const auto found = values.find(std::string(name));
        out += found == values.end() ? fmt::format("{{{}}}", name) : found->second;
      });
  return whole ? out : word;
}

}  // namespace

Result<void> CheckTemplate(const std::vector<std::string>& words, bool kill) {
  std::vector<std::string> known(std::begin(kLaunchPlaceholders), std::end(kLaunchPlaceholders));
  if (kill) known.emplace_back(kKillPlaceholder);
  for (const std::string& word : words) {
    std::optional<std::string> unknown;
    const auto look = [&](std::string_view name) {
      if (std::find(known.begin(), known.end(), name) == known.end()) unknown = name;
    };
    if (word.find('\0') != std::string::npos)
      return MakeError(Code::kInvalidArgument, "a word holds a NUL byte");
    if (!Walk(
            word, [](char) {}, look)) {
      return MakeError(Code::kInvalidArgument,
                       fmt::format("\"{}\" has a brace without its partner; write {{{{ or }}}} for "
                                   "one that is meant as such",
                                   word));
    }
    if (unknown) {
      return MakeError(Code::kInvalidArgument,
                       fmt::format("there is no {{{}}}; there are {{{}}}; write {{{{ and }}}} for "
                                   "braces that are meant as such",
                                   *unknown, fmt::join(known, "}, {")));
    }
  }
  return {};
}

std::vector<std::string> ExpandTemplate(const std::vector<std::string>& words,
                                        const Values& values) {
  std::vector<std::string> expanded;
  expanded.reserve(words.size());
  for (const std::string& word : words) expanded.push_back(Expand(word, values));
  return expanded;
}

Values TemplateValues(const EngineCommandInput& input, const EngineId& id, const EngineKey& key,
                      const std::string& run_as) {
  const EngineProfile& profile = input.profile;
  std::error_code error;
  return {{"engine_id", id.str()},
          {"key", key.ToString()},
          {"user", run_as},
          {"profile", profile.name},
          {"properties_file", input.files.properties.string()},
          {"submit_properties_file", input.files.submit_properties.string()},
          {"folder", input.files.work.string()},
          {"engine_jar", profile.engine_jar.empty()
                             ? std::filesystem::absolute(input.options.engine_jar, error).string()
                             : profile.engine_jar}};
}

void AddTemplateVariables(const Values& values, Values& environment) {
  for (const auto& [name, value] : values) {
    std::string variable = "FOXFIRE_" + name;
    for (char& c : variable) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    environment[variable] = value;
  }
}

EngineCommand MakeTemplateCommand(const EngineCommandInput& input, const LaunchRequest& request) {
  const Values values = TemplateValues(input, request.id, request.key, request.run_as);
  const Values own = FoxfireProperties(input, request);
  Values properties = SparkSettings(input.profile);
  properties.insert({"spark.app.name", "foxfire " + request.key.ToString()});
  Values submit = properties;
  submit.insert({"spark.driver.memory", fmt::format("{}m", input.profile.driver_memory >> 20)});
  for (const auto& [key, value] : own) submit["spark." + key] = value;
  properties.insert(own.begin(), own.end());

  EngineCommand command;
  command.argv = ExpandTemplate(input.profile.launch_command, values);
  command.environment = EngineEnvironment(input, request.run_as);
  AddTemplateVariables(values, command.environment);
  command.properties = JavaProperties(properties);
  command.submit_properties = JavaProperties(submit);
  return command;
}

}  // namespace foxfire::launcher
