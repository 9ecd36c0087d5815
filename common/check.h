// CHECK: for programming errors only, never for anything that a client, an engine, a file or a
// ZooKeeper node can bring about.
#pragma once

namespace foxfire {
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);
}  // namespace foxfire

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::foxfire::CheckFailed(#condition, __FILE__, __LINE__))
