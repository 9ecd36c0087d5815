// Fields of the configuration as text: what they hold and what they may hold.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "server/config/config_schema.h"

namespace foxfire::server {

// How messages speak of a field's type.
struct FieldWords {
  std::string_view name;     // "a duration"
  std::string_view example;  // "a number and unit such as \"30s\""
};
FieldWords WordsOf(FieldRef field);

// As TOML writes it: "30s" in quotes, true, ["a", "b"].
std::string FormatField(FieldRef field);

// "text" with quotes and escapes.
std::string QuoteToml(std::string_view text);

// The key's meaning with what is allowed: "Who shares an engine (user or group)."
std::string DescribeKey(const ConfigKey& key);

// Whole numbers without a unit, in decimal.
Result<int64_t> ParseInteger(std::string_view text);

// Whether `choices`, separated by |, contain `text`; and the same as "a, b or c".
bool IsChoice(std::string_view text, std::string_view choices);
std::string ListChoices(std::string_view choices);

}  // namespace foxfire::server
