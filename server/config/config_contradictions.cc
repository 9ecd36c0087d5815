#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "common/units.h"
#include "server/config/config_checks.h"

namespace foxfire::server {
namespace {

void CheckPlaintext(const Checkup& check, const std::string& key, const ListenAddress& listen) {
  const Config& config = check.config();
  if (listen.IsLoopback() || config.tls.enabled() || config.server.allow_plaintext) return;
  check.Fail(key,
             fmt::format("{} can be reached by other machines, and without TLS tokens would cross "
                         "the network readable",
                         listen.ToString()),
             "set tls.certificate and tls.key, or listen on 127.0.0.1, or set "
             "server.allow_plaintext = true");
}

struct Port {
  const char* key;
  ListenAddress listen;
};

bool Collide(const ListenAddress& a, const ListenAddress& b) {
  return a.port != 0 && a.port == b.port && (a.host == b.host || a.IsWildcard() || b.IsWildcard());
}

// "a:1,b:2"; an empty list is no list.
bool IsConnectString(std::string_view text) {
  for (;;) {
    const size_t comma = std::min(text.find(','), text.size());
    const auto server = ParseListenAddress(text.substr(0, comma));
    if (!server || server->port == 0) return false;
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
}

// As ZooKeeper wants it: absolute, no empty, "." or ".." part, no "/" at its end.
bool IsNodePath(const std::string& text) {
  if (text.size() < 2 || text.front() != '/' || text.back() == '/') return false;
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x21 || c >= 0x7f; }))
    return false;
  const std::string closed = text + "/";
  return closed.find("//") == std::string::npos && closed.find("/./") == std::string::npos &&
         closed.find("/../") == std::string::npos;
}

bool IsVariableName(const std::string& name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return c < 0x80 && (std::isalnum(c) != 0 || c == '_');
         });
}

bool HasLineBreak(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\n' || c == '\r' || c == '\0'; });
}

struct Reserved {
  std::string_view name;
  std::string_view instead;
};

const Reserved* FindReserved(std::string_view name, const std::vector<Reserved>& table) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Reserved& entry) { return entry.name == name; });
  return found == table.end() ? nullptr : &*found;
}

const std::vector<Reserved>& ReservedConf() {
  static const std::vector<Reserved> table = {
      {"spark.connect.authenticate.token", "remove it: each engine gets a secret of its own"},
      {"spark.connect.grpc.binding.port", "remove it: engines choose a free port"},
      {"spark.connect.grpc.binding.address", "set engine.bind_address instead"},
      {"spark.master", "set the profile's master instead"},
      {"spark.driver.memory", "set the profile's driver_memory instead"},
  };
  return table;
}

const std::vector<Reserved>& ReservedVariables() {
  static const std::vector<Reserved> table = {
      {"SPARK_HOME", "set the profile's spark_home instead"},
      {"JAVA_HOME", "set the profile's java_home instead"},
      {"PYSPARK_PYTHON", "set the profile's python instead"},
      {"SPARK_CONNECT_AUTHENTICATE_TOKEN", "remove it: each engine gets a secret of its own"},
  };
  return table;
}

// What a profile takes from the default one is checked there.
StringMap OwnEntries(const StringMap& entries, const StringMap& inherited) {
  StringMap own;
  for (const auto& [name, value] : entries) {
    const auto found = inherited.find(name);
    if (found == inherited.end() || found->second != value) own.emplace(name, value);
  }
  return own;
}

void CheckSparkConf(const Checkup& check, const std::string& section, const StringMap& conf) {
  for (const auto& [name, value] : conf) {
    const std::string key = section + ".spark_conf." + name;
    if (name.rfind("spark.", 0) != 0)
      check.Fail(key, "not a Spark setting", "write a name that begins with spark.");
    else if (const Reserved* reserved = FindReserved(name, ReservedConf()))
      check.Fail(key, "Foxfire sets this itself", std::string(reserved->instead));
    if (HasLineBreak(name) || HasLineBreak(value))
      check.Fail(key, "holds a line break", "write it on one line");
  }
}

void CheckEnvironment(const Checkup& check, const std::string& section,
                      const StringMap& variables) {
  for (const auto& [name, value] : variables) {
    const std::string key = section + ".environment." + name;
    if (!IsVariableName(name))
      check.Fail(key, "not the name of an environment variable", "use A-Z a-z 0-9 _");
    else if (const Reserved* reserved = FindReserved(name, ReservedVariables()))
      check.Fail(key, "Foxfire sets this itself", std::string(reserved->instead));
    if (value.find('\0') != std::string::npos) check.Fail(key, "holds a zero byte", "remove it");
  }
}

void CheckSharing(const Checkup& check, const std::string& section, const SharingConfig& sharing) {
  const auto& profiles = check.config().profiles;
  const auto must_exist = [&](const char* key, const std::string& profile) {
    if (profiles.count(profile) > 0) return;
    check.Fail(section + "." + key, fmt::format("there is no profile \"{}\"", profile),
               fmt::format("correct it, or write a section [profile.{}]", profile));
  };
  must_exist("profile", sharing.profile);
  for (const std::string& profile : sharing.client_profiles) {
    if (profile != "*") must_exist("client_profiles", profile);
  }
  for (const std::string& level : sharing.client_share_levels) {
    if (!ParseShareLevel(level))
      check.Fail(section + ".client_share_levels", fmt::format("\"{}\" is no share level", level),
                 "write connection, user, group or server");
  }
}

}  // namespace

void CheckAddresses(const Checkup& check) {
  const Config& config = check.config();
  std::vector<Port> ports = {{"server.listen", config.server.listen}};
  CheckPlaintext(check, "server.listen", config.server.listen);
  if (config.admin.enabled) {
    CheckPlaintext(check, "admin.listen", config.admin.listen);
    ports.push_back({"admin.listen", config.admin.listen});
  }
  if (config.http.enabled) ports.push_back({"http.listen", config.http.listen});
  if (config.zookeeper.embedded)
    ports.push_back({"zookeeper.embedded_port",
                     {"127.0.0.1", static_cast<uint16_t>(config.zookeeper.embedded_port)}});
  for (size_t i = 0; i < ports.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (Collide(ports[i].listen, ports[j].listen))
        check.Fail(ports[i].key,
                   fmt::format("port {} is also that of {}", ports[i].listen.port, ports[j].key),
                   "give each a port of its own");
    }
  }
  if (!IsIpAddress(config.engine.bind_address))
    check.Fail("engine.bind_address",
               fmt::format("\"{}\" is not an IP address", config.engine.bind_address),
               "write one such as \"127.0.0.1\"");
  const std::string& host = config.engine.advertise_host;
  if (!IsIpAddress(host) && !ParseListenAddress(host + ":1"))
    check.Fail("engine.advertise_host", fmt::format("\"{}\" is not a host", host),
               "write a host name or an IP address, without a port");
}

void CheckZooKeeper(const Checkup& check) {
  const ZooKeeperConfig& zookeeper = check.config().zookeeper;
  if (zookeeper.embedded && !zookeeper.connect.empty())
    check.Fail("zookeeper.connect", "contradicts zookeeper.embedded = true", "remove one of them");
  if (!zookeeper.embedded && zookeeper.connect.empty())
    check.Fail("zookeeper.connect", "no ZooKeeper is configured",
               "set zookeeper.embedded = true, or connect to an ensemble's host:port[,host:port]");
  if (!zookeeper.connect.empty() && !IsConnectString(zookeeper.connect))
    check.Fail("zookeeper.connect",
               fmt::format("\"{}\" is not a list of servers", zookeeper.connect),
               "write host:port[,host:port] without blanks; the node goes into zookeeper.root");
  if (!IsNodePath(zookeeper.root))
    check.Fail("zookeeper.root", fmt::format("\"{}\" is not a node's path", zookeeper.root),
               "write one such as \"/foxfire\"");
}

void CheckTimesAndLimits(const Checkup& check) {
  const Config& config = check.config();
  if (config.engine.lost_timeout < config.zookeeper.session_timeout)
    check.Fail("engine.lost_timeout",
               fmt::format("{} is less than zookeeper.session_timeout ({}): engines would stop "
                           "before ZooKeeper gives them up",
                           FormatDuration(config.engine.lost_timeout),
                           FormatDuration(config.zookeeper.session_timeout)),
               "make it longer");
  if (config.limits.held_bytes < config.limits.message_bytes)
    check.Fail(
        "limits.held_bytes",
        fmt::format("{} is less than limits.message_bytes ({}): such a message could never "
                    "wait for an engine",
                    FormatSize(config.limits.held_bytes), FormatSize(config.limits.message_bytes)),
        "make it larger");
}

void CheckSharing(const Checkup& check) {
  const Config& config = check.config();
  CheckSharing(check, "engine", config.engine.sharing);
  for (const auto& [name, sharing] : config.groups) CheckSharing(check, "group." + name, sharing);
  for (const auto& [name, sharing] : config.users) CheckSharing(check, "user." + name, sharing);
}

void CheckProfileMaps(const Checkup& check) {
  const auto& profiles = check.config().profiles;
  const ProfileConfig& base = profiles.at(kDefaultProfile);
  for (const auto& [name, profile] : profiles) {
    const std::string section = "profile." + name;
    const bool is_base = &profile == &base;
    const ProfileConfig inherited = is_base ? ProfileConfig{} : base;
    CheckSparkConf(check, section, OwnEntries(profile.spark_conf, inherited.spark_conf));
    CheckEnvironment(check, section, OwnEntries(profile.environment, inherited.environment));
    if (profile.master.empty() && (is_base || !base.master.empty()))
      check.Fail(section + ".master", "empty", "write one such as \"local[*]\"");
  }
}

}  // namespace foxfire::server
