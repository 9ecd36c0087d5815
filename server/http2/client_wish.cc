#include "server/http2/client_wish.h"

#include <string>

namespace foxfire::server::http2 {
namespace {

// Where a header is kept, if it is; nullptr otherwise.
std::string* KeptAs(std::string_view name, const DataPlaneOptions& options, EngineWish& wish) {
  if (name == "x-foxfire-share-level") return &wish.share_level;
  if (name == "x-foxfire-profile") return &wish.profile;
  if (name == "x-foxfire-subdomain") return &wish.subdomain;
  if (!options.team_header.empty() && name == options.team_header) return &wish.team;
  if (!options.environment_header.empty() && name == options.environment_header)
    return &wish.environment;
  return nullptr;
}

}  // namespace

void ClientSettings::Add(std::string_view setting, std::string_view value) {
  bytes_ += setting.size() + value.size();
  if (fields_.count() >= kClientConfMax || bytes_ > kClientConfBytesMax) {
    too_large_ = true;
  } else {
    fields_.Add(setting, value);
  }
}

void ClientSettings::AddTo(EngineWish& wish) const {
  fields_.ForFirst(fields_.count(), [&wish](std::string_view setting, std::string_view value) {
    wish.conf.emplace_back(setting, value);
  });
  wish.conf_too_large = too_large_;
}

EngineWish WishOf(const HeaderList& headers, size_t count, const ClientSettings& settings,
                  const DataPlaneOptions& options) {
  EngineWish wish;
  headers.ForFirst(count, [&](std::string_view name, std::string_view value) {
    if (std::string* const kept = KeptAs(name, options, wish)) *kept = value;
  });
  settings.AddTo(wish);
  return wish;
}

}  // namespace foxfire::server::http2
