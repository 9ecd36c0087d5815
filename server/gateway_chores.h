// What a gateway does now and then, without being asked.
#pragma once

#include "auth/token_store.h"
#include "common/executor.h"
#include "discovery/engine_directory.h"
#include "server/engine/engine_broker.h"
#include "server/session/binding_keeper.h"
#include "server/session/session_manager.h"
#include "server/store/event_store.h"
#include "server/store/sqlite_event_store.h"

namespace foxfire::server {

struct SessionTimes {
  Duration idle_timeout = std::chrono::hours(4);
  Duration max_lifetime{};  // 0: no limit
};

// Reloads tokens that were changed by hand, ends idle and old sessions, notes when ZooKeeper goes
// and comes, trims the store. Confined to `core` once started.
class GatewayChores {
 public:
  // All borrowed, must outlive this; `core` is stopped before this is destroyed.
  GatewayChores(const SessionTimes& session_times, auth::TokenStore& tokens,
                SessionManager& sessions, BindingKeeper& bindings, EngineBroker& broker,
                discovery::EngineDirectory& directory, SqliteEventStore& store, Executor& core);

  void Start();

 private:
  void Repeat(Duration period, void (GatewayChores::*chore)());
  void ReloadTokens();
  void WatchZooKeeper();
  void EndOldSessions();
  void TrimStore();

  const SessionTimes session_times_;
  auth::TokenStore& tokens_;
  SessionManager& sessions_;
  BindingKeeper& bindings_;
  EngineBroker& broker_;
  discovery::EngineDirectory& directory_;
  SqliteEventStore& store_;
  Executor& core_;
  bool zookeeper_was_away_ = false;
};

}  // namespace foxfire::server
