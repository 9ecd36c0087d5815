// The end of an engine's log, fit to be shown to a client.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/files.h"
#include "common/result.h"
#include "common/secret.h"

namespace foxfire::launcher {

// The last `lines` lines. A line "foxfire-engine: FAILED: …" near the end comes last, because it
// says why. Secrets are replaced as Redact does. Blocks on the disk. Thread-safe.
Result<std::string> LogTail(const Path& log, size_t lines, const std::vector<Secret>& secrets);

// The same for a text at hand.
std::string TailOfText(std::string_view text, size_t lines, const std::vector<Secret>& secrets);

// Replaces by "<redacted>": the given secrets, what follows "Bearer", and values whose key speaks
// of a token, password, secret or access key.
std::string Redact(std::string_view text, const std::vector<Secret>& secrets);

}  // namespace foxfire::launcher
