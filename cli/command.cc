#include "cli/command.h"

#include <map>

#include "common/units.h"

namespace foxfire::cli {

void AddOutputOption(CLI::App& command, OutputFormat& format) {
  const std::map<std::string, OutputFormat> formats = {{"table", OutputFormat::kTable},
                                                       {"json", OutputFormat::kJson}};
  command
      .add_option_function<std::string>(
          "--output", [&format, formats](const std::string& name) { format = formats.at(name); },
          "table (default) or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->type_name("FORMAT");
}

CLI::Option* AddDurationOption(CLI::App& command, const std::string& name, Duration& duration,
                               const std::string& description) {
  return command
      .add_option_function<std::string>(
          name,
          [&duration](const std::string& text) {
            duration = ParseDuration(text).value_or(duration);
          },
          description)
      ->check([](const std::string& text) {
        const auto parsed = ParseDuration(text);
        return parsed ? std::string() : parsed.error().message;
      })
      ->type_name("DURATION");
}

}  // namespace foxfire::cli
