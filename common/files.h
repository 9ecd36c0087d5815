// Small files, read and written whole.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/result.h"

namespace foxfire {

using Path = std::filesystem::path;

// Errors name the path. Fails above `limit` bytes.
Result<std::string> ReadFile(const Path& path, uint64_t limit = 16U << 20);

// Writes beside `path`, syncs and renames, so that readers see the old or the new content.
Result<void> WriteFileAtomically(const Path& path, std::string_view content, mode_t mode);

// Creates a file that must not exist yet, for this user only (0600).
Result<void> CreatePrivateFile(const Path& path, std::string_view content);

// With parents; existing folders are left as they are. `mode` is for the last one.
Result<void> MakeFolder(const Path& path, mode_t mode = 0755);

// Up to `bytes` from the end of the file.
Result<std::string> ReadFileTail(const Path& path, uint64_t bytes);

}  // namespace foxfire
