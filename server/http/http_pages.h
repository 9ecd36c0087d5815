// What the HTTP port answers: health, readiness, metrics.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/metrics.h"
#include "common/result.h"

namespace foxfire::server {

// One reason for not being ready. `check` is called on any HTTP thread, for every request: it must
// be thread-safe and answer from memory.
struct ReadinessCheck {
  std::string name;  // "zookeeper"
  std::function<Result<void>()> check;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Knows nothing of sockets. Thread-safe.
class HttpPages {
 public:
  // `metrics` is borrowed and must outlive this.
  HttpPages(std::vector<ReadinessCheck> checks, Metrics& metrics);

  // Every request has an answer. HEAD gets that of GET; the server leaves the body out.
  HttpAnswer Answer(std::string_view method, std::string_view path) const;

 private:
  HttpAnswer Readiness() const;

  const std::vector<ReadinessCheck> checks_;
  Metrics& metrics_;
};

}  // namespace foxfire::server
