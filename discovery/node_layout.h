// Where everything lies in ZooKeeper (docs/zookeeper.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/engine_key.h"
#include "common/ids.h"
#include "common/result.h"

namespace foxfire::discovery {

// The paths below one root. A value type.
class NodeLayout {
 public:
  // INVALID_ARGUMENT unless `root` is an absolute path such as "/foxfire".
  static Result<NodeLayout> Create(std::string_view root);

  const std::string& root() const { return root_; }
  std::string Engines() const { return root_ + "/engines"; }
  std::string EnginesOf(const EngineKey& key) const;
  std::string Engine(const EngineKey& key, const EngineId& id) const;
  std::string Launch(const EngineKey& key) const;
  std::string SessionsOf(const UserId& user) const;
  std::string Session(const UserId& user, const SessionId& session) const;
  std::string Control(const EngineId& id) const;
  std::string Gateway(const GatewayId& id) const;

  // The persistent nodes that must be there before anything else, parents first.
  std::vector<std::string> Parents() const;

 private:
  explicit NodeLayout(std::string_view root) : root_(root) {}

  std::string root_;
};

}  // namespace foxfire::discovery
