// A string that never shows itself: it streams and formats as "<redacted>" and is wiped when it
// goes.
#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace foxfire {

// Copies are allowed (each wipes itself). A value type; thread-compatible.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) { Wipe(value); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { Wipe(other.value_); }
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { Wipe(value_); }

  // The value itself; the caller keeps it out of logs, argv, errors, ZooKeeper and SQLite.
  std::string_view Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  // Compares in time that depends on the lengths only.
  bool Equals(std::string_view other) const;

 private:
  // Clears all that `text` may hold, also the characters that moving a short string leaves behind.
  static void Wipe(std::string& text);

  std::string value_;
};

inline std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "<redacted>"; }

}  // namespace foxfire

template <>
struct fmt::formatter<foxfire::Secret> : fmt::formatter<fmt::string_view> {
  template <typename Context>
  auto format(const foxfire::Secret&, Context& context) const {
    return fmt::formatter<fmt::string_view>::format("<redacted>", context);
  }
};
