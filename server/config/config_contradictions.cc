#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "common/units.h"
#include "server/config/config_checks.h"

namespace foxfire::server {
namespace {

constexpr Duration kPrestartHistory = std::chrono::hours(14 * 24);

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

void CheckEngineAddress(const Checkup& check, const std::string& section, const std::string& bind,
                        const std::string& advertised) {
  if (!IsIpAddress(bind))
    check.Fail(section + ".bind_address", fmt::format("\"{}\" is not an IP address", bind),
               "write one such as \"127.0.0.1\"");
  if (!IsIpAddress(advertised) && !ParseListenAddress(advertised + ":1"))
    check.Fail(section + ".advertise_host", fmt::format("\"{}\" is not a host", advertised),
               "write a host name or an IP address, without a port");
}

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
  CheckEngineAddress(check, "engine", config.engine.bind_address, config.engine.advertise_host);
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
  for (const auto& [name, owner] : config.groups)
    CheckSharing(check, "group." + name, owner.sharing);
  for (const auto& [name, owner] : config.users) CheckSharing(check, "user." + name, owner.sharing);
}

void CheckPrestart(const Checkup& check) {
  const Config& config = check.config();
  const auto has_it = [](const auto& entry) { return entry.second.sharing.prestart; };
  if (!config.engine.sharing.prestart &&
      std::none_of(config.groups.begin(), config.groups.end(), has_it) &&
      std::none_of(config.users.begin(), config.users.end(), has_it))
    return;
  const Duration lead = config.engine.prestart_lead;
  const Duration idle = config.engine.idle_timeout;
  if (idle != Duration::zero() && lead >= idle)
    check.Fail("engine.prestart_lead",
               fmt::format("{} is not less than engine.idle_timeout ({}): engines that are started "
                           "ahead would end before their users come",
                           FormatDuration(lead), FormatDuration(idle)),
               "make it shorter, or engine.idle_timeout longer");
  if (config.store.retention < kPrestartHistory)
    check.Fail(
        "store.retention",
        fmt::format("{} is less than {}: of what prestart looks at, two weeks are needed",
                    FormatDuration(config.store.retention), FormatDuration(kPrestartHistory)),
        "make it longer, 28d for all four weeks, or take prestart out");
}

}  // namespace foxfire::server
