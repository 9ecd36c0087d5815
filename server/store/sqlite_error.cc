#include "server/store/sqlite_error.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <string>

namespace foxfire::server {
namespace {

struct Meaning {
  Code code;
  std::string cure;
};

std::string MoveAway(const Path& file) {
  return fmt::format(
      "move it away (mv {0} {0}.broken) and start again: a new one is made, and sessions bound to "
      "engines are found again through ZooKeeper",
      file.string());
}

Meaning MeaningOf(int sqlite_code, const Path& file) {
  const std::string folder = file.parent_path().string();
  switch (sqlite_code) {
    case SQLITE_FULL:
      return {Code::kResourceExhausted, fmt::format("free space on the disk of {}", folder)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::kUnavailable,
              "end the process that holds it, for example an sqlite3 shell with an open "
              "transaction (fuser shows it)"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return {Code::kFailedPrecondition,
              fmt::format("let foxfired's user write the file and the folder {}, or change "
                          "store.file",
                          folder)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::kDataLoss, MoveAway(file)};
    case SQLITE_IOERR:
      return {Code::kUnavailable, fmt::format("check the disk of {} (dmesg, df)", folder)};
    default:
      return {Code::kInternal, "look the message up in SQLite's documentation"};
  }
}

}  // namespace

Error SqliteError(const SQLite::Exception& error, std::string_view doing, const Path& file) {
  const Meaning meaning = MeaningOf(error.getErrorCode() & 0xFF, file);
  return {meaning.code,
          fmt::format("store {}: {}: {}: {}", file.string(), doing, error.what(), meaning.cure)};
}

Error CorruptionError(std::string_view what, const Path& file) {
  return {Code::kDataLoss,
          fmt::format("store {}: it is damaged ({}): {}", file.string(), what, MoveAway(file))};
}

}  // namespace foxfire::server
