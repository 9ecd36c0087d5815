#include "server/admin/visibility.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace foxfire::server {
namespace {

constexpr size_t kListedMatches = 10;

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

std::string Describe(std::string_view noun, const std::vector<IdCandidate>& candidates,
                     const std::vector<size_t>& matches) {
  std::vector<std::string> labels;
  for (const size_t match : matches) {
    if (labels.size() == kListedMatches) {
      labels.push_back(fmt::format("and {} more", matches.size() - kListedMatches));
      break;
    }
    const IdCandidate& candidate = candidates[match];
    labels.push_back(candidate.label.empty() ? candidate.id : candidate.label);
  }
  return fmt::format("several {}s fit: {}", noun, fmt::join(labels, ", "));
}

}  // namespace

Result<size_t> ResolveId(std::string_view noun, std::string_view given,
                         const std::vector<IdCandidate>& candidates) {
  if (given.empty()) return MakeError(Code::kInvalidArgument, fmt::format("which {}?", noun));
  const bool is_long_enough = given.size() >= kShortestIdPrefix;
  std::vector<size_t> exact;
  std::vector<size_t> longer;
  bool is_anothers = false;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const IdCandidate& candidate = candidates[i];
    if (!StartsWith(candidate.id, given)) continue;
    const bool is_exact = candidate.id.size() == given.size();
    if (candidate.is_visible) {
      (is_exact ? exact : longer).push_back(i);
    } else if (is_exact || is_long_enough) {
      is_anothers = true;
    }
  }
  const std::vector<size_t>& matches = exact.empty() ? longer : exact;
  if (exact.empty() && !longer.empty() && !is_long_enough) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("\"{}\" is too short: give at least {} characters of the {} id",
                                 given, kShortestIdPrefix, noun));
  }
  if (matches.size() > 1) {
    return MakeError(Code::kInvalidArgument, fmt::format("\"{}\" is not enough: {}", given,
                                                         Describe(noun, candidates, matches)));
  }
  if (matches.size() == 1) return matches.front();
  if (is_anothers) {
    return MakeError(
        Code::kPermissionDenied,
        fmt::format("{} {} is not yours, and your token has no admin role", noun, given));
  }
  return MakeError(Code::kNotFound, fmt::format("there is no {} {}", noun, given));
}

Result<std::string> VisibleUser(const auth::Principal& caller, const std::string& requested) {
  if (caller.IsAdmin()) return requested;
  if (requested.empty() || requested == caller.user.str()) return caller.user.str();
  return MakeError(Code::kPermissionDenied,
                   fmt::format("you are {}, and only the admin role sees what is {}'s",
                               caller.user.str(), requested));
}

Result<void> RequireAdmin(const auth::Principal& caller, std::string_view doing) {
  if (caller.IsAdmin()) return {};
  return MakeError(Code::kPermissionDenied,
                   fmt::format("{} takes the admin role, which {}'s token does not have", doing,
                               caller.user.str()));
}

}  // namespace foxfire::server
