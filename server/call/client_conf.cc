#include "server/call/client_conf.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <string_view>

#include "engine_launcher/profile.h"

namespace foxfire::server {
namespace {

// What spark-submit reads on the gateway's machine, with the gateway's rights, and ships to the
// driver: only an entry without "*" allows these. In lower case; those that end with a dot stand
// for everything below.
constexpr std::string_view kByNameOnly[] = {"spark.files",
                                            "spark.archives",
                                            "spark.jars",
                                            "spark.jars.",
                                            "spark.yarn.dist.",
                                            "spark.yarn.jars",
                                            "spark.yarn.archive",
                                            "spark.yarn.keytab",
                                            "spark.kerberos.",
                                            "spark.kubernetes.file.",
                                            "spark.kubernetes.authenticate."};

char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Whether they are the same but for case; `lower` has none.
bool SameText(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(),
                                                   [](char a, char b) { return Lower(a) == b; });
}

bool NeedsItsName(std::string_view lower) {
  return std::any_of(std::begin(kByNameOnly), std::end(kByNameOnly), [&](std::string_view name) {
    return name.back() == '.' ? lower.starts_with(name) : lower == name;
  });
}

bool IsSettingName(std::string_view lower) {
  return lower.starts_with("spark.") && std::all_of(lower.begin(), lower.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' ||
                  c == '-';
         });
}

// How the setting is spelled; nullopt: it is not allowed.
std::optional<std::string> Allowed(const std::vector<std::string>& allowed,
                                   const std::string& lower) {
  if (!IsSettingName(lower)) return std::nullopt;
  if (launcher::RefusalOf(lower, launcher::ConfSource::kOverProfile)) return std::nullopt;
  for (const std::string& entry : allowed) {
    if (SameText(entry, lower)) return entry;
  }
  if (NeedsItsName(lower)) return std::nullopt;
  const bool matches = std::any_of(allowed.begin(), allowed.end(), [&](std::string_view entry) {
    if (!entry.ends_with('*')) return false;
    entry.remove_suffix(1);
    return lower.size() > entry.size() &&
           SameText(entry, std::string_view(lower).substr(0, entry.size()));
  });
  return matches ? std::optional(lower) : std::nullopt;
}

bool IsPrintable(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

Result<std::map<std::string, std::string>> ClientConf(const std::vector<std::string>& allowed,
                                                      const std::string& profile,
                                                      const EngineWish& wish) {
  if (wish.conf_too_large) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("more than {} settings or {} bytes in x-foxfire-conf-… headers: "
                                 "put fewer of them into the connection string",
                                 kClientConfMax, kClientConfBytesMax));
  }
  std::map<std::string, std::string> conf;
  for (const auto& [name, value] : wish.conf) {
    auto setting = Allowed(allowed, name);
    if (!setting) {
      return MakeError(Code::kPermissionDenied,
                       fmt::format("{} may not be set by clients here (client_conf of the profile "
                                   "\"{}\"): leave x-foxfire-conf-{} out of the connection string",
                                   name, profile, name));
    }
    if (!IsPrintable(value)) {
      return MakeError(Code::kInvalidArgument,
                       fmt::format("the value of x-foxfire-conf-{} is no printable ASCII text: "
                                   "correct it in the connection string",
                                   name));
    }
    conf[*std::move(setting)] = value;
  }
  return conf;
}

}  // namespace foxfire::server
