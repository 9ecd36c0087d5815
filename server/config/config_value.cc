#include "server/config/config_value.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "common/units.h"
#include "server/config/config_choices.h"
#include "server/config/config_text.h"

namespace foxfire::server {
namespace {

// Whether `value` lies within "min..max", whose ends `parse` reads.
template <typename T, typename Parse>
bool InRange(T value, std::string_view allowed, Parse parse) {
  if (allowed.empty()) return true;
  const size_t dots = allowed.find("..");
  const auto low = parse(allowed.substr(0, dots));
  const auto high = parse(allowed.substr(dots + 2));
  return low && high && *low <= value && value <= *high;
}

// Scalars as Spark and the environment take them; nullopt for tables, lists and dates.
std::optional<std::string> ScalarText(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return std::nullopt;
}

// Reads one node into one field; a visitor of FieldRef. Everything is borrowed for its short life.
class Assigner {
 public:
  Assigner(const toml::node& node, std::string_view allowed, FieldWords words,
           const ValueMistake& mistake)
      : node_(node), allowed_(allowed), words_(words), mistake_(mistake) {}

  void operator()(bool* field) const {
    const auto* value = node_.as_boolean();
    if (value == nullptr) return WrongType(node_);
    *field = value->get();
  }
  void operator()(int64_t* field) const {
    const auto* value = node_.as_integer();
    if (value == nullptr) return WrongType(node_);
    if (!InRange(value->get(), allowed_, ParseInteger))
      return OutOfRange(fmt::format("{}", value->get()));
    *field = value->get();
  }
  void operator()(uint64_t* field) const { AssignParsed(field, ParseSize); }
  void operator()(Duration* field) const { AssignParsed(field, ParseDuration); }
  void operator()(ListenAddress* field) const { AssignParsed(field, ParseListenAddress); }
  void operator()(std::string* field) const {
    if (const auto text = Choice()) *field = *text;
  }
  void operator()(Path* field) const {
    if (const auto text = Text()) *field = *text;
  }
  void operator()(Program* field) const {
    if (const auto text = Text()) field->command = *text;
  }
  void operator()(std::vector<std::string>* field) const;
  void operator()(StringMap* field) const {
    const auto* table = node_.as_table();
    if (table == nullptr) return WrongType(node_);
    Merge(*table, "", *field);
  }
  template <typename Enumeration>
  void operator()(Enumeration* field) const {
    if (const auto text = Choice()) SetChoice(*text, field);
  }

 private:
  template <typename T, typename Parse>
  void AssignParsed(T* field, Parse parse) const {
    const auto text = Text();
    if (!text) return;
    auto value = parse(*text);
    if (!value) return mistake_(node_, std::move(value).error().message, "");
    if constexpr (!std::is_same_v<T, ListenAddress>) {
      if (!InRange(*value, allowed_, parse)) return OutOfRange(QuoteToml(*text));
    }
    *field = *std::move(value);
  }

  std::optional<std::string> Text() const {
    if (const auto* text = node_.as_string()) return text->get();
    WrongType(node_);
    return std::nullopt;
  }

  std::optional<std::string> Choice() const {
    auto text = Text();
    if (!text || allowed_.empty() || IsChoice(*text, allowed_)) return text;
    mistake_(node_, QuoteToml(*text) + " is not a choice", "write " + ListChoices(allowed_));
    return std::nullopt;
  }

  // TOML reads spark.sql.x = 1 without quotes as nested tables: they are put together again.
  void Merge(const toml::table& table, const std::string& prefix, StringMap& field) const {
    for (const auto& [name, value] : table) {
      const std::string full = prefix + std::string(name.str());
      if (const auto* nested = value.as_table()) {
        Merge(*nested, full + ".", field);
      } else if (const auto text = ScalarText(value)) {
        field[full] = *text;
      } else {
        mistake_(value, fmt::format("{}: expected a string, got {}", full, TomlTypeName(value)),
                 "write a text in quotes");
      }
    }
  }

  void WrongType(const toml::node& node) const {
    mistake_(node, fmt::format("expected {}, got {}", words_.name, TomlTypeName(node)),
             fmt::format("write {}", words_.example));
  }
  void OutOfRange(const std::string& value) const {
    mistake_(node_, value + " is out of range", fmt::format("write {}", allowed_));
  }

  const toml::node& node_;
  const std::string_view allowed_;
  const FieldWords words_;
  const ValueMistake& mistake_;
};

void Assigner::operator()(std::vector<std::string>* field) const {
  const auto* list = node_.as_array();
  if (list == nullptr) return WrongType(node_);
  std::vector<std::string> items;
  for (const toml::node& item : *list) {
    const auto* text = item.as_string();
    if (text == nullptr)
      return mistake_(item,
                      fmt::format("expected a list of strings, got {} in it", TomlTypeName(item)),
                      fmt::format("write {}", words_.example));
    items.push_back(text->get());
  }
  *field = std::move(items);
}

}  // namespace

void AssignField(const toml::node& node, const ConfigKey& key, FieldRef field,
                 const ValueMistake& mistake) {
  std::visit(Assigner(node, key.allowed, WordsOf(field), mistake), field);
}

std::string_view TomlTypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a fraction";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

}  // namespace foxfire::server
