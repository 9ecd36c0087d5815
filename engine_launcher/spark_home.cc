#include "engine_launcher/spark_home.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <system_error>

namespace foxfire::launcher {
namespace {

// What an engine cannot do without, with the reason for people.
struct NeededJar {
  std::string_view prefix;
  std::string_view cure;
};
constexpr NeededJar kNeeded[] = {
    {"spark-core_", "this is no Spark home"},
    {"spark-connect_", "engines need Spark 4.0 or later, which brings Spark Connect"},
    {"zookeeper-", "engines register in ZooKeeper; take a complete Spark distribution"},
};

tl::unexpected<Error> Unusable(const std::string& key, const Path& home, std::string_view what) {
  return MakeError(
      Code::kFailedPrecondition,
      fmt::format("{} = \"{}\": {}; set it to a Spark home such as the folder that `python3 -c "
                  "'import pyspark; print(pyspark.__path__[0])'` prints",
                  key, home.string(), what));
}

}  // namespace

Result<SparkHome> SparkHome::Open(const Path& home, const std::string& config_key) {
  SparkHome found;
  std::error_code error;
  found.path_ = std::filesystem::absolute(home, error).lexically_normal();
  const Path folder = found.path_ / "jars";
  std::filesystem::directory_iterator entries(folder, error);
  if (error) {
    return Unusable(config_key, home,
                    fmt::format("cannot read its jars folder ({})", error.message()));
  }
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (entries->path().extension() == ".jar") found.jars_.push_back(entries->path());
  }
  if (error) return Unusable(config_key, home, "reading its jars folder: " + error.message());
  std::sort(found.jars_.begin(), found.jars_.end());
  for (const NeededJar& needed : kNeeded) {
    if (found.JarsNamed({needed.prefix}).empty()) {
      return Unusable(config_key, home,
                      fmt::format("no {}*.jar in its jars folder: {}", needed.prefix, needed.cure));
    }
  }
  return found;
}

std::vector<Path> SparkHome::JarsNamed(const std::vector<std::string_view>& prefixes) const {
  std::vector<Path> named;
  for (const Path& jar : jars_) {
    const std::string name = jar.filename().string();
    if (std::any_of(prefixes.begin(), prefixes.end(),
                    [&name](std::string_view prefix) { return name.starts_with(prefix); })) {
      named.push_back(jar);
    }
  }
  return named;
}

std::string DescribeFiles(const std::vector<Path>& files) {
  std::string text;
  for (const Path& file : files) {
    struct stat info {};
    if (stat(file.c_str(), &info) != 0) {
      text += fmt::format("{} missing\n", file.string());
    } else {
      text += fmt::format("{} {} {}.{}\n", file.string(), info.st_size, info.st_mtim.tv_sec,
                          info.st_mtim.tv_nsec);
    }
  }
  return text;
}

}  // namespace foxfire::launcher
