// Which settings of a profile go together.
#pragma once

#include "common/result.h"
#include "engine_launcher/profile.h"

namespace foxfire::launcher {

// INVALID_ARGUMENT names the key and the cure. Looks at the values only. A part of CheckProfile.
Result<void> CheckLauncherKeys(const EngineProfile& profile);

// FAILED_PRECONDITION names the key and the cure: what the launcher of this profile needs on this
// machine and does not find. Opens the folders of engines to other OS users if they are to run as
// such. Blocks on the disk.
Result<void> CheckLauncherHere(const EngineProfile& profile, const LauncherOptions& options);

}  // namespace foxfire::launcher
