// A folder of one test's own.
#pragma once

#include <stdlib.h>

#include <string>
#include <string_view>
#include <system_error>

#include "common/check.h"
#include "common/files.h"

namespace foxfire {

// Made empty at construction, removed with all it holds at the end. Thread-compatible.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "foxfire-XXXXXX").string();
    CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const Path& path() const { return path_; }
  Path operator/(std::string_view name) const { return path_ / name; }

  // Writes a file below the folder, with the folders above it.
  Path Write(std::string_view name, std::string_view content, mode_t mode = 0644) const {
    Path file = path_ / name;
    CHECK(MakeFolder(file.parent_path()).has_value());
    CHECK(WriteFileAtomically(file, content, mode).has_value());
    return file;
  }

 private:
  Path path_;
};

}  // namespace foxfire
