#include "common/json.h"

#include <fmt/format.h>

#include <limits>

namespace foxfire {
namespace {

bool Missing(const Json& object, const char* key) {
  return !object.is_object() || !object.contains(key) || object.at(key).is_null();
}

tl::unexpected<Error> Wrong(const char* key, std::string_view expected) {
  return MakeError(Code::kInvalidArgument, fmt::format("\"{}\" must be {}", key, expected));
}

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return MakeError(Code::kInvalidArgument, fmt::format("not JSON at byte {}", error.byte));
  } catch (const Json::exception&) {  // the only other one: a number beyond any double
    return MakeError(Code::kInvalidArgument, "not JSON that can be read: a number is too large");
  }
}

Result<std::string> JsonString(const Json& object, const char* key) {
  if (Missing(object, key) || !object.at(key).is_string()) return Wrong(key, "a string");
  return object.at(key).get<std::string>();
}

Result<std::string> JsonString(const Json& object, const char* key, std::string fallback) {
  if (Missing(object, key)) return fallback;
  return JsonString(object, key);
}

Result<int64_t> JsonInteger(const Json& object, const char* key) {
  if (Missing(object, key) || !object.at(key).is_number_integer())
    return Wrong(key, "a whole number");
  const Json& value = object.at(key);
  if (value.is_number_unsigned() &&
      value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    return Wrong(key, "less than 2^63");
  return value.get<int64_t>();
}

Result<int64_t> JsonInteger(const Json& object, const char* key, int64_t fallback) {
  if (Missing(object, key)) return fallback;
  return JsonInteger(object, key);
}

std::string ToText(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace foxfire
