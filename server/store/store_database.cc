#include "server/store/store_database.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "server/store/schema.h"
#include "server/store/sqlite_error.h"

namespace foxfire::server {
namespace {

int ToMillis(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

Error FileError(Error error, const Path& file) {
  error.message = fmt::format("store {}: {}: let foxfired's user write there, or change store.file",
                              file.string(), error.message);
  return error;
}

Result<FileLock> LockOut(const Path& file, Duration patience) {
  auto lock = FileLock::Take(file.string() + ".lock", patience);
  if (lock) return lock;
  if (lock.error().code == Code::kUnavailable)
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("store {}: another foxfired uses it: end that one, or give this "
                                 "one its own store.file",
                                 file.string()));
  return tl::unexpected(FileError(std::move(lock).error(), file));
}

// SQLite would make the file readable by everybody; its -wal and -shm get the file's mode.
Result<void> MakePrivate(const Path& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) {
    auto made = CreatePrivateFile(file, "");
    if (!made) return tl::unexpected(FileError(std::move(made).error(), file));
    return {};
  }
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string path = file.string() + suffix;
    if (stat(path.c_str(), &info) != 0 || (info.st_mode & 0777) == 0600) continue;
    if (chmod(path.c_str(), 0600) != 0)
      return tl::unexpected(FileError(ErrnoError(errno, "making it private"), file));
  }
  return {};
}

Result<void> CheckContent(SQLite::Database& database, const Path& file) {
  ASSIGN_OR_RETURN(const std::string answer, CatchSqlite("checking", file, [&database] {
                     return database.execAndGet("PRAGMA quick_check(1)").getString();
                   }));
  if (answer != "ok") return tl::unexpected(CorruptionError(answer, file));
  return {};
}

// SQLite opens a file that it cannot write all the same, for reading.
Result<void> CheckWritable(SQLite::Database& database, const Path& file) {
  if (sqlite3_db_readonly(database.getHandle(), "main") == 0) return {};
  return tl::unexpected(FileError({Code::kFailedPrecondition, "it cannot be written"}, file));
}

Result<void> SetUp(SQLite::Database& database, const Path& file, uint64_t size_max) {
  ASSIGN_OR_RETURN(
      const std::string mode, CatchSqlite("opening", file, [&database, size_max] {
        std::string answer = database.execAndGet("PRAGMA journal_mode = WAL").getString();
        database.exec("PRAGMA synchronous = NORMAL");
        database.exec("PRAGMA journal_size_limit = 67108864");
        if (size_max > 0) {
          const int64_t page = database.execAndGet("PRAGMA page_size").getInt64();
          const uint64_t pages = std::max<uint64_t>(size_max / static_cast<uint64_t>(page), 1);
          database.exec(fmt::format("PRAGMA max_page_count = {}", pages));
        }
        return answer;
      }));
  if (mode != "wal")
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("store {}: its file system has no shared memory, which SQLite's "
                                 "WAL needs: set store.file to a path on a local disk",
                                 file.string()));
  return {};
}

}  // namespace

Result<WritableDatabase> OpenForWriting(const Path& file, Duration patience, uint64_t size_max) {
  auto folder = MakeFolder(file.parent_path(), 0700);
  if (!folder) return tl::unexpected(FileError(std::move(folder).error(), file));
  ASSIGN_OR_RETURN(FileLock lock, LockOut(file, patience));
  RETURN_IF_ERROR(MakePrivate(file));
  ASSIGN_OR_RETURN(auto connection, CatchSqlite("opening", file, [&file, patience] {
                     return std::make_unique<SQLite::Database>(
                         file.string(), SQLite::OPEN_READWRITE, ToMillis(patience));
                   }));
  // Before anything is changed: it may be somebody else's.
  RETURN_IF_ERROR(CheckIdentity(*connection, file, StoreMigrations()));
  RETURN_IF_ERROR(CheckWritable(*connection, file));
  RETURN_IF_ERROR(CheckContent(*connection, file));
  RETURN_IF_ERROR(SetUp(*connection, file, size_max));
  RETURN_IF_ERROR(Migrate(*connection, file, StoreMigrations()));
  return WritableDatabase{std::move(lock), std::move(connection)};
}

bool HasMoved(SQLite::Database& database) {
  int moved = 0;
  sqlite3_file_control(database.getHandle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

Result<std::unique_ptr<SQLite::Database>> OpenForReading(const Path& file, Duration patience) {
  return CatchSqlite("opening", file, [&file, patience] {
    return std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READONLY,
                                              ToMillis(patience));
  });
}

}  // namespace foxfire::server
