// A store on a database of one test's own, and what an sqlite3 shell would do to that.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/store/sqlite_event_store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/server/store/store_records.h"

namespace foxfire::server {

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    options_.file = folder_ / "foxfire.db";
    options_.patience = Duration::zero();
    // Retries come when a test asks for them, with Flush().
    options_.retry_delay = std::chrono::hours(1);
  }

  Result<std::unique_ptr<SqliteEventStore>> TryOpen() {
    return SqliteEventStore::Open(options_, clock_, metrics_);
  }
  std::unique_ptr<SqliteEventStore> OpenStore() {
    auto store = TryOpen();
    if (!store) ADD_FAILURE() << store.error().message;
    return store ? *std::move(store) : nullptr;
  }
  // Why it does not open.
  Error OpenError() {
    const auto store = TryOpen();
    return store ? Error{Code::kOk, {}} : store.error();
  }

  SQLite::Database Shell() const {
    return SQLite::Database(options_.file.string(), SQLite::OPEN_READWRITE, 5000);
  }
  // The first column of each row.
  std::vector<std::string> Query(const std::string& sql) const {
    SQLite::Database shell = Shell();
    SQLite::Statement query(shell, sql);
    std::vector<std::string> rows;
    while (query.executeStep()) rows.push_back(query.getColumn(0).getString());
    return rows;
  }
  void Run(const std::string& sql) const { Shell().exec(sql); }

  const TempFolder folder_;
  FakeClock clock_;
  Metrics metrics_;
  StoreOptions options_;
};

}  // namespace foxfire::server
