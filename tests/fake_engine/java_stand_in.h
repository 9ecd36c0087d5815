// The fake engine in the place of `java`: answers the launcher's questions to a JVM and starts as
// an engine when it is told to run foxfire.engine.EngineMain.
#pragma once

#include <string>
#include <vector>

namespace foxfire::fake {

// `arguments`: what `java` was called with, without its own name. The exit status.
int RunAsJava(const std::vector<std::string>& arguments);

}  // namespace foxfire::fake
