// Launches that wait for room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "common/engine_key.h"

namespace foxfire::server {

// Owners take turns, so that one who wants twenty engines does not keep the others waiting; each
// one's launches start in the order in which they came. Thread-compatible.
class LaunchQueue {
 public:
  struct Item {
    EngineKey key;
    uint64_t number = 0;
  };

  // A key is in it once at most.
  void Add(const std::string& owner, Item item);
  // Takes out the next one for which `may_start`; nullopt if there is none.
  std::optional<Item> TakeNext(const std::function<bool(const EngineKey&)>& may_start);
  // No effect if it is not here.
  void Remove(const EngineKey& key);

  // The newest one of the owner who has most, of several the one whose turn comes last. Not of an
  // empty queue.
  Item LastOfLongest() const;

  size_t size() const { return size_; }
  // 1: it is the next one if all may start. nullopt: it is not here.
  std::optional<size_t> PlaceOf(const EngineKey& key) const;

 private:
  struct Line {
    std::string owner;
    std::deque<Item> items;  // never empty
  };

  std::list<Line> lines_;  // whose turn it is comes first
  size_t size_ = 0;
};

}  // namespace foxfire::server
