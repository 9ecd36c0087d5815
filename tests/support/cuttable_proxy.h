// A TCP connection that can be cut: parts one client from a server that others still reach.
#pragma once

#include <cstdint>
#include <list>
#include <thread>

#include "common/mutex.h"
#include "common/unique_fd.h"

namespace foxfire {

// Listens on a port of 127.0.0.1 and passes everything on to another, on a thread of its own.
// Thread-safe.
class CuttableProxy {
 public:
  explicit CuttableProxy(uint16_t target);
  ~CuttableProxy();
  CuttableProxy(const CuttableProxy&) = delete;
  CuttableProxy& operator=(const CuttableProxy&) = delete;

  uint16_t port() const { return port_; }
  void Cut();   // closes all connections, and new ones at once
  void Heal();  // takes new ones again

 private:
  struct Pipe {
    UniqueFd client;
    UniqueFd server;
  };

  void Run();
  void Accept();
  void Tell(uint64_t order);

  const uint16_t target_;
  uint16_t port_ = 0;
  UniqueFd listener_;
  UniqueFd orders_;  // eventfd

  Mutex mutex_;
  bool cut_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;

  std::list<Pipe> pipes_;  // confined to the thread
  std::thread thread_;     // last: it uses all of the above
};

}  // namespace foxfire
