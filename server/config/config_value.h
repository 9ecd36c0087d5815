// One value of the file into its field. Private to this folder: the only header that shows toml++.
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <string>

#include "server/config/config_schema.h"

namespace foxfire::server {

// Called for each mistake, with the node where it stands.
using ValueMistake =
    std::function<void(const toml::node& node, std::string what, std::string cure)>;

// Puts `node` into `field` if it has the right type and range; else reports and leaves the field
// as it was. Maps are merged into what the field holds, entry by entry.
void AssignField(const toml::node& node, const ConfigKey& key, FieldRef field,
                 const ValueMistake& mistake);

// For messages: "a whole number", "a list".
std::string_view TomlTypeName(const toml::node& node);

}  // namespace foxfire::server
