// What the gateway knows, as the messages of admin.proto.
#pragma once

#include "common/clock.h"
#include "proto/admin.pb.h"
#include "server/admin/engine_usage.h"
#include "server/engine/engine_launches.h"
#include "server/engine/engine_status.h"
#include "server/engine/launch_failures.h"
#include "server/engine/warm_spares.h"
#include "server/session/session_manager.h"
#include "server/store/event_store.h"

namespace foxfire::server {

namespace pb = ::foxfire::admin::v1;

pb::Engine ToMessage(const EngineStatus& engine, const EngineUsage::Use& use, WallTime now);
pb::Launch ToMessage(const LaunchStatus& launch);
pb::LaunchFailure ToMessage(const LaunchFailure& failure);
pb::Spare ToMessage(const SpareStatus& spare);
pb::Session ToMessage(const SessionSummary& session);
pb::Session ToMessage(const SessionRecord& session);
pb::Event ToMessage(const EventRecord& event);

}  // namespace foxfire::server
