// The first administrator.
#pragma once

#include "common/clock.h"
#include "common/files.h"
#include "common/result.h"

namespace foxfire::auth {

// Where there is no token file yet, makes one with a single token: user `admin`, role admin, no
// expiry, written to `admin_token_path` (0600, over an older one). Folders are made. True if it did
// so; nothing happens where there is a token file, or if `admin_token_path` is empty.
Result<bool> EnsureAdminToken(const Path& token_file_path, const Path& admin_token_path,
                              const Clock& clock);

}  // namespace foxfire::auth
