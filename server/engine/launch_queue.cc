#include "server/engine/launch_queue.h"

#include <algorithm>
#include <utility>

namespace foxfire::server {
namespace {

auto FindKey(auto& items, const EngineKey& key) {
  return std::find_if(items.begin(), items.end(),
                      [&key](const LaunchQueue::Item& item) { return item.key == key; });
}

}  // namespace

void LaunchQueue::Add(const std::string& owner, Item item) {
  auto line = std::find_if(lines_.begin(), lines_.end(),
                           [&owner](const Line& one) { return one.owner == owner; });
  if (line == lines_.end()) line = lines_.insert(lines_.end(), Line{owner, {}});
  line->items.push_back(std::move(item));
  ++size_;
}

std::optional<LaunchQueue::Item> LaunchQueue::TakeNext(
    const std::function<bool(const EngineKey&)>& may_start) {
  for (auto line = lines_.begin(); line != lines_.end(); ++line) {
    const auto found = std::find_if(line->items.begin(), line->items.end(),
                                    [&may_start](const Item& item) { return may_start(item.key); });
    if (found == line->items.end()) continue;
    Item next = std::move(*found);
    line->items.erase(found);
    --size_;
    if (line->items.empty()) {
      lines_.erase(line);
    } else {
      lines_.splice(lines_.end(), lines_, line);
    }
    return next;
  }
  return std::nullopt;
}

void LaunchQueue::Remove(const EngineKey& key) {
  for (auto line = lines_.begin(); line != lines_.end(); ++line) {
    const auto found = FindKey(line->items, key);
    if (found == line->items.end()) continue;
    line->items.erase(found);
    --size_;
    if (line->items.empty()) lines_.erase(line);
    return;
  }
}

LaunchQueue::Item LaunchQueue::LastOfLongest() const {
  const Line* longest = &lines_.front();
  for (const Line& line : lines_) {
    if (line.items.size() >= longest->items.size()) longest = &line;
  }
  return longest->items.back();
}

std::optional<size_t> LaunchQueue::PlaceOf(const EngineKey& key) const {
  for (auto line = lines_.begin(); line != lines_.end(); ++line) {
    const auto found = FindKey(line->items, key);
    if (found == line->items.end()) continue;
    // As many turns of everybody come before its own as there are launches before it in its line.
    const auto turns = static_cast<size_t>(found - line->items.begin());
    size_t place = 1;
    bool is_before = true;
    for (auto other = lines_.begin(); other != lines_.end(); ++other) {
      if (other == line) is_before = false;
      place += std::min(other->items.size(), turns + (is_before ? 1 : 0));
    }
    return place;
  }
  return std::nullopt;
}

}  // namespace foxfire::server
