// What Foxfire knows of Spark Connect's methods. A method that is not listed is passed through as a
// plain call: newer Sparks may have more of them.
#pragma once

#include <cstdint>
#include <string_view>

namespace foxfire::server {

inline constexpr std::string_view kServicePath = "/spark.connect.SparkConnectService/";

// Source: base.proto of Spark 3.5 to 4.3 (docs/life-of-a-call.md has the table).
struct MethodTraits {
  std::string_view name;            // "ExecutePlan"; empty for one that is not known
  uint32_t operation_id_field = 0;  // in the request; 0: it has none
  uint32_t client_type_field = 0;   // likewise
  uint32_t plan_field = 0;          // likewise; see kCleanUpPlan
  uint32_t config_field = 0;        // likewise: ConfigRequest.operation
  uint32_t observed_field = 0;      // likewise: client_observed_server_side_session_id (Spark 4.0)
  bool may_launch = true;           // may start an engine for a user who has none
  bool is_operation = false;        // counts as an operation of its session
  bool ends_session = false;        // ReleaseSession
  bool clones_session = false;      // CloneSession: its answer names a session at the same engine
};

// `path` as in :path. Never fails; the result lives as long as the process.
const MethodTraits& TraitsOf(std::string_view path);

// The plan with which PySpark 4.1 to 4.3 ends every process (MlCommand.CleanCache, sent atexit),
// also one whose session was never used.
inline constexpr std::string_view kCleanUpPlan{"\x12\x05\x8a\x01\x02\x3a\x00", 7};
// ExecutePlan with that plan: there is nothing to clean where no engine runs.
const MethodTraits& CleanUpTraits();

// In every request of Spark 3.5 to 4.3.
inline constexpr uint32_t kSessionIdField = 1;
inline constexpr uint32_t kUserContextField = 2;

}  // namespace foxfire::server
