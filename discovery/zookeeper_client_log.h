// The C client's own log lines.
#pragma once

namespace foxfire::discovery {

// Passes a line of the form "<time>:<pid>(<thread>):ZOO_WARN@<function>@<line>: <text>" on to our
// log. Thread-safe.
void LogZooKeeperLine(const char* line);

}  // namespace foxfire::discovery
