// What is filled in after the file has been read. Private to this folder.
#pragma once

#include "server/config/config_loader.h"

namespace foxfire::server {

// Makes paths absolute (`folder`: where the file lies) and replaces 0 and "" that stand for
// something.
void FillIn(Config& config, const Path& folder, const LoadContext& context);

}  // namespace foxfire::server
