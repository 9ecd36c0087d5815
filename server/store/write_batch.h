// What is to be written in one transaction.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/store/event_store.h"

namespace foxfire::server {

// Of several saves of the same thing the last one counts; events are all kept, in order. Moved from
// is empty. Thread-compatible.
struct WriteBatch {
  std::vector<EventRecord> events;
  std::unordered_map<std::string, SessionRecord> sessions;
  std::unordered_map<std::string, EngineRow> engines;
  std::unordered_map<std::string, OperationRow> operations;

  size_t size() const {
    return events.size() + sessions.size() + engines.size() + operations.size();
  }
  bool empty() const { return size() == 0; }

  // False, and nothing added, if that would make it larger than `size_max`.
  bool Add(EventRecord event, size_t size_max);
  bool Add(SessionRecord session, size_t size_max);
  bool Add(EngineRow engine, size_t size_max);
  bool Add(OperationRow operation, size_t size_max);

  // Adds all of `later`, which is newer.
  void Absorb(WriteBatch later);
};

}  // namespace foxfire::server
