// What the fake engine saw of a call, as the JSON that it answers with.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <string>
#include <string_view>

#include "common/json.h"

namespace foxfire::fake {

// Who a request says it is from, read as protobuf reads it: the last of duplicate scalars counts,
// duplicate messages are merged.
struct Identity {
  bool well_formed = false;
  std::string session_id;
  std::string user_id;
  std::string user_name;
  int session_ids = 0;    // how often field 1 is there
  int user_contexts = 0;  // how often field 2 is there
  int extensions = 0;     // user_context.extensions, all together
  // client_observed_server_side_session_id of Config and ExecutePlan; something else in other
  // requests.
  std::string observed;
};

Identity ReadIdentity(std::string_view message);

// {"size", "sha256", "hex" of up to 64 KiB, "session_id", "user_id", …}
Json DescribeMessage(std::string_view message);

// {"method", "peer", "metadata": [[name, value]] with "-bin" values in hexadecimal, "timeout_ms"
// of the deadline left, null without one}
Json DescribeCall(const grpc::GenericCallbackServerContext& context);

}  // namespace foxfire::fake
