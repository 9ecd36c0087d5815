// What a Config request sets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace foxfire::server {

// The value that ConfigRequest.Operation.Set gives `key`, the last one if there are several.
// `operation`: the serialised Operation; nullopt too if it is another one, or broken.
std::optional<std::string> SettingIn(std::string_view operation, std::string_view key);

}  // namespace foxfire::server
