// Whether the limits leave room for one more engine.
#pragma once

#include <string>
#include <vector>

#include "common/engine_key.h"
#include "server/engine/engine_options.h"
#include "server/engine/engine_table.h"

namespace foxfire::server {

// Who takes turns with whom, and whose engines are counted together: "user:ann", "group:bi". A
// group may be called like a user.
std::string OwnerLine(const EngineKey& key);

// Whether one more engine takes no more than half of what this gateway and the cluster may have.
// Pure.
bool LeavesHalfFree(const EngineOptions& options, const EngineTable& table);

// Which limit keeps an engine of the key from being started, for people; empty: none. `launching`:
// launches that have their turn and are not in the table yet. Pure.
std::string ShortageFor(const EngineKey& key, const EngineOptions& options,
                        const EngineTable& table, const std::vector<EngineKey>& launching);

}  // namespace foxfire::server
