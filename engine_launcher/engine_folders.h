// The folders in which engines run: <state>/<engine id>/ with log, properties and work files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/files.h"
#include "common/ids.h"
#include "common/result.h"
#include "common/secret.h"
#include "engine_launcher/engine_command.h"

namespace foxfire::launcher {

// The folder (0700) with the secret's file (0600; none if it is empty) and an empty scratch folder.
// For a `user` other than this one: with EngineFilesForUser, what it needs belongs to it, the
// folder itself it can only go through (0711); `digest` is for its copy.
Result<void> CreateEngineFiles(const EngineFiles& files, const Secret& secret,
                               const OsUser* user = nullptr, const Secret& digest = Secret());
// Writes the properties (0600, the user's) and opens the log for the engine to write to.
Result<UniqueFd> FillEngineFiles(const EngineFiles& files, const EngineCommand& command,
                                 const OsUser* user = nullptr);

// Makes them, cleans up behind engines that have ended, and keeps the newest of those for their
// logs. Knows which engines run by their pid files, so gateways may share a state folder.
// Thread-safe.
class EngineFolders {
 public:
  EngineFolders(const Path& state_folder, size_t kept);

  // Where an engine's files are or would be. The id must be a UUID.
  EngineFiles FilesOf(const EngineId& id) const;

  // Makes the files of CreateEngineFiles.
  Result<EngineFiles> Create(const EngineId& id, const Secret& secret, const OsUser* user = nullptr,
                             const Secret& digest = Secret()) const;
  // With what tells the process from a later one of that pid.
  Result<void> WritePid(const EngineFiles& files, int64_t pid) const;
  // For one whose process never ran.
  void Discard(const EngineId& id) const;

  // Removes what an ended engine leaves behind besides its log. SIGKILL leaves shuffle files and
  // perhaps the secret's file.
  void Clean(const EngineId& id) const;
  // Cleans every folder whose engine runs no more and removes the oldest ones.
  void Sweep() const;

 private:
  bool IsRunning(const EngineId& id) const;

  const Path state_folder_;
  const size_t kept_;
};

}  // namespace foxfire::launcher
