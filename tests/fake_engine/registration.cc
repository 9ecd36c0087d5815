#include "tests/fake_engine/registration.h"

#include <zookeeper/zookeeper.h>

#include <utility>
#include <vector>

#include "common/json.h"

namespace foxfire::fake {
namespace {

// On the client's own thread: hands on what happened.
void Watch(zhandle_t* /*handle*/, int type, int state, const char* path, void* context) {
  auto& events = *static_cast<EventQueue*>(context);
  if (type != ZOO_SESSION_EVENT) {
    events.Push({Event::Kind::kNodeChanged, path == nullptr ? "" : path});
  } else if (state == ZOO_CONNECTED_STATE) {
    events.Push({Event::Kind::kConnected, ""});
  } else if (state == ZOO_EXPIRED_SESSION_STATE) {
    events.Push({Event::Kind::kExpired, ""});
  } else {
    events.Push({Event::Kind::kDisconnected, ""});
  }
}

tl::unexpected<Error> ZooKeeperError(int rc, const std::string& path) {
  return MakeError(Code::kUnavailable, path + ": " + zerror(rc));
}

}  // namespace

Registration::Registration(const EngineOptions& options, std::string record, EventQueue& events)
    : servers_(options.zookeeper),
      timeout_ms_(static_cast<int>(options.session_timeout.count())),
      node_(options.root + "/engines/" + options.key + "/" + options.engine_id),
      control_(options.root + "/control/" + options.engine_id),
      record_(std::move(record)),
      events_(events) {}

Registration::~Registration() {
  if (handle_ != nullptr) zookeeper_close(handle_);
}

Result<void> Registration::Connect() {
  if (handle_ != nullptr) zookeeper_close(handle_);
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  handle_ = zookeeper_init(servers_.c_str(), Watch, timeout_ms_, nullptr, &events_, 0);
  if (handle_ == nullptr) return tl::unexpected(ErrnoError(errno, "zookeeper_init " + servers_));
  return {};
}

Result<void> Registration::MakeParents() {
  for (const std::string& path : {node_, control_}) {
    for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
      const std::string parent = path.substr(0, end);
      const int rc =
          zoo_create(handle_, parent.c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, nullptr, 0);
      if (rc != ZOK && rc != ZNODEEXISTS) return ZooKeeperError(rc, parent);
    }
  }
  return {};
}

Result<void> Registration::Register() {
  RETURN_IF_ERROR(MakeParents());
  const int rc =
      zoo_create(handle_, node_.c_str(), record_.data(), static_cast<int>(record_.size()),
                 &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, nullptr, 0);
  if (rc != ZOK && rc != ZNODEEXISTS) return ZooKeeperError(rc, node_);
  if (!OwnNodeExists()) return MakeError(Code::kUnavailable, node_ + ": gone again at once");
  return {};
}

void Registration::Deregister() {
  if (handle_ != nullptr) zoo_delete(handle_, node_.c_str(), -1);
}

bool Registration::OwnNodeExists() {
  return zoo_wexists(handle_, node_.c_str(), Watch, &events_, nullptr) != ZNONODE;
}

std::optional<StopOrder> Registration::ReadOrder() {
  if (zoo_wexists(handle_, control_.c_str(), Watch, &events_, nullptr) != ZOK) return std::nullopt;
  std::string data(1 << 16, '\0');
  int size = static_cast<int>(data.size());
  if (zoo_get(handle_, control_.c_str(), 0, data.data(), &size, nullptr) != ZOK)
    return std::nullopt;
  data.resize(static_cast<size_t>(size < 0 ? 0 : size));
  const auto json = ParseJson(data);
  const std::string command = json ? JsonString(*json, "command", "").value_or("") : "";
  if (command != "stop" && command != "drain") return std::nullopt;
  return StopOrder{command == "drain",
                   std::chrono::milliseconds(JsonInteger(*json, "grace_ms", 0).value_or(0)),
                   JsonString(*json, "reason", "").value_or("")};
}

}  // namespace foxfire::fake
