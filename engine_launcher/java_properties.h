// Java's properties files.
#pragma once

#include <map>
#include <string>

namespace foxfire::launcher {

// One "key=value" line for each entry, in such a way that java.util.Properties reads back exactly
// the same, whatever the encoding it assumes. Bytes that are no UTF-8 become U+FFFD.
std::string JavaProperties(const std::map<std::string, std::string>& entries);

}  // namespace foxfire::launcher
