// What a request's headers say to Foxfire itself.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "server/http2/client_wish.h"
#include "server/http2/header_list.h"

namespace foxfire::server::http2 {

// Read one header block after the other: a connection has one, for blocks do not interleave
// (RFC 9113 section 4.3), and its strings are used again. Confined to one loop.
struct RequestHead {
  void Clear();

  // Takes in a field; what the engine should see of it goes into `on`, whose size is bounded by
  // `bytes_max`: what is more is left out, and too_large is set. The client's settings for a new
  // engine go into `settings` instead.
  void Add(std::string_view name, std::string_view value, HeaderList& on, ClientSettings& settings,
           size_t bytes_max);

  std::string method;
  std::string path;
  std::string authorization;
  std::string authentication;
  std::string timeout;
  std::string content_type;
  std::string user_agent;
  bool too_large = false;

 private:
  // Where a field is kept, if it is; nullptr otherwise.
  std::string* KeptAs(std::string_view name);
};

}  // namespace foxfire::server::http2
