// Where the caller's token comes from. Never from the command line, which others can read.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/secret.h"

namespace foxfire::cli {

using Environment = std::function<std::optional<std::string>(const char*)>;

// The content of `token_file` if it is named, else FOXFIRE_TOKEN, else the content of the file that
// FOXFIRE_TOKEN_FILE names. INVALID_ARGUMENT if there is none or it is no token.
Result<Secret> FindToken(const std::string& token_file, const Environment& environment);

// The token in a file that the option `option` names. INVALID_ARGUMENT names both.
Result<Secret> ReadTokenFile(const std::string& path, const std::string& option);

}  // namespace foxfire::cli
