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
  bool empty() const { return fields_.empty(); }
  // Of names and values, without HPACK's 32 bytes a field.
  size_t bytes() const { return text_.size(); }

  // For nghttp2, which need not copy them: they stay until Clear.
  const std::vector<nghttp2_nv>& Pairs();

 private:
  struct Field {
    uint32_t name;
    uint32_t value;
  };
  std::string text_;
  std::vector<Field> fields_;
  std::vector<nghttp2_nv> pairs_;
};

}  // namespace foxfire::server::http2
