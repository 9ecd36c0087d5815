// Random bytes good enough for secrets (getrandom(2)).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace foxfire {

// Fills `bytes` from the kernel; aborts if the kernel has none to give, which Linux promises not to
// do.
void FillRandom(std::span<uint8_t> bytes);

template <size_t N>
std::array<uint8_t, N> RandomBytes() {
  std::array<uint8_t, N> bytes;
  FillRandom(bytes);
  return bytes;
}

}  // namespace foxfire
