// The one place where SQLiteCpp's exceptions end.
#pragma once

#include <SQLiteCpp/Exception.h>

#include <string_view>
#include <type_traits>
#include <utility>

#include "common/files.h"
#include "common/result.h"

namespace foxfire::server {

// "store /var/foxfire.db: writing: database or disk is full: free space on its disk …"
Error SqliteError(const SQLite::Exception& error, std::string_view doing, const Path& file);

// For a database whose content cannot be trusted.
Error CorruptionError(std::string_view what, const Path& file);

// What `action` returns, or the Error of what it throws. Code that uses SQLiteCpp runs in here.
template <typename Action>
auto CatchSqlite(std::string_view doing, const Path& file, const Action& action)
    -> Result<std::invoke_result_t<Action>> {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Action>>) {
      action();
      return {};
    } else {
      return action();
    }
  } catch (const SQLite::Exception& error) {
    return tl::unexpected(SqliteError(error, doing, file));
  }
}

}  // namespace foxfire::server
