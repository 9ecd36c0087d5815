// How many calls each user has open.
#pragma once

#include <array>
#include <cstddef>
#include <unordered_map>

#include "common/ids.h"
#include "common/mutex.h"

namespace foxfire::server {

// Each End() belongs to an earlier Begin() of the same user. Users without calls cost nothing.
// Thread-safe; users are spread over locks, so loops hardly meet.
class UserCalls {
 public:
  // How many the user has open now, this one included.
  size_t Begin(const UserId& user);
  void End(const UserId& user);

 private:
  struct Shard {
    Mutex mutex;
    std::unordered_map<UserId, size_t> open GUARDED_BY(mutex);
  };
  Shard& ShardOf(const UserId& user) { return shards_[std::hash<UserId>()(user) % shards_.size()]; }

  std::array<Shard, 16> shards_;
};

}  // namespace foxfire::server
