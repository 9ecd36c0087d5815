// Quantities as people read them, for tables; JSON has plain numbers.
#pragma once

#include <cstdint>
#include <string>

#include "common/clock.h"

namespace foxfire::cli {

// The two largest units: "45s", "12m3s", "3h12m", "2d4h"; what is below a second is "0s".
std::string HumanDuration(Duration duration);

// "512B", "1.4GiB".
std::string HumanBytes(uint64_t bytes);

// To the second, UTC: "2026-11-21T02:11:09Z".
std::string HumanTime(int64_t unix_millis);

// The beginning of a UUID; enough to name it to another command.
std::string ShortId(const std::string& id);

}  // namespace foxfire::cli
