#include "server/call/engine_route.h"

#include <gtest/gtest.h>

#include "server/call/engine_key_policy.h"
#include "tests/support/wire_message.h"

namespace foxfire::server {
namespace {

constexpr const char* kSession = "11111111-2222-3333-4444-555555555555";

auth::Principal Alice(std::vector<std::string> groups = {}) {
  auth::Principal principal;
  principal.user = UserId("alice");
  principal.groups = std::move(groups);
  return principal;
}

EngineWish Asks(const std::string& team, const std::string& environment = "") {
  EngineWish wish;
  wish.team = team;
  wish.environment = environment;
  return wish;
}

EngineRoute Route(const std::string& name, const std::string& team, const std::string& environment,
                  const std::string& group) {
  EngineRoute route;
  route.name = name;
  route.team = team;
  route.environment = environment;
  route.group = group;
  return route;
}

class EngineRouteTest : public testing::Test {
 protected:
  EngineRouteTest() {
    options_.profiles = {"default", "prod"};
    options_.everybody.client_profiles = {};
    EngineRoute both = Route("data-prod", "data", "prod", "data");
    both.profile = "prod";
    both.subdomain = "blue";
    both.allowed_groups = {"ops"};
    EngineRoute environment = Route("test", "", "test", "");
    environment.subdomain = "test";
    options_.routing.routes = {Route("data", "data", "", "data"), both, environment};
  }

  Result<EngineChoice> Choose(const auth::Principal& who, const EngineWish& wish) const {
    return ChooseEngine(options_, who, kSession, wish);
  }

  EngineKeyOptions options_;
};

TEST_F(EngineRouteTest, ATeamAndAnEnvironmentLeadToAnEngine) {
  const auto choice = Choose(Alice({"staff", "data"}), Asks("data", "prod"));

  ASSERT_TRUE(choice) << choice.error().ToString();
  EXPECT_EQ(choice->key, (EngineKey{ShareLevel::kGroup, "data", "prod", "blue"}));
  EXPECT_EQ(choice->run_as, "data");
  EXPECT_EQ(choice->rules, "[route.data-prod]");
}

TEST_F(EngineRouteTest, TheRouteThatSaysMoreCounts) {
  const auto other = Choose(Alice({"data"}), Asks("data", "test"));
  ASSERT_TRUE(other) << other.error().ToString();
  EXPECT_EQ(other->rules, "[route.data]") << "a team counts over an environment";

  const auto environment = Choose(Alice({"data"}), Asks("", "test"));
  ASSERT_TRUE(environment);
  EXPECT_EQ(environment->key, (EngineKey{ShareLevel::kUser, "alice", "default", "test"}));
  EXPECT_EQ(environment->rules, "[route.test]");
}

TEST_F(EngineRouteTest, LeadsNobodyToAnothersEngine) {
  const auto stranger = Choose(Alice({"staff"}), Asks("data", "prod"));
  const auto nowhere = Choose(Alice({"staff"}), Asks("sales", "prod"));

  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, Code::kPermissionDenied);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Code::kPermissionDenied);
  std::string same_words = nowhere.error().message;
  same_words.replace(same_words.find("sales"), 5, "data");
  EXPECT_EQ(stranger.error().message, same_words) << "which routes there are is nobody's to find";
}

// Not the one that says less, which they might take: that would be another engine in silence.
TEST_F(EngineRouteTest, RefusesRatherThanLeadElsewhere) {
  options_.routing.routes[0].allowed_groups = {"staff"};

  EXPECT_FALSE(Choose(Alice({"staff"}), Asks("data", "prod")));
  EXPECT_TRUE(Choose(Alice({"staff"}), Asks("data")));
}

TEST_F(EngineRouteTest, OtherGroupsMayBeAllowed) {
  const auto choice = Choose(Alice({"ops"}), Asks("data", "prod"));

  ASSERT_TRUE(choice) << choice.error().ToString();
  EXPECT_EQ(choice->key.owner, "data");
}

TEST_F(EngineRouteTest, CountsOverWhatElseTheClientAsksFor) {
  EngineWish wish = Asks("data", "prod");
  wish.share_level = "connection";
  wish.profile = "default";
  wish.subdomain = "mine";

  const auto choice = Choose(Alice({"data"}), wish);

  ASSERT_TRUE(choice) << choice.error().ToString();
  EXPECT_EQ(choice->key, (EngineKey{ShareLevel::kGroup, "data", "prod", "blue"}));
}

TEST_F(EngineRouteTest, LeavesOpenWhatItDoesNotSay) {
  EngineWish wish = Asks("data");
  wish.subdomain = "mine";

  const auto choice = Choose(Alice({"data"}), wish);

  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->key, (EngineKey{ShareLevel::kGroup, "data", "default", "mine"}));
}

TEST_F(EngineRouteTest, HeadersMeanNothingWithoutRoutes) {
  options_.routing.routes.clear();

  const auto choice = Choose(Alice(), Asks("data", "prod"));

  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->key, (EngineKey{ShareLevel::kUser, "alice"}));
  EXPECT_EQ(choice->rules, "[engine]");
}

std::string Pair(const std::string& key, const std::string& value) {
  return WireMessage().Bytes(1, key).Bytes(2, value).str();
}

TEST_F(EngineRouteTest, TakesHeadersFromTheFirstSettings) {
  const std::string set = WireMessage()
                              .Bytes(1, Pair("spark.sql.shuffle.partitions", "8"))
                              .Bytes(1, Pair("spark.connect.grpc.header.x-team", "data"))
                              .Bytes(1, Pair("spark.connect.grpc.header.x-environment", "prod"))
                              .Varint(2, 1)
                              .str();
  const std::string operation = WireMessage().Bytes(1, set).str();

  EngineWish wish;
  TakeHeadersFromConfig(options_.routing, operation, wish);
  EXPECT_EQ(wish.team, "data");
  EXPECT_EQ(wish.environment, "prod");

  EngineWish with_header = Asks("sales");
  TakeHeadersFromConfig(options_.routing, operation, with_header);
  EXPECT_EQ(with_header.team, "sales") << "a real header counts";
}

TEST_F(EngineRouteTest, OtherOperationsAndBrokenOnesSetNothing) {
  const std::string pair = Pair("spark.connect.grpc.header.x-team", "data");
  const std::string set = WireMessage().Bytes(1, pair).str();
  const std::string whole = WireMessage().Bytes(1, set).str();
  std::vector<std::string> operations = {"", "\xff", "\x0a", WireMessage().Bytes(2, set).str(),
                                         WireMessage().Bytes(1, pair).str()};
  for (size_t size = 0; size < whole.size(); ++size) operations.push_back(whole.substr(0, size));
  for (const std::string& operation : operations) {
    EngineWish wish;
    TakeHeadersFromConfig(options_.routing, operation, wish);
    EXPECT_EQ(wish.team, "");
  }
}

}  // namespace
}  // namespace foxfire::server
