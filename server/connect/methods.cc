#include "server/connect/methods.h"

#include <algorithm>
#include <array>

namespace foxfire::server {
namespace {

// Those that only look at, cancel or let go of something must not bring an engine to life: PySpark
// calls them while a session is going away (measured on 4.0 to 4.3).
constexpr std::array<MethodTraits, 12> kMethods = {{
    {.name = "ExecutePlan",
     .operation_id_field = 6,
     .client_type_field = 4,
     .plan_field = 3,
     .observed_field = 8,
     .is_operation = true},
    {.name = "AnalyzePlan", .client_type_field = 3, .observed_field = 17},
    {.name = "Config", .client_type_field = 4, .config_field = 3, .observed_field = 8},
    {.name = "AddArtifacts", .client_type_field = 6, .observed_field = 7},
    {.name = "ArtifactStatus", .client_type_field = 3, .observed_field = 5},
    {.name = "Interrupt",
     .operation_id_field = 6,
     .client_type_field = 3,
     .observed_field = 7,
     .may_launch = false},
    {.name = "ReattachExecute",
     .operation_id_field = 3,
     .client_type_field = 4,
     .observed_field = 6,
     .may_launch = false},
    {.name = "ReleaseExecute",
     .operation_id_field = 3,
     .client_type_field = 4,
     .observed_field = 7,
     .may_launch = false},
    {.name = "ReleaseSession", .client_type_field = 3, .may_launch = false, .ends_session = true},
    {.name = "FetchErrorDetails", .client_type_field = 4, .observed_field = 5, .may_launch = false},
    {.name = "CloneSession", .client_type_field = 3, .observed_field = 5, .clones_session = true},
    {.name = "GetStatus", .client_type_field = 3, .observed_field = 4, .may_launch = false},
}};
constexpr MethodTraits kUnknown;

constexpr MethodTraits CleanUp() {
  MethodTraits traits = kMethods[0];
  traits.name = "ExecutePlan(CleanCache)";
  traits.may_launch = false;
  return traits;
}
constexpr MethodTraits kCleanUp = CleanUp();

}  // namespace

const MethodTraits& TraitsOf(std::string_view path) {
  path.remove_prefix(std::min(path.size(), kServicePath.size()));
  for (const MethodTraits& method : kMethods) {
    if (method.name == path) return method;
  }
  return kUnknown;
}

const MethodTraits& CleanUpTraits() { return kCleanUp; }

}  // namespace foxfire::server
