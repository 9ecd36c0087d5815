// The JSON and the tables that docs/cli.md promises, each in a file under tests/golden/cli.
#include "cli/output.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "cli/engine_command.h"
#include "cli/engine_orders.h"
#include "cli/event_command.h"
#include "cli/explain_command.h"
#include "cli/session_command.h"
#include "cli/token_command.h"
#include "tests/unit/cli/golden.h"
#include "tests/unit/cli/samples.h"

namespace foxfire::cli {
namespace {

std::vector<std::string> Keys(const OrderedJson& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

using Names = std::vector<std::string>;

class OutputTest : public testing::Test {
 protected:
  std::ostringstream out_;
  const Terminal terminal_ = TerminalAtNoon(out_);
};

TEST_F(OutputTest, EnginesHaveTheKeysThatScriptsRely) {
  const Names keys = {"engine_id",     "key",      "owner",         "share_level", "profile",
                      "subdomain",     "state",    "endpoint",      "pid",         "application_id",
                      "spark_version", "sessions", "operations",    "started_at",  "idle_seconds",
                      "rss_bytes",     "run_as",   "submission_id", "health",      "registered"};

  EXPECT_EQ(Keys(ToJson(SampleEngines().engines(0))), keys);
  EXPECT_EQ(Keys(ToJson(pb::Engine())), keys);
}

TEST_F(OutputTest, SessionsHaveTheKeysThatScriptsRely) {
  const Names keys = {"session_id",       "user",       "engine_id", "state",     "created_at",
                      "last_activity_at", "operations", "client",    "end_reason"};

  EXPECT_EQ(Keys(ToJson(SampleSessions().sessions(0))), keys);
  EXPECT_EQ(Keys(ToJson(pb::Session())), keys);
}

TEST_F(OutputTest, EventsHaveTheKeysThatScriptsRely) {
  const Names keys = {"seq",       "time",         "type",    "user",  "session_id",
                      "engine_id", "operation_id", "address", "detail"};

  EXPECT_EQ(Keys(ToJson(SampleEvents().events(0))), keys);
  EXPECT_EQ(Keys(ToJson(pb::Event())), keys);
}

TEST_F(OutputTest, ListsAreArrays) {
  EXPECT_EQ(Render(ToJsonArray(pb::ListEnginesResponse().engines())), "[]\n");
  ExpectGolden("cli/engines.json", Render(ToJsonArray(SampleEngines().engines())));
  ExpectGolden("cli/failures.json", Render(ToJsonArray(SampleEngines().failures())));
  ExpectGolden("cli/spares.json", Render(ToJsonArray(SampleEngines().spares())));
  ExpectGolden("cli/launches.json", Render(ToJsonArray(SampleLaunches().launches())));
  ExpectGolden("cli/sessions.json", Render(ToJsonArray(SampleSessions().sessions())));
  ExpectGolden("cli/events.json", Render(ToJsonArray(SampleEvents().events())));
  ExpectGolden("cli/tokens.json", Render(ToJsonArray(SampleTokens().tokens())));
}

TEST_F(OutputTest, SingleThingsAreObjects) {
  ExpectGolden("cli/created_token.json", Render(ToJson(SampleCreatedToken())));
  ExpectGolden("cli/killed_engine.json", Render(ToJson(SampleKilledEngine())));
  ExpectGolden("cli/started_engine.json", Render(ToJson(SampleStartedEngine())));
  ExpectGolden("cli/drained_engine.json", Render(ToJson(SampleDrainedEngine())));
  ExpectGolden("cli/registered_engine.json", Render(ToJson(SampleRegisteredEngine())));
  ExpectGolden("cli/unregistered_engine.json", Render(ToJson(SampleUnregisteredEngine())));
}

TEST_F(OutputTest, SurvivesTextThatIsNoUtf8) {
  OrderedJson json;
  json["client"] = "a\xFF";

  EXPECT_EQ(Render(json), "{\n  \"client\": \"a\xEF\xBF\xBD\"\n}\n");
}

TEST_F(OutputTest, Tables) {
  ExpectGolden("cli/engines.txt", EngineBlocks(SampleEngines(), terminal_));
  ExpectGolden("cli/launches.txt", LaunchTable(SampleLaunches(), terminal_));
  ExpectGolden("cli/sessions.txt", SessionTable(SampleSessions(), terminal_));
  ExpectGolden("cli/events.txt", EventTable(SampleEvents(), terminal_));
  ExpectGolden("cli/tokens.txt", TokenTable(SampleTokens(), terminal_));
}

TEST_F(OutputTest, EmptyTablesSaySo) {
  EXPECT_EQ(EngineTable({}, terminal_), "no engines\n");
  EXPECT_EQ(EngineBlocks({}, terminal_), "no engines\n");
  EXPECT_EQ(FailureTable({}, terminal_), "no failures\n");
  EXPECT_EQ(SpareTable({}, terminal_), "no spares\n");
  EXPECT_EQ(LaunchTable({}, terminal_), "no launches\n");
  EXPECT_EQ(SessionTable({}, terminal_), "no sessions\n");
  EXPECT_EQ(EventTable({}, terminal_), "no events\n");
  EXPECT_EQ(TokenTable({}, terminal_), "no tokens\n");
}

TEST_F(OutputTest, Reports) {
  ExpectGolden("cli/engine.txt", EngineFields(SampleEngines().engines(0), terminal_));
  ExpectGolden("cli/explained.txt", ExplainReport(SampleExplained()));
  ExpectGolden("cli/created_token.txt", TokenReport(SampleCreatedToken()));
  ExpectGolden("cli/killed_engine.txt", KillReport(SampleKilledEngine()));
  pb::KillEngineResponse registered = SampleKilledEngine();
  registered.set_still_runs(true);
  ExpectGolden("cli/killed_registered_engine.txt", KillReport(registered));
  pb::KillEngineResponse unknown = SampleKilledEngine();
  unknown.set_not_found(true);
  ExpectGolden("cli/killed_unknown_engine.txt", KillReport(unknown));
  ExpectGolden("cli/started_engine.txt", StartReport(SampleStartedEngine()));
  pb::StartEngineResponse asked = SampleStartedEngine();
  asked.clear_engine();
  ExpectGolden("cli/asked_engine.txt", StartReport(asked));
  ExpectGolden("cli/drained_engine.txt",
               DrainReport(SampleDrainedEngine(), std::chrono::minutes(90)));
  ExpectGolden("cli/registered_engine.txt", RegisterReport(SampleRegisteredEngine()));
  ExpectGolden("cli/unregistered_engine.txt", UnregisterReport(SampleUnregisteredEngine()));
}

}  // namespace
}  // namespace foxfire::cli
