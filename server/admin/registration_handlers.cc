#include "server/admin/registration_handlers.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "auth/names.h"
#include "auth/sealed_secret.h"
#include "common/log.h"
#include "common/text.h"
#include "discovery/records.h"
#include "server/admin/engine_usage.h"
#include "server/admin/pending_answer.h"
#include "server/admin/visibility.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

constexpr Duration kGreetingTimeout = 5s;
constexpr const char* kNotInTime =
    "ZooKeeper has not answered in time: see with \"foxfire engine list\" what became of it";

tl::unexpected<Error> Wrong(std::string what) {
  return MakeError(Code::kInvalidArgument, std::move(what));
}

// The data plane looks up no names.
bool IsIpAddress(const std::string& host) {
  std::array<uint8_t, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

// A token goes into a header.
bool IsToken(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<EngineKey> KeyOf(const EngineKeyOptions& keys, const pb::RegisterEngineRequest& request) {
  const int owners = (request.user().empty() ? 0 : 1) + (request.group().empty() ? 0 : 1) +
                     (request.server() ? 1 : 0);
  if (owners != 1) return Wrong("say whose engine it is, with one of user, group and server");
  EngineKey key;
  if (request.server()) {
    key.level = ShareLevel::kServer;
    key.owner = kServiceUser;
  } else {
    const bool of_user = !request.user().empty();
    key.level = of_user ? ShareLevel::kUser : ShareLevel::kGroup;
    key.owner = of_user ? request.user() : request.group();
    RETURN_IF_ERROR(auth::CheckName(key.owner, of_user ? "the user name" : "the group name"));
  }
  if (!request.profile().empty()) key.profile = request.profile();
  if (keys.profiles.count(key.profile) == 0) {
    return Wrong(
        fmt::format("there is no profile \"{}\", so no client could ask for it: add "
                    "[profile.{}] to the configuration, or correct --profile",
                    key.profile, key.profile));
  }
  if (!request.subdomain().empty()) key.subdomain = request.subdomain();
  if (!IsSubdomain(key.subdomain))
    return Wrong("--subdomain must be 1 to 64 letters, digits, '-', '_' or '.'");
  return key;
}

// UNAVAILABLE would read as if the gateway could not be reached.
Error OfZooKeeper(Error error) {
  if (error.code == Code::kUnavailable) error.code = Code::kFailedPrecondition;
  return error;
}

}  // namespace

Result<pb::RegisterEngineResponse> RegistrationHandlers::Register(
    const Caller& caller, const pb::RegisterEngineRequest& request, const CallLimits& limits) {
  RETURN_IF_ERROR(RequireAdmin(*caller.principal, "registering an engine"));
  ASSIGN_OR_RETURN(discovery::EngineRecord record, RecordOf(caller, request));
  const Secret token(request.token());
  if (!IsToken(request.token()))
    return Wrong("the engine's token must be one word of visible ASCII characters");
  const std::string endpoint = discovery::FormatEndpoint({record.host, record.port});
  RETURN_IF_ERROR(greet_(endpoint, token, kGreetingTimeout));
  if (!token.empty()) {
    ASSIGN_OR_RETURN(record.sealed_secret,
                     auth::SealSecret(sealing_key_, record.SealContext(), token));
  }
  RETURN_IF_ERROR(Change(EventOf(event::kEngineRegistered, caller, record), limits,
                         [&](discovery::EngineDirectory::Callback<void> done) {
                           parts_.directory.PutEngine(record, std::move(done));
                         }));
  pb::RegisterEngineResponse response;
  response.set_engine_id(record.id.str());
  response.set_key(ToUtf8(record.key.ToString()));
  response.set_endpoint(endpoint);
  return response;
}

Result<discovery::EngineRecord> RegistrationHandlers::RecordOf(
    const Caller& caller, const pb::RegisterEngineRequest& request) const {
  auto endpoint = discovery::ParseEndpoint(request.endpoint());
  if (!endpoint || !IsIpAddress(endpoint->host)) {
    return Wrong(
        "--endpoint must be an IP address and a port, such as 10.0.0.7:15002 or [fd00::7]:15002");
  }
  discovery::EngineRecord record;
  ASSIGN_OR_RETURN(record.key, KeyOf(*parts_.keys.Get(), request));
  record.id = EngineId(NewUuid());
  record.host = std::move(endpoint->host);
  record.port = endpoint->port;
  record.run_as = request.run_as().empty() ? record.key.owner : request.run_as();
  RETURN_IF_ERROR(auth::CheckName(record.run_as, "the name of --run-as"));
  record.started_at = parts_.clock.WallNow();
  record.registered_by = caller.user();
  const auto view = parts_.directory.View();
  const auto same_key = view->engines.find(record.key);
  if (same_key == view->engines.end()) return record;
  for (const discovery::EngineRecord& other : same_key->second) {
    if (other.host != record.host || other.port != record.port) continue;
    return MakeError(
        Code::kAlreadyExists,
        fmt::format("engine {} is registered with this endpoint for {} already; to give it another "
                    "token, first \"foxfire engine unregister\" it",
                    other.id.str(), record.key.ToString()));
  }
  return record;
}

Result<pb::UnregisterEngineResponse> RegistrationHandlers::Unregister(
    const Caller& caller, const pb::UnregisterEngineRequest& request, const CallLimits& limits) {
  RETURN_IF_ERROR(RequireAdmin(*caller.principal, "unregistering an engine"));
  ASSIGN_OR_RETURN(const discovery::EngineRecord record, Resolve(request.engine_id()));
  if (!record.is_registered()) {
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("engine {} has registered itself: \"foxfire engine drain\" or "
                                 "\"foxfire engine kill\" ends it",
                                 record.id.str()));
  }
  // They end with the node.
  const EngineUsage::Use use = EngineUsage(parts_.sessions.List()).Of(record.id);
  RETURN_IF_ERROR(Change(EventOf(event::kEngineUnregistered, caller, record), limits,
                         [&](discovery::EngineDirectory::Callback<void> done) {
                           parts_.directory.RemoveEngine(record.key, record.id, std::move(done));
                         }));
  pb::UnregisterEngineResponse response;
  response.set_engine_id(record.id.str());
  response.set_key(ToUtf8(record.key.ToString()));
  response.set_endpoint(discovery::FormatEndpoint({record.host, record.port}));
  response.set_sessions(static_cast<int64_t>(use.sessions));
  return response;
}

// From ZooKeeper's view, which also has those that are dead.
Result<discovery::EngineRecord> RegistrationHandlers::Resolve(const std::string& engine_id) const {
  std::vector<discovery::EngineRecord> records;
  std::vector<IdCandidate> candidates;
  const auto view = parts_.directory.View();
  for (const auto& [key, of_key] : view->engines) {
    for (const discovery::EngineRecord& record : of_key) {
      records.push_back(record);
      candidates.push_back({record.id.str(), true, record.id.str()});
    }
  }
  ASSIGN_OR_RETURN(const size_t found, ResolveId("engine", engine_id, candidates));
  return records[found];
}

Result<void> RegistrationHandlers::Change(EventRecord event, const CallLimits& limits,
                                          const DirectoryChange& change) {
  const auto pending = std::make_shared<PendingAnswer<Result<void>>>();
  change([pending, &store = parts_.store, event = std::move(event)](const Result<void>& changed) {
    if (changed) {
      Log("admin").info("{} engine={} {}", event.type, event.engine_id, event.detail);
      store.Append(event);
    }
    pending->Set(changed);
  });
  ASSIGN_OR_RETURN(const Result<void> changed, pending->Await(limits, kNotInTime));
  if (!changed) return tl::unexpected(OfZooKeeper(changed.error()));
  return {};
}

EventRecord RegistrationHandlers::EventOf(const char* type, const Caller& caller,
                                          const discovery::EngineRecord& record) const {
  EventRecord event;
  event.time = parts_.clock.WallNow();
  event.type = type;
  event.user = record.key.User();
  event.engine_id = record.id.str();
  event.address = caller.address;
  event.detail = fmt::format("by {}: at {} as {} key={}", caller.user(),
                             discovery::FormatEndpoint({record.host, record.port}), record.run_as,
                             record.key.ToString());
  return event;
}

}  // namespace foxfire::server
