#pragma once

namespace foxfire::server {

// The same as in the root's CMakeLists.txt; the tidy test compares them.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace foxfire::server
