// What is logged while a test runs.
#pragma once

#include <string>

#include "common/check.h"
#include "common/files.h"
#include "common/log.h"
#include "tests/support/temp_folder.h"

namespace foxfire {

// All loggers, from its construction to its end; then they write to standard error.
// Thread-compatible; one at a time.
class CapturedLog {
 public:
  explicit CapturedLog(const std::string& level = "trace") {
    LogOptions options;
    options.level = level;
    options.file = (folder_ / "log").string();
    CHECK(InitLogging(options).has_value());
  }
  ~CapturedLog() { CHECK(InitLogging({}).has_value()); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string Text() const {
    for (const char* name : {"auth", "store"}) Log(name).flush();
    return ReadFile(folder_ / "log").value_or("");
  }
  size_t Count(std::string_view part) const {
    const std::string text = Text();
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++count;
    return count;
  }

 private:
  TempFolder folder_;
};

}  // namespace foxfire
