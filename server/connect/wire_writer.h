// The few bytes of protobuf that Foxfire writes itself: length-delimited fields and small numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace foxfire::server {

// Appends `field` with wire type 2.
void AppendBytesField(std::string& to, uint32_t field, std::string_view value);
// Appends `field` as a varint.
void AppendVarintField(std::string& to, uint32_t field, uint64_t value);

// What is put behind every request: {session_id = 1, user_context = 2 {user_id = 1, user_name =
// 2}}. Protobuf takes the last of duplicate scalars and merges messages, so these win over what the
// client wrote (checked on Spark 4.2; protobuf encoding guide, "Last One Wins").
std::string IdentitySuffix(std::string_view session_id, std::string_view user);

}  // namespace foxfire::server
