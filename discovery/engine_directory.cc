#include "discovery/engine_directory.h"

#include <fmt/format.h>

namespace foxfire::discovery {

const EngineRecord* DirectoryView::Find(const EngineId& id) const {
  for (const auto& [key, records] : engines) {
    for (const EngineRecord& record : records) {
      if (record.id == id) return &record;
    }
  }
  return nullptr;
}

std::string EngineRecord::SealContext() const {
  // Neither ids nor encoded keys have spaces.
  return fmt::format("{} {} {}:{}", id.str(), key.ToString(), host, port);
}

bool EngineRecord::SameButLoad(const EngineRecord& other) const {
  EngineRecord same = other;
  same.sessions = sessions;
  same.operations = operations;
  return *this == same;
}

}  // namespace foxfire::discovery
