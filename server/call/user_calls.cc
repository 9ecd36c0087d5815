#include "server/call/user_calls.h"

#include "common/check.h"

namespace foxfire::server {

size_t UserCalls::Begin(const UserId& user) {
  Shard& shard = ShardOf(user);
  MutexLock lock(shard.mutex);
  return ++shard.open[user];
}

void UserCalls::End(const UserId& user) {
  Shard& shard = ShardOf(user);
  MutexLock lock(shard.mutex);
  const auto found = shard.open.find(user);
  CHECK(found != shard.open.end());
  if (--found->second == 0) shard.open.erase(found);
}

}  // namespace foxfire::server
