// Text that others wrote, made fit for logs, events and messages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace foxfire {

// What clients name themselves may be any bytes, but a protobuf string that is no UTF-8 makes the
// whole answer unreadable: such bytes are replaced.
std::string ToUtf8(std::string_view text);

// Of `text` the first `limit` bytes, as UTF-8 and with spaces instead of control characters.
std::string ToOneLine(std::string_view text, size_t limit);

}  // namespace foxfire
