// What the fuzzer has found so far, and what it began with.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>

#include "common/files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace foxfire {
namespace {

TEST(CorpusTest, EveryInputIsSurvived) {
  size_t inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FOXFIRE_CORPUS)) {
    SCOPED_TRACE(entry.path());
    const auto input = ReadFile(entry.path());
    ASSERT_TRUE(input.has_value()) << input.error().message;
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input->data()), input->size());
    ++inputs;
  }
  EXPECT_GT(inputs, 0U);
}

}  // namespace
}  // namespace foxfire
