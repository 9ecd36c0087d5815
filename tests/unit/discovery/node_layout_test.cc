#include "discovery/node_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foxfire::discovery {
namespace {

TEST(NodeLayoutTest, PutsEverythingBelowTheRoot) {
  const NodeLayout layout = *NodeLayout::Create("/apps/foxfire");
  const EngineKey key{ShareLevel::kUser, "alice"};

  EXPECT_EQ(layout.Engine(key, EngineId("e1")),
            "/apps/foxfire/engines/user:alice:default:default/e1");
  EXPECT_EQ(layout.Launch(key), "/apps/foxfire/launches/user:alice:default:default");
  EXPECT_EQ(layout.Session(UserId("alice"), SessionId("s1")), "/apps/foxfire/sessions/alice/s1");
  EXPECT_EQ(layout.Control(EngineId("e1")), "/apps/foxfire/control/e1");
  EXPECT_EQ(layout.Gateway(GatewayId("g1")), "/apps/foxfire/gateways/g1");
}

TEST(NodeLayoutTest, EncodesWhatIsNoPartOfAPath) {
  const NodeLayout layout = *NodeLayout::Create("/foxfire");

  EXPECT_EQ(layout.Session(UserId("../a/b@C"), SessionId("..")),
            "/foxfire/sessions/..%2Fa%2Fb%40C/%2E%2E");
  EXPECT_EQ(layout.EnginesOf({ShareLevel::kGroup, "a:b"}),
            "/foxfire/engines/group:a%3Ab:default:default");
}

TEST(NodeLayoutTest, ListsParentsFirst) {
  EXPECT_THAT(NodeLayout::Create("/apps/foxfire")->Parents(),
              testing::ElementsAre("/apps", "/apps/foxfire", "/apps/foxfire/engines",
                                   "/apps/foxfire/launches", "/apps/foxfire/sessions",
                                   "/apps/foxfire/control", "/apps/foxfire/gateways"));
}

TEST(NodeLayoutTest, RefusesARootThatZooKeeperWouldRefuse) {
  for (const char* root : {"", "/", "foxfire", "/foxfire/", "/a//b", "/a/./b", "/..", "/a b"}) {
    const auto layout = NodeLayout::Create(root);
    ASSERT_FALSE(layout.has_value()) << root;
    EXPECT_EQ(layout.error().code, Code::kInvalidArgument);
    EXPECT_THAT(layout.error().message, testing::HasSubstr("zookeeper.root"));
  }
}

}  // namespace
}  // namespace foxfire::discovery
