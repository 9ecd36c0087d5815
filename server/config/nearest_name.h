// "Did you mean …?"
#pragma once

#include <string_view>
#include <vector>

namespace foxfire::server {

// The name among `known` that `name` is most likely a misspelling of; empty if none is near.
std::string_view NearestName(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace foxfire::server
