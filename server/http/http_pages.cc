#include "server/http/http_pages.h"

#include <exception>
#include <utility>

#include "common/json.h"

namespace foxfire::server {
namespace {

// Checks reach into every subsystem; one that throws must not take the port down with it.
Result<void> RunCheck(const ReadinessCheck& check) {
  try {
    return check.check();
  } catch (const std::exception& error) {
    return MakeError(Code::kInternal, std::string("the check failed: ") + error.what());
  }
}

}  // namespace

HttpPages::HttpPages(std::vector<ReadinessCheck> checks, Metrics& metrics)
    : checks_(std::move(checks)), metrics_(metrics) {}

HttpAnswer HttpPages::Answer(std::string_view method, std::string_view path) const {
  if (method != "GET" && method != "HEAD")
    return {405, "text/plain; charset=utf-8", "only GET and HEAD\n"};
  if (path == "/healthz") return {200, "text/plain; charset=utf-8", "ok\n"};
  if (path == "/readyz") return Readiness();
  if (path == "/metrics") return {200, "text/plain; version=0.0.4", metrics_.Render()};
  return {404, "text/plain; charset=utf-8", "not found: try /healthz, /readyz or /metrics\n"};
}

HttpAnswer HttpPages::Readiness() const {
  bool ready = true;
  Json checks = Json::array();
  for (const ReadinessCheck& check : checks_) {
    const auto result = RunCheck(check);
    ready = ready && result.has_value();
    checks.push_back({{"name", check.name},
                      {"ok", result.has_value()},
                      {"reason", result ? std::string() : result.error().message}});
  }
  const Json body = {{"ready", ready}, {"checks", std::move(checks)}};
  return {ready ? 200 : 503, "application/json", ToText(body) + "\n"};
}

}  // namespace foxfire::server
