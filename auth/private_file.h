// Files that only Foxfire's own user may read.
#pragma once

#include <string>

#include "common/files.h"
#include "common/result.h"

namespace foxfire::auth {

// FAILED_PRECONDITION if its group or others may read or write it; NOT_FOUND if it does not exist.
Result<std::string> ReadPrivateFile(const Path& path);

}  // namespace foxfire::auth
