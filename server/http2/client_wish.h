// Which engine a client asks for with its headers. They come with each call, but only a new session
// has a use for them: what is here is cheap until somebody wants to know.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/call/call.h"
#include "server/http2/data_plane_options.h"
#include "server/http2/header_list.h"

namespace foxfire::server::http2 {

// The x-foxfire-conf-… headers of one call, which end here. Confined to one loop.
class ClientSettings {
 public:
  // `setting`: what follows x-foxfire-conf- in the header's name.
  void Add(std::string_view setting, std::string_view value);
  // Sets `conf` and `conf_too_large`.
  void AddTo(EngineWish& wish) const;

 private:
  HeaderList fields_;  // no more than kClientConfMax
  size_t bytes_ = 0;   // of all that have come
  bool too_large_ = false;
};

// What the first `count` of a call's `headers`, as they go on to the engine, and its settings ask
// for. Of headers with one name the last one counts.
EngineWish WishOf(const HeaderList& headers, size_t count, const ClientSettings& settings,
                  const DataPlaneOptions& options);

}  // namespace foxfire::server::http2
