// A Spark home: the folder whose jars/ engines and the embedded ZooKeeper run from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/files.h"
#include "common/result.h"

namespace foxfire::launcher {

// What was found when it was opened. A value type.
class SparkHome {
 public:
  // FAILED_PRECONDITION says what is missing; `config_key` is named as the place to mend it.
  static Result<SparkHome> Open(const Path& home, const std::string& config_key);

  const Path& path() const { return path_; }
  // All jars, by absolute path, in alphabetical order.
  const std::vector<Path>& jars() const { return jars_; }
  // Those whose file name begins with one of `prefixes`.
  std::vector<Path> JarsNamed(const std::vector<std::string_view>& prefixes) const;

 private:
  Path path_;
  std::vector<Path> jars_;
};

// "path size mtime" of each file, one a line: changes when a file does. A missing one counts as
// such. Blocks on the disk.
std::string DescribeFiles(const std::vector<Path>& files);

}  // namespace foxfire::launcher
