// Starting processes, as the launcher sees it. posix_process_spawner.h does it with fork and exec.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace foxfire::launcher {

// How a process ended. A value type.
struct ProcessEnd {
  enum class Kind { kExited, kSignalled, kUnknown };
  Kind kind = Kind::kUnknown;
  int value = 0;  // the exit status or the signal

  bool succeeded() const { return kind == Kind::kExited && value == 0; }
  // "exit status 1", "signal 9", "exit status unknown"
  std::string ToString() const;
  bool operator==(const ProcessEnd&) const = default;
};

// As whom a process runs. A value type.
struct ProcessUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // all of them, `gid` included
  bool operator==(const ProcessUser&) const = default;
};

struct ProcessSpec {
  std::vector<std::string> argv;                   // [0] is the path of the program
  std::map<std::string, std::string> environment;  // all of it; nothing is inherited
  std::string working_folder;                      // empty: this process's
  int input_fd = -1;                               // standard input; -1: /dev/null
  int output_fd = -1;                              // standard output and error; -1: /dev/null
  int nice = 0;                                    // added to this process's
  std::optional<ProcessUser> user = std::nullopt;  // nullopt: this process's; else it must be root
};

struct SpawnedProcess {
  int64_t pid = 0;
  UniqueFd pidfd;  // readable once the process has ended
};

// A process that is spawned leads a session and a process group of its own: it gets no signal from
// this process's terminal and outlives this process, however that ends. Thread-safe.
class ProcessSpawner {
 public:
  virtual ~ProcessSpawner() = default;

  // Returns once the program runs. An error ("exec /x/java: No such file or directory") leaves no
  // process behind.
  virtual Result<SpawnedProcess> Spawn(const ProcessSpec& spec) = 0;

  // For a pidfd that has become readable: frees the ended child and says how it ended. kUnknown for
  // a process that is no child of this one.
  virtual ProcessEnd Reap(const UniqueFd& pidfd) = 0;
};

}  // namespace foxfire::launcher
