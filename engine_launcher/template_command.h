// Engines that the operator's own program starts. Pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine_launcher/engine_command.h"

namespace foxfire::launcher {

// What may stand between braces in launch_command, and in kill_command too.
inline constexpr const char* kLaunchPlaceholders[] = {
    "engine_id",       "key",    "user",       "profile",
    "properties_file", "folder", "engine_jar", "submit_properties_file"};
inline constexpr const char* kKillPlaceholder = "submission_id";

// INVALID_ARGUMENT names the word and what is wrong: a placeholder that there is not, a brace
// without its partner. `kill`: submission_id is known too.
Result<void> CheckTemplate(const std::vector<std::string>& words, bool kill);

// The words with {placeholders} replaced, each within its word: no shell takes part. {{ and }}
// stand for braces. What CheckTemplate would refuse is left as it is.
std::vector<std::string> ExpandTemplate(const std::vector<std::string>& words,
                                        const std::map<std::string, std::string>& values);

// The values of the placeholders for one engine.
std::map<std::string, std::string> TemplateValues(const EngineCommandInput& input,
                                                  const EngineId& id, const EngineKey& key,
                                                  const std::string& run_as);

// The same as variables: FOXFIRE_ENGINE_ID and so on.
void AddTemplateVariables(const std::map<std::string, std::string>& values,
                          std::map<std::string, std::string>& environment);

// launch_command of the profile. Its properties work for a program that stays, as EngineMain's
// argument, and for one that hands the engine over, as spark-submit's --properties-file.
EngineCommand MakeTemplateCommand(const EngineCommandInput& input, const LaunchRequest& request);

}  // namespace foxfire::launcher
