#include "discovery/node_layout.h"

#include <fmt/format.h>

#include "common/encoding.h"

namespace foxfire::discovery {
namespace {

// ZooKeeper refuses empty parts, "." and "..".
bool IsNodePath(std::string_view path) {
  if (path.size() < 2 || path.front() != '/') return false;
  for (size_t at = 1; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return false;
    for (const char c : part) {
      if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f)
        return false;
    }
    at = end + 1;
  }
  return path.back() != '/';
}

}  // namespace

Result<NodeLayout> NodeLayout::Create(std::string_view root) {
  if (!IsNodePath(root)) {
    return MakeError(
        Code::kInvalidArgument,
        fmt::format("zookeeper.root \"{}\": write an absolute path such as \"/foxfire\"", root));
  }
  return NodeLayout(root);
}

std::string NodeLayout::EnginesOf(const EngineKey& key) const {
  return Engines() + "/" + key.ToString();
}

std::string NodeLayout::Engine(const EngineKey& key, const EngineId& id) const {
  return EnginesOf(key) + "/" + PercentEncode(id.str());
}

std::string NodeLayout::Launch(const EngineKey& key) const {
  return root_ + "/launches/" + key.ToString();
}

std::string NodeLayout::SessionsOf(const UserId& user) const {
  return root_ + "/sessions/" + PercentEncode(user.str());
}

std::string NodeLayout::Session(const UserId& user, const SessionId& session) const {
  return SessionsOf(user) + "/" + PercentEncode(session.str());
}

std::string NodeLayout::Control(const EngineId& id) const {
  return root_ + "/control/" + PercentEncode(id.str());
}

std::string NodeLayout::Gateway(const GatewayId& id) const {
  return root_ + "/gateways/" + PercentEncode(id.str());
}

std::vector<std::string> NodeLayout::Parents() const {
  std::vector<std::string> paths;
  for (size_t slash = root_.find('/', 1); slash != std::string::npos;
       slash = root_.find('/', slash + 1)) {
    paths.push_back(root_.substr(0, slash));
  }
  paths.push_back(root_);
  for (const char* folder : {"engines", "launches", "sessions", "control", "gateways"})
    paths.push_back(root_ + "/" + folder);
  return paths;
}

}  // namespace foxfire::discovery
