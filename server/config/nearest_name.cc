#include "server/config/nearest_name.h"

#include <algorithm>
#include <cstddef>

namespace foxfire::server {
namespace {

// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

// More edits than this make another word.
constexpr size_t kEditsMax = 3;
constexpr size_t kNameBytesMax = 64;  // longer than any key; bounds the work on a hostile file

}  // namespace

std::string_view NearestName(std::string_view name, const std::vector<std::string_view>& known) {
  std::string_view nearest;
  if (name.size() > kNameBytesMax) return nearest;
  size_t least = std::min(kEditsMax, name.size() / 2) + 1;
  for (const std::string_view candidate : known) {
    const size_t distance = EditDistance(name, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace foxfire::server
