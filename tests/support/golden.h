// Compares text with a file under tests/golden; FOXFIRE_REGENERATE_GOLDEN=1 writes the file
// instead.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "common/files.h"

namespace foxfire {

inline void ExpectGolden(const std::string& name, const std::string& text) {
  const Path path = Path(FOXFIRE_GOLDEN_DIR) / name;
  if (std::getenv("FOXFIRE_REGENERATE_GOLDEN") != nullptr) {
    const auto written = WriteFileAtomically(path, text, 0644);
    ASSERT_TRUE(written) << written.error().message;
  }
  const auto expected = ReadFile(path);
  ASSERT_TRUE(expected) << expected.error().message
                        << "; FOXFIRE_REGENERATE_GOLDEN=1 makes the file";
  EXPECT_EQ(*expected, text) << "differs from " << path
                             << "; FOXFIRE_REGENERATE_GOLDEN=1 writes it anew";
}

}  // namespace foxfire
