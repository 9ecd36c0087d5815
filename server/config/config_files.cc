#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "server/config/config_checks.h"

namespace foxfire::server {
namespace {

enum class Exposure { kAny, kOwnerOnly };

std::string Reason(int errno_value) { return std::generic_category().message(errno_value); }

// As the user that the process acts for, which access(2) does not ask for.
bool MayAccess(const Path& path, int how) {
  return faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0;
}

// An existing, readable, regular file; with kOwnerOnly nobody else may read or write it.
void CheckFile(const Checkup& check, const std::string& key, const Path& path, Exposure exposure,
               const std::string& cure) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0)
    return check.Fail(key, fmt::format("{}: {}", path.string(), Reason(errno)), cure);
  if (!S_ISREG(info.st_mode))
    return check.Fail(key, fmt::format("{}: not a regular file", path.string()), cure);
  if (!MayAccess(path, R_OK))
    return check.Fail(
        key, fmt::format("{}: {}", path.string(), Reason(errno)),
        fmt::format("let the user that foxfired runs as (uid {}) read it", geteuid()));
  if (exposure == Exposure::kOwnerOnly && (info.st_mode & 077) != 0)
    check.Fail(key,
               fmt::format("{}: others may read or write it (mode {:04o})", path.string(),
                           info.st_mode & 07777),
               fmt::format("chmod 600 {}", path.string()));
}

// For files that foxfired makes itself when they are not there.
void CheckFileIfThere(const Checkup& check, const std::string& key, const Path& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 && (errno == ENOENT || errno == ENOTDIR)) return;
  CheckFile(check, key, path, Exposure::kOwnerOnly, "name a file that foxfired can read");
}

void CheckExecutable(const Checkup& check, const std::string& key, const Path& path,
                     const std::string& cure) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0)
    return check.Fail(key, fmt::format("{}: {}", path.string(), Reason(errno)), cure);
  if (!S_ISREG(info.st_mode) || !MayAccess(path, X_OK))
    check.Fail(key, fmt::format("{}: not an executable file", path.string()), cure);
}

void CheckSparkHome(const Checkup& check, const std::string& key, const Path& home) {
  const std::string cure = "name the folder of a Spark 4 distribution";
  if (home.empty()) return check.Fail(key, "not set", cure);
  std::error_code error;
  if (!std::filesystem::is_directory(home, error))
    return check.Fail(key, fmt::format("{}: no such folder", home.string()), cure);
  if (!std::filesystem::is_directory(home / "jars", error))
    check.Fail(key, fmt::format("{}: not a Spark home, it has no folder jars", home.string()),
               cure);
}

void CheckJavaHome(const Checkup& check, const std::string& key, const Path& home) {
  if (!home.empty())
    CheckExecutable(check, key, home / "bin" / "java", "name the folder of a Java 17");
}

void CheckPython(const Checkup& check, const std::string& key, const std::string& python) {
  if (python.empty()) return check.Fail(key, "empty", "write one such as \"python3\"");
  if (python.find('/') != std::string::npos) CheckExecutable(check, key, python, "name a Python 3");
}

// The first folder upwards from `path` that exists.
Path NearestExisting(Path path) {
  std::error_code error;
  while (path.has_relative_path() && !std::filesystem::exists(path, error))
    path = path.parent_path();
  return path;
}

}  // namespace

void CheckStateFolder(const Checkup& check) {
  const std::string key = "server.state_folder";
  const Path& folder = check.config().server.state_folder;
  if (folder.empty()) return check.Fail(key, "empty", "name a folder that foxfired may write to");
  const Path existing = NearestExisting(folder);
  std::error_code error;
  if (!std::filesystem::is_directory(existing, error))
    return check.Fail(key, fmt::format("{}: not a folder", existing.string()),
                      "name a folder that foxfired may write to");
  if (!MayAccess(existing, W_OK | X_OK))
    check.Fail(key, fmt::format("{}: {}", existing.string(), Reason(errno)),
               fmt::format("let the user that foxfired runs as (uid {}) write there", geteuid()));
}

void CheckTls(const Checkup& check) {
  const TlsConfig& tls = check.config().tls;
  if (!tls.certificate.empty() && tls.key.empty())
    check.Fail("tls.key", "not set, but tls.certificate is", "name the certificate's private key");
  if (tls.certificate.empty() && !tls.key.empty())
    check.Fail("tls.certificate", "not set, but tls.key is", "name the key's certificate");
  if (!tls.certificate.empty())
    CheckFile(check, "tls.certificate", tls.certificate, Exposure::kAny, "name a PEM file");
  if (!tls.key.empty()) CheckFile(check, "tls.key", tls.key, Exposure::kAny, "name a PEM file");
}

void CheckPrivateFiles(const Checkup& check) {
  const Config& config = check.config();
  if (config.auth.token_file.empty())
    check.Fail("auth.token_file", "empty", "name a file; it need not exist yet");
  else
    CheckFileIfThere(check, "auth.token_file", config.auth.token_file);
  if (!config.auth.bootstrap_admin_file.empty())
    CheckFileIfThere(check, "auth.bootstrap_admin_file", config.auth.bootstrap_admin_file);
  if (config.server.cluster_secret_file.empty())
    check.Fail("server.cluster_secret_file", "empty", "name a file; it need not exist yet");
  else
    CheckFileIfThere(check, "server.cluster_secret_file", config.server.cluster_secret_file);
  if (!config.zookeeper.digest_file.empty())
    CheckFile(check, "zookeeper.digest_file", config.zookeeper.digest_file, Exposure::kOwnerOnly,
              "write user:password into a file of mode 0600 and name it");
  if (config.store.file.empty())
    check.Fail("store.file", "empty", "name a file; it need not exist yet");
}

void CheckEngineFiles(const Checkup& check) {
  const Config& config = check.config();
  CheckFile(check, "engine.jar", config.engine.jar, Exposure::kAny,
            "build foxfire-engine.jar, or set engine.jar to where it lies");
  for (const auto& [name, profile] : config.profiles) {
    // What a profile inherits is checked there.
    const ProfileConfig& base = config.profiles.at(profile.inherits);
    const bool is_base = &profile == &base;
    const std::string section = "profile." + name;
    if (is_base || profile.spark_home != base.spark_home)
      CheckSparkHome(check, section + ".spark_home", profile.spark_home);
    if (is_base || profile.java_home != base.java_home)
      CheckJavaHome(check, section + ".java_home", profile.java_home);
    if (is_base || profile.python != base.python)
      CheckPython(check, section + ".python", profile.python.command);
  }
}

}  // namespace foxfire::server
