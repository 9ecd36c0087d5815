#include "common/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "common/cleanup.h"
#include "common/unique_fd.h"

namespace foxfire {
namespace {

tl::unexpected<Error> Failed(std::string_view doing, const Path& path) {
  return tl::unexpected(ErrnoError(errno, fmt::format("{} {}", doing, path.string())));
}

Result<void> WriteAll(int fd, std::string_view content, const Path& path) {
  while (!content.empty()) {
    const ssize_t n = write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("writing", path);
    content.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<std::string> ReadFrom(int fd, uint64_t size, const Path& path) {
  std::string content(size, '\0');
  uint64_t done = 0;
  while (done < size) {
    const ssize_t n = read(fd, content.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("reading", path);
    if (n == 0) break;
    done += static_cast<uint64_t>(n);
  }
  content.resize(done);
  return content;
}

Result<UniqueFd> OpenForReading(const Path& path, struct stat& info) {
  // O_NONBLOCK: opening a pipe without a writer would wait for one.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid() || fstat(fd.get(), &info) != 0) return Failed("reading", path);
  if (!S_ISREG(info.st_mode))
    return MakeError(Code::kInvalidArgument,
                     fmt::format("reading {}: not a regular file", path.string()));
  return fd;
}

}  // namespace

Result<std::string> ReadFile(const Path& path, uint64_t limit) {
  struct stat info {};
  ASSIGN_OR_RETURN(const UniqueFd fd, OpenForReading(path, info));
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > limit)
    return MakeError(Code::kResourceExhausted,
                     fmt::format("reading {}: {} bytes, more than {}", path.string(), size, limit));
  return ReadFrom(fd.get(), size, path);
}

Result<std::string> ReadFileTail(const Path& path, uint64_t bytes) {
  struct stat info {};
  ASSIGN_OR_RETURN(const UniqueFd fd, OpenForReading(path, info));
  const auto size = static_cast<uint64_t>(info.st_size);
  const uint64_t part = std::min(size, bytes);
  if (lseek(fd.get(), static_cast<off_t>(size - part), SEEK_SET) < 0)
    return Failed("reading", path);
  return ReadFrom(fd.get(), part, path);
}

Result<void> WriteFileAtomically(const Path& path, std::string_view content, mode_t mode) {
  const Path beside = path.string() + ".new";
  const UniqueFd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd.valid()) return Failed("creating", beside);
  Cleanup remove([&beside] { unlink(beside.c_str()); });
  if (fchmod(fd.get(), mode) != 0) return Failed("creating", beside);
  RETURN_IF_ERROR(WriteAll(fd.get(), content, beside));
  if (fsync(fd.get()) != 0) return Failed("writing", beside);
  if (std::rename(beside.c_str(), path.c_str()) != 0) return Failed("writing", path);
  remove.Cancel();
  return {};
}

Result<void> CreatePrivateFile(const Path& path, std::string_view content) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return Failed("creating", path);
  return WriteAll(fd.get(), content, path);
}

Result<void> MakeFolder(const Path& path, mode_t mode) {
  if (!path.has_filename() && path.has_relative_path())  // "a/b/": its parent would be "a/b"
    return MakeFolder(path.parent_path(), mode);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  if (path.has_parent_path() && path.parent_path() != path)
    RETURN_IF_ERROR(MakeFolder(path.parent_path()));
  // Whatever the umask says.
  if (mkdir(path.c_str(), mode) == 0 && chmod(path.c_str(), mode) == 0) return {};
  const int why = errno;
  // Another process may have made it meanwhile; something else of that name is an error.
  if (why == EEXIST && std::filesystem::is_directory(path, error)) return {};
  return tl::unexpected(ErrnoError(why, fmt::format("creating the folder {}", path.string())));
}

}  // namespace foxfire
