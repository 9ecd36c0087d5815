#include "server/store/write_batch.h"

#include <iterator>
#include <utility>

namespace foxfire::server {
namespace {

// With the length in front, so that no two different pairs look the same.
std::string KeyOf(const std::string& a, const std::string& b) {
  return std::to_string(a.size()) + '\n' + a + b;
}
std::string KeyOf(const SessionRecord& session) { return KeyOf(session.user, session.session_id); }
std::string KeyOf(const EngineRow& engine) { return engine.engine_id; }
std::string KeyOf(const OperationRow& operation) {
  return KeyOf(KeyOf(operation.user, operation.session_id), operation.operation_id);
}

template <typename Row>
bool Put(std::unordered_map<std::string, Row>& rows, Row row, bool has_room) {
  std::string key = KeyOf(row);
  const auto found = rows.find(key);
  if (found != rows.end()) {
    found->second = std::move(row);
    return true;
  }
  if (has_room) rows.emplace(std::move(key), std::move(row));
  return has_room;
}

template <typename Row>
void PutAll(std::unordered_map<std::string, Row>& rows, std::unordered_map<std::string, Row> more) {
  for (auto& [key, row] : more) rows[key] = std::move(row);
}

}  // namespace

bool WriteBatch::Add(EventRecord event, size_t size_max) {
  if (size() >= size_max) return false;
  events.push_back(std::move(event));
  return true;
}

bool WriteBatch::Add(SessionRecord session, size_t size_max) {
  return Put(sessions, std::move(session), size() < size_max);
}

bool WriteBatch::Add(EngineRow engine, size_t size_max) {
  return Put(engines, std::move(engine), size() < size_max);
}

bool WriteBatch::Add(OperationRow operation, size_t size_max) {
  return Put(operations, std::move(operation), size() < size_max);
}

void WriteBatch::Absorb(WriteBatch later) {
  if (empty()) {
    *this = std::move(later);
    return;
  }
  events.insert(events.end(), std::make_move_iterator(later.events.begin()),
                std::make_move_iterator(later.events.end()));
  PutAll(sessions, std::move(later.sessions));
  PutAll(engines, std::move(later.engines));
  PutAll(operations, std::move(later.operations));
}

}  // namespace foxfire::server
