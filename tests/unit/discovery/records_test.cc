#include "discovery/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/discovery/sample_records.h"

namespace foxfire::discovery {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const EngineId kId("0f8fad5b-d9cb-469f-a165-70867728950e");

TEST(EndpointTest, TakesNamesAndAddresses) {
  EXPECT_EQ(ParseEndpoint("host.example:1"), (Endpoint{"host.example", 1}));
  EXPECT_EQ(ParseEndpoint("10.0.0.1:65535"), (Endpoint{"10.0.0.1", 65535}));
  EXPECT_EQ(ParseEndpoint("[::1]:15002"), (Endpoint{"::1", 15002}));
}

TEST(EndpointTest, WritesWhatItReads) {
  for (const char* text : {"host:1", "[fe80::1]:15002"})
    EXPECT_EQ(FormatEndpoint(*ParseEndpoint(text)), text);
}

TEST(EndpointTest, RefusesEverythingElse) {
  for (const char* text : {"", "host", "host:", ":1", "host:0", "host:65536", "host:1x", "host:-1",
                           "::1:15002", "[]:1", "a b:1", "http://host:1", "[::1:1", "host\n:1"}) {
    const auto endpoint = ParseEndpoint(text);
    ASSERT_FALSE(endpoint.has_value()) << text;
    EXPECT_THAT(endpoint.error().message, HasSubstr("\"host:port\""));
  }
}

TEST(EngineRecordTest, ReadsWhatItWrites) {
  EngineRecord record = SampleEngine("alice");
  EXPECT_EQ(ParseEngineRecord(record.key, record.id, ToJson(record)), record);

  record.host = "fe80::1";
  record.ui_url.clear();
  EXPECT_EQ(ParseEngineRecord(record.key, record.id, ToJson(record)), record);
}

TEST(EngineRecordTest, IgnoresUnknownKeysAndNeedsFew) {
  const auto record = ParseEngineRecord(
      KeyOf("alice"), kId,
      R"({"schema":1,"engine_id":")" + kId.str() + R"(","endpoint":"h:7","future":{"a":[1]}})");

  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_EQ(record->host, "h");
  EXPECT_EQ(record->port, 7);
  EXPECT_EQ(record->started_at, WallTime{});
}

TEST(EngineRecordTest, SaysWhatIsBrokenAndTheCure) {
  const std::string id = R"("engine_id":"0f8fad5b-d9cb-469f-a165-70867728950e")";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not JSON"},
      {"\xff\x00{", "not JSON"},
      {"{\"schema\":1", "not JSON"},
      {"[]", "not a JSON object"},
      {"{}", "\"schema\""},
      {R"({"schema":"1"})", "\"schema\""},
      {R"({"schema":2})", "\"schema\" is 2"},
      {R"({"schema":1})", "\"engine_id\""},
      {R"({"schema":1,"engine_id":"other"})", "the node's name is"},
      {R"({"schema":1,)" + id + "}", "\"endpoint\""},
      {R"({"schema":1,)" + id + R"(,"endpoint":"nowhere"})", "is not an endpoint"},
      {R"({"schema":1,)" + id + R"(,"endpoint":"h:1","pid":"x"})", "\"pid\""},
      {R"({"schema":1,)" + id + R"(,"endpoint":"h:1","started_at":"today"})", "\"started_at\""},
  };
  for (const auto& [data, says] : cases) {
    const auto record = ParseEngineRecord(KeyOf("alice"), kId, data);
    ASSERT_FALSE(record.has_value()) << data;
    EXPECT_EQ(record.error().code, Code::kInvalidArgument);
    EXPECT_THAT(record.error().message, HasSubstr(says));
    EXPECT_THAT(record.error().message, HasSubstr("delete the node, or fix its data"));
  }
}

TEST(EngineRecordTest, BoundsWhatItQuotes) {
  const auto record = ParseEngineRecord(
      KeyOf("alice"), kId, R"({"schema":1,"engine_id":")" + std::string(5000, 'x') + "\"}");

  EXPECT_LT(record.error().message.size(), 400U);
}

TEST(SessionBindingTest, ReadsWhatItWrites) {
  const SessionBinding binding = SampleBinding("al ice@X");

  EXPECT_EQ(ParseSessionBinding(binding.user, binding.session, ToJson(binding)), binding);

  SessionBinding used = binding;
  used.used_at = binding.created_at + 1h;
  EXPECT_EQ(ParseSessionBinding(binding.user, binding.session, ToJson(used)), used);
}

TEST(SessionBindingTest, SaysWhatIsBroken) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{", "not JSON"},
      {R"({"schema":1})", "\"engine_key\""},
      {R"({"schema":1,"engine_key":"alice"})", "is not an engine key"},
      {R"({"schema":1,"engine_key":"user:a:b:c","engine_id":"7"})", "is no UUID"},
      {R"({"schema":1,"engine_key":"user:a:b:c","engine_id":")" + kId.str() + "\"}",
       "\"created_at\""},
  };
  for (const auto& [data, says] : cases) {
    const auto binding = ParseSessionBinding(UserId("alice"), SessionId("s"), data);
    ASSERT_FALSE(binding.has_value()) << data;
    EXPECT_THAT(binding.error().message, HasSubstr(says));
  }
}

TEST(ControlCommandTest, ReadsWhatItWrites) {
  const auto command = ParseControlCommand(ToJson(ControlCommand{"stop", 10s, "why", "admin"}));

  ASSERT_TRUE(command.has_value());
  EXPECT_EQ(command->command, "stop");
  EXPECT_EQ(command->grace, 10s);
  EXPECT_EQ(command->reason, "why");
  EXPECT_EQ(command->by, "admin");
}

TEST(ControlCommandTest, WritesTheFormThatEnginesRead) {
  EXPECT_EQ(ToJson(ControlCommand{"stop", 10s, "why", "admin"}),
            R"({"by":"admin","command":"stop","grace_ms":10000,"reason":"why","schema":1})");
}

TEST(ControlCommandTest, RefusesAGraceThatIsNone) {
  for (const char* grace : {"-1", "1e30", "9223372036854775807", "\"10s\""}) {
    const std::string data =
        std::string(R"({"schema":1,"command":"stop","grace_ms":)") + grace + "}";
    EXPECT_FALSE(ParseControlCommand(data).has_value()) << grace;
  }
}

TEST(GatewayRecordTest, ReadsWhatItWrites) {
  const GatewayRecord record{GatewayId("g"),  "host",  7,
                             "0.0.0.0:15002", "0.1.0", FromUnixMillis(1234)};

  EXPECT_EQ(ParseGatewayRecord(ToJson(record)), record);
  EXPECT_FALSE(ParseGatewayRecord("{}").has_value());
}

TEST(LaunchRecordTest, ReadsWhatItWrites) {
  const LaunchRecord record{GatewayId("g"), FromUnixMillis(1234)};

  EXPECT_EQ(ParseLaunchRecord(ToJson(record)), record);
  EXPECT_FALSE(ParseLaunchRecord("[]").has_value());
}

TEST(RecordsTest, AtNodeSaysWhichNode) {
  EXPECT_EQ(AtNode({Code::kInvalidArgument, "broken"}, "/a/b").value().message,
            "ZooKeeper node /a/b: broken");
}

}  // namespace
}  // namespace foxfire::discovery
