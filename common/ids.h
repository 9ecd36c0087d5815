// Ids that cannot be mixed up, and the UUIDs behind them.
#pragma once

#include <compare>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "common/result.h"

namespace foxfire {

// A string with a meaning of its own. A value type.
template <typename Tag>
class StrongString {
 public:
  StrongString() = default;
  explicit StrongString(std::string value) : value_(std::move(value)) {}
  explicit StrongString(std::string_view value) : value_(value) {}
  explicit StrongString(const char* value) : value_(value) {}

  const std::string& str() const { return value_; }
  bool empty() const { return value_.empty(); }
  // clang-tidy 14 takes the zero of a default <=> for a pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  auto operator<=>(const StrongString&) const = default;
  bool operator==(const StrongString&) const = default;

 private:
  std::string value_;
};

template <typename Tag>
std::ostream& operator<<(std::ostream& out, const StrongString<Tag>& id) {
  return out << id.str();
}

using UserId = StrongString<struct UserTag>;            // a verified user name
using SessionId = StrongString<struct SessionTag>;      // as the client spells it; a UUID
using OperationId = StrongString<struct OperationTag>;  // as the client spells it; a UUID
using EngineId = StrongString<struct EngineTag>;        // a UUID, lower case
using GatewayId = StrongString<struct GatewayTag>;      // a UUID, lower case

// True for 8-4-4-4-12 hexadecimal digits, the only form that Spark's UUID.fromString and
// PySpark agree on (Spark 4.2 SessionHolder checks the same).
bool IsUuid(std::string_view text);

// A random UUID (RFC 4122 version 4), lower case.
std::string NewUuid();

}  // namespace foxfire

template <typename Tag>
struct std::hash<foxfire::StrongString<Tag>> {
  size_t operator()(const foxfire::StrongString<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
