// How many of something each user, engine, … has.
#pragma once

#include <array>
#include <cstddef>
#include <unordered_map>

#include "common/check.h"
#include "common/mutex.h"

namespace foxfire::server {

// Each Remove() belongs to an earlier Add() of the same id. Ids that have none cost nothing.
// Thread-safe; ids are spread over locks, so loops hardly meet.
template <typename Id>
class IdCounts {
 public:
  // How many `id` has now, this one included.
  size_t Add(const Id& id) {
    Shard& shard = ShardOf(id);
    MutexLock lock(shard.mutex);
    return ++shard.counts[id];
  }
  void Remove(const Id& id) {
    Shard& shard = ShardOf(id);
    MutexLock lock(shard.mutex);
    const auto found = shard.counts.find(id);
    CHECK(found != shard.counts.end());
    if (--found->second == 0) shard.counts.erase(found);
  }
  size_t Of(const Id& id) const {
    const Shard& shard = ShardOf(id);
    MutexLock lock(shard.mutex);
    const auto found = shard.counts.find(id);
    return found == shard.counts.end() ? 0 : found->second;
  }

 private:
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<Id, size_t> counts GUARDED_BY(mutex);
  };
  static constexpr size_t kShards = 16;
  Shard& ShardOf(const Id& id) { return shards_[std::hash<Id>()(id) % kShards]; }
  const Shard& ShardOf(const Id& id) const { return shards_[std::hash<Id>()(id) % kShards]; }

  std::array<Shard, kShards> shards_;
};

}  // namespace foxfire::server
