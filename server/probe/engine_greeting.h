// One call to an engine that is to be registered.
#pragma once

#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "common/secret.h"

namespace foxfire::server {

// Whether a Spark Connect of Spark 4 answers at `endpoint` ("10.0.0.7:15002") and takes `token`
// (empty: none is sent). FAILED_PRECONDITION says what is wrong and what to do. Blocks for
// `timeout` at most.
Result<void> GreetEngine(const std::string& endpoint, const Secret& token, Duration timeout);

}  // namespace foxfire::server
