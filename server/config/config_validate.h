// Whether a configuration that reads well can also work: what it names exists, and nothing in it
// contradicts something else.
#pragma once

#include "server/config/config_error.h"
#include "server/config/config_loader.h"

namespace foxfire::server {

// Everything that is wrong, empty if nothing is. Looks at files, binds nothing, creates nothing.
ConfigErrors ValidateConfig(const LoadedConfig& loaded);

}  // namespace foxfire::server
