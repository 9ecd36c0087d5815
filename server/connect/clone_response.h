// What Foxfire reads of an answer to CloneSession.
#pragma once

#include <string>
#include <string_view>

namespace foxfire::server {

// The id of the new session, of the client's or the engine's choosing: field 3 of
// CloneSessionResponse (Spark 4.1 to 4.3). Empty if it is not there, or `message` is no protobuf.
std::string ClonedSessionId(std::string_view message);

}  // namespace foxfire::server
