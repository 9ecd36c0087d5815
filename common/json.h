// nlohmann::json without its exceptions.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/result.h"

namespace foxfire {

using Json = nlohmann::json;

// INVALID_ARGUMENT says at which byte the text stops being JSON.
Result<Json> ParseJson(std::string_view text);

// The member `key` of an object. INVALID_ARGUMENT if it is missing or of another type; the
// variants with a fallback take a missing or null member as the fallback.
Result<std::string> JsonString(const Json& object, const char* key);
Result<std::string> JsonString(const Json& object, const char* key, std::string fallback);
Result<int64_t> JsonInteger(const Json& object, const char* key);
Result<int64_t> JsonInteger(const Json& object, const char* key, int64_t fallback);

// Compact text; bytes that are no UTF-8 are replaced, so it cannot fail.
std::string ToText(const Json& value);

}  // namespace foxfire
