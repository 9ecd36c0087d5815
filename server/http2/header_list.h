// Header fields in one buffer that is used again and again.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foxfire::server::http2 {

// Confined to one loop.
class HeaderList {
 public:
  void Clear();
  void Add(std::string_view name, std::string_view value);
  size_t count() const { return fields_.size(); }
  // Forgets all but the first `count` fields.
  void Truncate(size_t count);
  // Calls `use(name, value)` with each of the first `count` fields.
  template <typename Use>
  void ForFirst(size_t count, const Use& use) const {
    const char* at = text_.data();
    for (size_t i = 0; i < count; ++i) {
      const auto [name, value] = fields_[i];
      use(std::string_view(at, name), std::string_view(at + name, value));
      at += name + value;
    }
  }
  bool empty() const { return fields_.empty(); }
  // As RFC 9113 section 6.5.2 counts it, with one more field.
  size_t SizeWith(std::string_view name, std::string_view value) const {
    constexpr size_t kFieldOverhead = 32;
    return text_.size() + kFieldOverhead * (fields_.size() + 1) + name.size() + value.size();
  }

  // For nghttp2, which need not copy the texts: they stay until the list changes. The vector is
  // this thread's only one, until the next call of this.
  const std::vector<nghttp2_nv>& Pairs();

 private:
  struct Field {
    uint32_t name;
    uint32_t value;
  };
  std::string text_;
  std::vector<Field> fields_;
};

}  // namespace foxfire::server::http2
