// The fields that hold one of a few values, and how files spell these.
#pragma once

#include <array>
#include <string_view>

#include "server/config/config.h"

namespace foxfire::server {

template <typename Value>
struct Choice {
  Value value;
  std::string_view name;
};

inline constexpr std::array kShareLevels = {
    Choice<ShareLevel>{ShareLevel::kConnection, "connection"},
    Choice<ShareLevel>{ShareLevel::kUser, "user"},
    Choice<ShareLevel>{ShareLevel::kGroup, "group"},
    Choice<ShareLevel>{ShareLevel::kServer, "server"},
};
inline constexpr std::array kShutdownPolicies = {
    Choice<ShutdownPolicy>{ShutdownPolicy::kKeep, "keep"},
    Choice<ShutdownPolicy>{ShutdownPolicy::kStop, "stop"},
};
inline constexpr std::array kLauncherKinds = {
    Choice<launcher::LauncherKind>{launcher::LauncherKind::kLocal, "local"},
    Choice<launcher::LauncherKind>{launcher::LauncherKind::kSparkSubmit, "spark-submit"},
    Choice<launcher::LauncherKind>{launcher::LauncherKind::kCommand, "command"},
};
inline constexpr std::array kDeployModes = {
    Choice<launcher::DeployMode>{launcher::DeployMode::kClient, "client"},
    Choice<launcher::DeployMode>{launcher::DeployMode::kCluster, "cluster"},
};
inline constexpr std::array kRunAsChoices = {
    Choice<launcher::RunAs>{launcher::RunAs::kLogin, "login"},
    Choice<launcher::RunAs>{launcher::RunAs::kOsUser, "os-user"},
    Choice<launcher::RunAs>{launcher::RunAs::kProxyUser, "proxy-user"},
    Choice<launcher::RunAs>{launcher::RunAs::kHadoopUser, "hadoop-user"},
};

// What a field of such a type may hold.
constexpr const auto& ChoicesOf(const ShareLevel*) { return kShareLevels; }
constexpr const auto& ChoicesOf(const ShutdownPolicy*) { return kShutdownPolicies; }
constexpr const auto& ChoicesOf(const launcher::LauncherKind*) { return kLauncherKinds; }
constexpr const auto& ChoicesOf(const launcher::DeployMode*) { return kDeployModes; }
constexpr const auto& ChoicesOf(const launcher::RunAs*) { return kRunAsChoices; }

// As files spell it.
template <typename Value>
constexpr std::string_view ChoiceName(Value value) {
  for (const auto& choice : ChoicesOf(&value)) {
    if (choice.value == value) return choice.name;
  }
  return {};
}

// Whether there is one of that name, which `*value` then is.
template <typename Value>
constexpr bool SetChoice(std::string_view name, Value* value) {
  for (const auto& choice : ChoicesOf(value)) {
    if (choice.name != name) continue;
    *value = choice.value;
    return true;
  }
  return false;
}

}  // namespace foxfire::server
