// A real ZooKeeper server for a test.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "tests/support/temp_folder.h"

namespace foxfire {

// Runs the ZooKeeper server inside Spark's jars ($FOXFIRE_TEST_SPARK_HOME) on a free port of
// 127.0.0.1 with its data in a folder of its own; ends it with the object. Thread-compatible.
class MiniZooKeeper {
 public:
  MiniZooKeeper();
  ~MiniZooKeeper();
  MiniZooKeeper(const MiniZooKeeper&) = delete;
  MiniZooKeeper& operator=(const MiniZooKeeper&) = delete;

  // Returns once it serves. After Stop(): on the same port, with the same data.
  Result<void> Start();
  void Stop();  // SIGKILL, as a crash would
  // Its clients lose their connections, and their sessions if it stays frozen for long enough: it
  // counts the time only once it goes on.
  void Freeze();
  void GoOn();

  uint16_t port() const { return port_; }
  std::string connect() const;

 private:
  Result<void> Spawn();

  TempFolder folder_;
  const uint16_t port_;
  pid_t pid_ = 0;
};

}  // namespace foxfire
