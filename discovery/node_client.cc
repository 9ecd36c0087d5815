#include "discovery/node_client.h"

#include <fmt/format.h>

namespace foxfire::discovery {
namespace {

// Somebody else creates and deletes the node at the same time; so often in a row is no accident.
constexpr int kAttempts = 5;

void PutNodeOnce(NodeClient& client, const std::string& path, const std::string& data,
                 int attempts_left, NodeClient::Callback<void> done) {
  const auto set = [&client, path, data, attempts_left, done](Result<void> created) {
    if (created || created.error().code != Code::kAlreadyExists) return done(std::move(created));
    client.Set(
        path, data, kAnyVersion, [&client, path, data, attempts_left, done](Result<void> written) {
          if (written || written.error().code != Code::kNotFound) return done(std::move(written));
          if (attempts_left == 0) {
            return done(
                MakeError(Code::kAborted,
                          fmt::format("ZooKeeper node {} comes and goes all the time", path)));
          }
          PutNodeOnce(client, path, data, attempts_left - 1, done);
        });
  };
  client.Create(path, data, NodeKind::kPersistent, set);
}

}  // namespace

void PutNode(NodeClient& client, const std::string& path, const std::string& data,
             NodeClient::Callback<void> done) {
  PutNodeOnce(client, path, data, kAttempts, std::move(done));
}

void RemoveNode(NodeClient& client, const std::string& path, NodeClient::Callback<void> done) {
  client.Delete(path, [done = std::move(done)](Result<void> deleted) {
    if (!deleted && deleted.error().code == Code::kNotFound) deleted = {};
    done(std::move(deleted));
  });
}

}  // namespace foxfire::discovery
