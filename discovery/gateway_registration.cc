#include "discovery/gateway_registration.h"

#include "common/log.h"

namespace foxfire::discovery {
namespace {

constexpr Duration kRetry = std::chrono::seconds(5);

}  // namespace

GatewayRegistration::GatewayRegistration(NodeClient& client, const NodeLayout& layout,
                                         Executor& executor, const GatewayRecord& record)
    : client_(client),
      executor_(executor),
      path_(layout.Gateway(record.id)),
      data_(ToJson(record)) {}

void GatewayRegistration::Connected() {
  connected_ = true;
  Register();
}

void GatewayRegistration::Disconnected() { connected_ = false; }

void GatewayRegistration::Stop() {
  connected_ = false;
  executor_.Cancel(retry_);
}

void GatewayRegistration::HandleEvent(NodeEvent event, const std::string& path) {
  if (!connected_ || path != path_) return;
  if (event == NodeEvent::kDeleted) return Register();
  Watch();
}

void GatewayRegistration::Register() {
  client_.Create(path_, data_, NodeKind::kEphemeral, [this](Result<void> created) {
    if (!created && created.error().code != Code::kAlreadyExists) return Failed(created.error());
    Watch();
  });
}

void GatewayRegistration::Watch() {
  client_.Exists(path_, true, [this](Result<std::optional<NodeStat>> stat) {
    if (!stat) return Failed(stat.error());
    if (!connected_) return;
    if (!*stat) return Register();
    if ((*stat)->ephemeral_owner != client_.session_id()) {
      Log("discovery").info("waiting for an earlier session's node {} to go", path_);
      return;
    }
    if (registered_ == client_.session_id()) return;
    registered_ = client_.session_id();
    Log("discovery").info("gateway registered node={}", path_);
  });
}

void GatewayRegistration::Failed(const Error& error) {
  if (!connected_ || error.code == Code::kUnavailable) return;  // the next connection tries again
  Log("discovery").error("registering this gateway: {}", error.message);
  executor_.Cancel(retry_);
  retry_ = executor_.PostAfter(kRetry, [this] {
    if (connected_) Register();
  });
}

}  // namespace foxfire::discovery
