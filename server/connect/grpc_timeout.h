// The grpc-timeout header (gRPC over HTTP/2, "Requests": 1 to 8 digits and one of H M S m u n).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"

namespace foxfire::server {

// nullopt: not a timeout. What is longer than 100 years is cut to that.
std::optional<Duration> ParseGrpcTimeout(std::string_view text);

// The exact time in the finest unit that fits into 8 digits, rounded up, at least 1n.
std::string FormatGrpcTimeout(Duration timeout);

}  // namespace foxfire::server
