// What a call asks the fake engine to do: the JSON of its x-fake-script header
// (tests/fake_engine/README.md lists the keys). Without one the call is answered with what was
// seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"

namespace foxfire::fake {

inline constexpr std::string_view kScriptHeader = "x-fake-script";

using MetadataList = std::vector<std::pair<std::string, std::string>>;

enum class ActWhen { kStart, kFirstMessage, kEnd };
enum class Ending { kFinish, kHang, kExit, kDisconnect, kCancel };

// A value type.
struct CallScript {
  ActWhen act = ActWhen::kEnd;
  size_t read_most = SIZE_MAX;    // messages read of the request; the rest stays unread
  MetadataList initial_metadata;  // sent at once if there is any
  bool echo = true;               // one message that tells what was seen, before the others
  size_t messages = 0;
  size_t message_bytes = 0;
  int64_t pace_ms = 0;  // between messages
  Ending ending = Ending::kFinish;
  int status = 0;
  std::string status_message;
  MetadataList trailers;
};

// INVALID_ARGUMENT for what is no script. Values of names that end in "-bin" are hexadecimal.
Result<CallScript> ParseCallScript(std::string_view text);

// The payload of message number `index` (0-based): byte k is (index + k) mod 256.
std::string MessageBody(size_t index, size_t size);

}  // namespace foxfire::fake
