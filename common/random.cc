#include "common/random.h"

#include <sys/random.h>

#include <cerrno>

#include "common/check.h"

namespace foxfire {

void FillRandom(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = getrandom(bytes.data(), bytes.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    CHECK(n > 0);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

}  // namespace foxfire
