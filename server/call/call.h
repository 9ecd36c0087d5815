// One call, as the code that decides about it sees it. No transport type in here.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "auth/principal.h"
#include "common/clock.h"
#include "server/connect/methods.h"
#include "server/connect/status_details.h"
#include "server/engine/engine_status.h"
#include "server/session/session.h"

namespace foxfire::server {

// What a client asks for with x-foxfire-… headers; empty: nothing. A value type.
struct EngineWish {
  std::string share_level;
  std::string profile;
  std::string subdomain;
  std::string team = {};         // what the headers of [routing] say
  std::string environment = {};  // likewise
  // From x-foxfire-conf-<setting>: names as headers have them, in lower case, and values.
  std::vector<std::pair<std::string, std::string>> conf = {};
  bool conf_too_large = false;  // there were more than are kept in `conf`
};

// What of x-foxfire-conf-… a call may carry: settings, and bytes of all names and values.
inline constexpr size_t kClientConfMax = 32;
inline constexpr size_t kClientConfBytesMax = 8 << 10;

// What the transport knows when the request's headers are in. Views are valid during the call that
// takes them only.
struct CallHead {
  std::string_view path;
  std::string_view authorization;   // header value, may be empty
  std::string_view authentication;  // the name under which older JVM clients send it (SPARK-57336)
  std::string_view user_agent;
  std::string_view peer;  // host:port of the client
};

// What its first message said, as far as it has been read.
struct Envelope {
  std::string_view session_id;
  std::string_view operation_id;
  std::string_view client_type;
  bool only_cleans_up = false;
  std::string_view config = {};  // ConfigRequest.operation
  bool answered = false;         // its client has had an answer from the session's engine
};

// What is known of a call that has been admitted. Confined to its loop.
struct Call {
  const MethodTraits* method = nullptr;
  auth::PrincipalPtr principal;
  std::string user_agent;
  std::string peer;
  WallTime began;

  // Set once it has been routed.
  SessionPtr session;  // null: passed on without a session of ours (a method that opens none)
  std::string operation_id;
  LiveEnginePtr engine;
  std::shared_ptr<std::atomic<bool>> over;  // once RouteLater has been asked; true: it has ended
  bool counted = false;                     // CallService::Routed has seen it
  bool reconnects = false;                  // its session had been released when it was routed
  bool operates = false;                    // its operation has begun
  bool noted = false;                       // which is in the event log
};

// Where a call goes.
struct Route {
  LiveEnginePtr engine;
  SessionPtr session;  // may be null, see Call::session
};
using RouteResult = tl::expected<Route, CallStatus>;
// Called once, on any thread.
using RouteCallback = std::function<void(RouteResult)>;

}  // namespace foxfire::server
