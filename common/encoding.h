// Text forms of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace foxfire {

std::string HexEncode(std::span<const uint8_t> bytes);

// RFC 4648 section 5, without padding: safe in URLs, headers and connection strings.
std::string Base64UrlEncode(std::span<const uint8_t> bytes);
// nullopt: another character, or a length or last bits that no encoding ends with.
std::optional<std::vector<uint8_t>> Base64UrlDecode(std::string_view text);

// RFC 4648 section 4, without padding, as gRPC sends "-bin" metadata.
std::string Base64Encode(std::string_view bytes);

// Everything but A-Z a-z 0-9 - _ . becomes %XX; for parts of ZooKeeper paths and of engine keys.
// "." and ".." are encoded too, because ZooKeeper refuses them.
std::string PercentEncode(std::string_view text);
// nullopt: a % without two hexadecimal digits behind it.
std::optional<std::string> PercentDecode(std::string_view text);

}  // namespace foxfire
