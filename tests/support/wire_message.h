// Protobuf messages for tests, written field by field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/connect/wire_writer.h"

namespace foxfire::server {

// Builds a message; each method appends a field and returns the builder.
class WireMessage {
 public:
  WireMessage& Bytes(uint32_t field, std::string_view value) {
    AppendBytesField(text_, field, value);
    return *this;
  }
  WireMessage& Varint(uint32_t field, uint64_t value) {
    AppendVarintField(text_, field, value);
    return *this;
  }
  WireMessage& Raw(std::string_view bytes) {
    text_ += bytes;
    return *this;
  }
  WireMessage& User(std::string_view user) {
    std::string context;
    AppendBytesField(context, 1, user);
    AppendBytesField(context, 2, user);
    return Bytes(2, context);
  }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

inline constexpr std::string_view kSessionA = "11111111-2222-3333-4444-555555555555";
inline constexpr std::string_view kSessionB = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

}  // namespace foxfire::server
