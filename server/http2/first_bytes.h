// What a client speaks, told by its first bytes (design: one port for TLS and for prior-knowledge
// HTTP/2, and an answer for those who speak neither).
#pragma once

#include <cstdint>
#include <span>

namespace foxfire::server::http2 {

enum class Speech { kUndecided, kTls, kHttp2, kHttp1, kGarbage };

// So many bytes always suffice.
inline constexpr size_t kFirstBytes = 24;

// kTls: a handshake record (RFC 8446 section 5.1). kHttp2: the connection preface (RFC 9113 section
// 3.4). kHttp1: a request line. Pure.
Speech Recognize(std::span<const uint8_t> bytes);

}  // namespace foxfire::server::http2
