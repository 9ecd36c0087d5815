// What engines that run as other OS users must be able to reach of this process's files.
#pragma once

#include "common/result.h"
#include "engine_launcher/engine_runtime.h"
#include "engine_launcher/profile.h"

namespace foxfire::launcher {

// Lets other users go through (not list) the folders on the way to engines' own: adds x to the mode
// of the state folder, the cache folder and the one above them. FAILED_PRECONDITION names a folder
// further up that they cannot go through.
Result<void> OpenFoldersToUsers(const LauncherOptions& options);

// FAILED_PRECONDITION names a folder on the way to `path` that other users cannot go through.
Result<void> CheckUsersReach(const Path& path);

// Lets them read java's argument file and the class data archive, neither of which is private.
Result<void> OpenRuntimeToUsers(const EngineRuntime& runtime);

}  // namespace foxfire::launcher
