#include "server/http2/request_head.h"

namespace foxfire::server::http2 {
namespace {

constexpr std::string_view kConfPrefix = "x-foxfire-conf-";

// Credentials end here; the time left and the length are written anew.
bool EndsHere(std::string_view name) {
  return name == "authorization" || name == "authentication" || name == "proxy-authorization" ||
         name == "cookie" || name == "grpc-timeout" || name == "content-length";
}

}  // namespace

void RequestHead::Clear() {
  for (std::string* text :
       {&method, &path, &authorization, &authentication, &timeout, &content_type, &user_agent}) {
    text->clear();
  }
  too_large = false;
}

void RequestHead::Add(std::string_view name, std::string_view value, HeaderList& on,
                      ClientSettings& settings, size_t bytes_max) {
  if (on.SizeWith(name, value) > bytes_max) {
    too_large = true;
    return;
  }
  // The engine gets them as settings, if it is a new one.
  if (name.starts_with(kConfPrefix)) return settings.Add(name.substr(kConfPrefix.size()), value);
  if (std::string* const kept = KeptAs(name)) *kept = value;
  if (name == ":path") {
    on.Add(":method", "POST");
    on.Add(":scheme", "http");
    on.Add(":authority", "foxfire");
    on.Add(":path", value);
  }
  if (name.front() != ':' && !EndsHere(name)) on.Add(name, value);
}

std::string* RequestHead::KeptAs(std::string_view name) {
  if (name == ":path") return &path;
  if (name == ":method") return &method;
  if (name == "authorization") return &authorization;
  if (name == "authentication") return &authentication;
  if (name == "grpc-timeout") return &timeout;
  if (name == "content-type") return &content_type;
  if (name == "user-agent") return &user_agent;
  return nullptr;
}

}  // namespace foxfire::server::http2
