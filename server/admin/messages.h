// What the gateway knows, as the messages of admin.proto.
#pragma once

#include <string>
#include <string_view>

#include "common/clock.h"
#include "proto/admin.pb.h"
#include "server/admin/engine_usage.h"
#include "server/engine/engine_launches.h"
#include "server/engine/engine_status.h"
#include "server/session/session_manager.h"
#include "server/store/event_store.h"

namespace foxfire::server {

namespace pb = ::foxfire::admin::v1;

pb::Engine ToMessage(const EngineStatus& engine, const EngineUsage::Use& use, WallTime now);
pb::Launch ToMessage(const LaunchStatus& launch);
pb::Session ToMessage(const SessionSummary& session);
pb::Session ToMessage(const SessionRecord& session);
pb::Event ToMessage(const EventRecord& event);

// What clients name themselves may be any bytes, but a protobuf string that is no UTF-8 makes the
// whole answer unreadable: such bytes are replaced.
std::string ToUtf8(std::string_view text);

// Control characters become spaces and what is longer than `limit` bytes is cut off: for text of a
// caller that goes into logs and events.
std::string ToOneLine(std::string_view text, size_t limit);

}  // namespace foxfire::server
