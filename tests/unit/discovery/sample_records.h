// Records that tests of discovery share.
#pragma once

#include <string>

#include "common/units.h"
#include "discovery/engine_directory.h"

namespace foxfire::discovery {

inline EngineKey KeyOf(const std::string& owner) { return {ShareLevel::kUser, owner}; }

inline EngineRecord SampleEngine(const std::string& owner, int started_minute = 0) {
  EngineRecord record;
  record.key = KeyOf(owner);
  record.id = EngineId(NewUuid());
  record.host = "10.0.0.7";
  record.port = 40123;
  record.spark_version = "4.2.1";
  record.application_id = "app-1";
  record.run_as = owner;
  record.ui_url = "http://10.0.0.7:4040";
  record.host_name = "worker-7";
  record.pid = 4711;
  record.started_at = FromUnixMillis(1'790'000'000'000 + started_minute * 60'000);
  return record;
}

inline SessionBinding SampleBinding(const std::string& user) {
  return {UserId(user), SessionId(NewUuid()), KeyOf(user), EngineId(NewUuid()),
          FromUnixMillis(1'790'000'000'123)};
}

}  // namespace foxfire::discovery
