#include "server/config/config_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "common/units.h"
#include "server/config/config_choices.h"

namespace foxfire::server {
namespace {

// A visitor of FieldRef.
struct Words {
  FieldWords operator()(bool*) const { return {"a boolean", "true or false"}; }
  FieldWords operator()(int64_t*) const {
    return {"a whole number", "a whole number without quotes"};
  }
  FieldWords operator()(uint64_t*) const {
    return {"a size", "a number and unit in quotes, such as \"64MiB\""};
  }
  FieldWords operator()(Duration*) const {
    return {"a duration", "a number and unit in quotes, such as \"30s\""};
  }
  FieldWords operator()(ListenAddress*) const { return {"an address", "\"host:port\""}; }
  FieldWords operator()(std::vector<std::string>*) const {
    return {"a list of strings", "a list such as [\"a\", \"b\"]"};
  }
  FieldWords operator()(StringMap*) const {
    return {"a table of strings", "a section of its own with lines \"name\" = \"value\""};
  }
  FieldWords operator()(Path*) const { return {"a path", "a path in quotes"}; }
  FieldWords operator()(Program*) const { return {"a program", "a path or name in quotes"}; }
  template <typename Text>
  FieldWords operator()(Text*) const {
    return {"a string", "a text in quotes"};
  }
};

// A visitor of FieldRef.
struct Format {
  std::string operator()(const bool* field) const { return *field ? "true" : "false"; }
  std::string operator()(const int64_t* field) const { return fmt::format("{}", *field); }
  std::string operator()(const uint64_t* field) const { return QuoteToml(FormatSize(*field)); }
  // FormatDuration writes none as "0ms".
  std::string operator()(const Duration* field) const {
    return QuoteToml(*field == Duration::zero() ? "0s" : FormatDuration(*field));
  }
  std::string operator()(const std::string* field) const { return QuoteToml(*field); }
  std::string operator()(const Path* field) const { return QuoteToml(field->string()); }
  std::string operator()(const Program* field) const { return QuoteToml(field->command); }
  std::string operator()(const ListenAddress* field) const { return QuoteToml(field->ToString()); }
  std::string operator()(const std::vector<std::string>* field) const {
    std::string text;
    for (const std::string& item : *field) text += (text.empty() ? "" : ", ") + QuoteToml(item);
    return "[" + text + "]";
  }
  std::string operator()(const StringMap* field) const {
    std::string text;
    for (const auto& [name, value] : *field)
      text += (text.empty() ? " " : ", ") + QuoteToml(name) + " = " + QuoteToml(value);
    return text.empty() ? "{}" : "{" + text + " }";
  }
  template <typename Enumeration>
  std::string operator()(const Enumeration* field) const {
    return QuoteToml(ChoiceName(*field));
  }
};

}  // namespace

FieldWords WordsOf(FieldRef field) { return std::visit(Words{}, field); }

std::string FormatField(FieldRef field) { return std::visit(Format{}, field); }

std::string DescribeKey(const ConfigKey& key) {
  std::string meaning(key.meaning);
  if (key.allowed.empty()) return meaning;
  const bool range = key.allowed.find("..") != std::string_view::npos;
  const std::string allowed = range ? std::string(key.allowed) : ListChoices(key.allowed);
  return fmt::format("{} ({}).", meaning.substr(0, meaning.size() - 1), allowed);
}

std::string QuoteToml(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (std::iscntrl(static_cast<unsigned char>(c)) != 0) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

Result<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && rest == end) return value;
  return MakeError(Code::kInvalidArgument, fmt::format("\"{}\" is not a whole number", text));
}

bool IsChoice(std::string_view text, std::string_view choices) {
  while (!choices.empty()) {
    const size_t bar = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, bar) == text) return true;
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return false;
}

std::string ListChoices(std::string_view choices) {
  std::string text;
  size_t last = std::string::npos;
  for (const char c : choices) {
    if (c == '|') last = text.size();
    text += c == '|' ? std::string(", ") : std::string(1, c);
  }
  if (last != std::string::npos) text.replace(last, 2, " or ");
  return text;
}

}  // namespace foxfire::server
