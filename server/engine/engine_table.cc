#include "server/engine/engine_table.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <system_error>
#include <utility>

namespace foxfire::server {
namespace {

std::string EndpointOf(const EngineEntry& entry) {
  if (entry.record.port == 0) return "";
  return entry.record.host + ":" + std::to_string(entry.record.port);
}

}  // namespace

LiveEngine ToLive(const EngineEntry& entry) {
  return {entry.record.id, entry.record.host, entry.record.port, entry.secret};
}

EngineStatus ToStatus(const EngineEntry& entry) {
  EngineStatus status;
  status.id = entry.record.id;
  status.key = entry.record.key;
  status.state = entry.state;
  status.endpoint = EndpointOf(entry);
  status.pid = entry.record.pid;
  status.is_local = entry.is_local;
  status.application_id = entry.record.application_id;
  status.spark_version = entry.record.spark_version;
  status.started_at = entry.record.started_at;
  status.run_as = entry.record.run_as;
  status.submission_id = entry.record.submission_id;
  status.health = entry.health;
  status.is_draining = entry.is_draining;
  status.is_registered = entry.record.is_registered();
  return status;
}

EngineRow ToRow(const EngineEntry& entry) {
  EngineRow row;
  row.engine_id = entry.record.id.str();
  row.key = entry.record.key.ToString();
  row.owner = entry.record.key.owner;
  row.state = EngineStateName(entry.state);
  row.endpoint = EndpointOf(entry);
  row.pid = entry.is_own ? entry.record.pid : 0;
  row.application_id = entry.record.application_id;
  row.spark_version = entry.record.spark_version;
  row.started_at = entry.record.started_at;
  return row;
}

std::optional<EngineEntry> FromRow(const EngineRow& row) {
  const auto key = EngineKey::Parse(row.key);
  const size_t colon = row.endpoint.rfind(':');
  if (!key) return std::nullopt;
  EngineEntry entry;
  if (!row.endpoint.empty()) {
    if (colon == std::string::npos) return std::nullopt;
    const char* const end = row.endpoint.data() + row.endpoint.size();
    const auto port = std::from_chars(row.endpoint.data() + colon + 1, end, entry.record.port);
    if (port.ec != std::errc() || port.ptr != end) return std::nullopt;
    entry.record.host = row.endpoint.substr(0, colon);
  }
  entry.record.key = *key;
  entry.record.id = EngineId(row.engine_id);
  entry.record.pid = row.pid;
  entry.record.application_id = row.application_id;
  entry.record.spark_version = row.spark_version;
  entry.record.started_at = row.started_at;
  return entry;
}

EngineEntry* EngineTable::Find(const EngineId& id) {
  const auto found = engines_.find(id);
  return found == engines_.end() ? nullptr : &found->second;
}

EngineEntry& EngineTable::Add(const EngineId& id) {
  EngineEntry& entry = engines_[id];
  entry.record.id = id;
  return entry;
}

std::optional<EngineEntry> EngineTable::Remove(const EngineId& id) {
  auto node = engines_.extract(id);
  if (node.empty()) return std::nullopt;
  if (node.mapped().registered) dead_.insert(id);
  return std::move(node.mapped());
}

void EngineTable::ForgetDeadExcept(const discovery::DirectoryView& view) {
  std::erase_if(dead_, [&view](const EngineId& id) { return view.Find(id) == nullptr; });
  // One that was given up may not have registered yet.
  for (auto given_up = given_up_.begin(); given_up != given_up_.end();) {
    const bool is_there = view.Find(given_up->first) != nullptr;
    const bool was_there = std::exchange(given_up->second, is_there);
    given_up = was_there && !is_there ? given_up_.erase(given_up) : std::next(given_up);
  }
}

const EngineEntry* EngineTable::FindReady(const EngineKey& key) const {
  const EngineEntry* oldest = nullptr;
  for (const auto& [id, entry] : engines_) {
    if (entry.state != EngineState::kReady || entry.record.key != key) continue;
    if (oldest == nullptr || entry.record.started_at < oldest->record.started_at) oldest = &entry;
  }
  return oldest;
}

std::vector<const EngineEntry*> EngineTable::ReadyOf(const EngineKey& key) const {
  std::vector<const EngineEntry*> ready;
  for (const auto& [id, entry] : engines_) {
    if (entry.state == EngineState::kReady && entry.record.key == key) ready.push_back(&entry);
  }
  std::sort(ready.begin(), ready.end(), [](const EngineEntry* a, const EngineEntry* b) {
    return a->record.started_at < b->record.started_at;
  });
  return ready;
}

std::vector<EngineId> EngineTable::Ids() const {
  std::vector<EngineId> ids;
  for (const auto& [id, entry] : engines_) ids.push_back(id);
  return ids;
}

std::vector<ProbeTarget> EngineTable::ProbeTargets() const {
  std::vector<ProbeTarget> targets;
  for (const auto& [id, entry] : engines_) {
    // Also those that are not registered (any more): one that freezes loses its node first. One
    // that is down is asked whether it has come back.
    if (entry.record.port != 0)
      targets.push_back({id, entry.record.host, entry.record.port, entry.secret});
  }
  return targets;
}

std::shared_ptr<const EngineSnapshot> EngineTable::Snapshot(bool synced) const {
  auto snapshot = std::make_shared<EngineSnapshot>();
  snapshot->synced = synced;
  for (const auto& [id, entry] : engines_) {
    snapshot->engines.emplace(
        id,
        EngineSnapshot::Engine{ToStatus(entry), std::make_shared<const LiveEngine>(ToLive(entry))});
    if (entry.state != EngineState::kReady) continue;
    const auto [best, added] = snapshot->ready.try_emplace(entry.record.key, id);
    if (!added && entry.record.started_at < engines_.at(best->second).record.started_at) {
      best->second = id;
    }
  }
  return snapshot;
}

}  // namespace foxfire::server
