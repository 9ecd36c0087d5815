#include "discovery/engine_directory.h"

namespace foxfire::discovery {

const EngineRecord* DirectoryView::Find(const EngineId& id) const {
  for (const auto& [key, records] : engines) {
    for (const EngineRecord& record : records) {
      if (record.id == id) return &record;
    }
  }
  return nullptr;
}

}  // namespace foxfire::discovery
