#include <algorithm>
#include <string_view>

#include "discovery/records.h"
#include "discovery/zookeeper_client.h"

namespace foxfire::discovery {

Result<void> CheckOptions(const ZooKeeperClientOptions& options) {
  for (size_t at = 0; at <= options.connect.size();) {
    const size_t end = std::min(options.connect.find(',', at), options.connect.size());
    RETURN_IF_ERROR_CONTEXT(ParseEndpoint(options.connect.substr(at, end - at)),
                            "zookeeper.connect");
    at = end + 1;
  }
  if (options.session_timeout < std::chrono::milliseconds(100) ||
      options.session_timeout > std::chrono::hours(24)) {
    return MakeError(Code::kInvalidArgument,
                     "zookeeper.session_timeout must be between 100ms and 24h");
  }
  const std::string_view digest = options.digest.Reveal();
  if (!digest.empty() && (digest.find(':') == std::string_view::npos || digest.front() == ':')) {
    return MakeError(Code::kInvalidArgument,
                     "the file of zookeeper.digest_file must hold one line \"user:password\"");
  }
  return {};
}

}  // namespace foxfire::discovery
