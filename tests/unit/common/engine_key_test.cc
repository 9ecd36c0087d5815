#include "common/engine_key.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace foxfire {
namespace {

TEST(EngineKeyTest, TextAndKeyAreTheSameThing) {
  struct Case {
    EngineKey key;
    const char* text;
  };
  for (const Case& c : {
           Case{{ShareLevel::kUser, "alice"}, "user:alice:default:default"},
           Case{{ShareLevel::kGroup, "data eng", "etl", "nightly"}, "group:data%20eng:etl:nightly"},
           Case{{ShareLevel::kServer, "foxfire"}, "server:foxfire:default:default"},
           Case{{ShareLevel::kConnection, "00112233-4455-6677-8899-aabbccddeeff"},
                "connection:00112233-4455-6677-8899-aabbccddeeff:default:default"},
           Case{{ShareLevel::kUser, "a:b/c", "..", "."}, "user:a%3Ab%2Fc:%2E%2E:%2E"},
           Case{{ShareLevel::kUser, "é@example.com", "%", "x"}, "user:%C3%A9%40example.com:%25:x"},
       }) {
    EXPECT_EQ(c.key.ToString(), c.text);
    const auto parsed = EngineKey::Parse(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_EQ(*parsed, c.key);
  }
}

TEST(EngineKeyTest, RefusesWhatItWouldNotWrite) {
  for (const char* text :
       {"", "alice", "user:alice", "user:alice:default", "user:alice:default:default:more",
        "User:alice:default:default", "users:alice:default:default", ":alice:default:default",
        "user:al ice:default:default", "user:%61lice:default:default",
        "user:%c3%a9:default:default", "user:%:default:default", "user:%4:default:default",
        "user:..:default:default", "user:a/b:default:default", " user:alice:default:default"}) {
    const auto parsed = EngineKey::Parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument);
    EXPECT_NE(parsed.error().message.find("is not an engine key: write"), std::string::npos);
  }
}

TEST(EngineKeyTest, KeysDifferInEveryPart) {
  const EngineKey key{ShareLevel::kUser, "a", "b", "c"};
  std::unordered_set<EngineKey> keys = {key, key};
  keys.insert({ShareLevel::kGroup, "a", "b", "c"});
  keys.insert({ShareLevel::kUser, "x", "b", "c"});
  keys.insert({ShareLevel::kUser, "a", "x", "c"});
  keys.insert({ShareLevel::kUser, "a", "b", "x"});

  EXPECT_EQ(keys.size(), 5U);
}

TEST(ShareLevelTest, NamesAndLevelsMatch) {
  for (const auto level :
       {ShareLevel::kConnection, ShareLevel::kUser, ShareLevel::kGroup, ShareLevel::kServer})
    EXPECT_EQ(ParseShareLevel(ShareLevelName(level)), level);
  EXPECT_EQ(ParseShareLevel("USER"), std::nullopt);
  EXPECT_EQ(ParseShareLevel(""), std::nullopt);
}

TEST(HostNameTest, IsNeverEmpty) { EXPECT_FALSE(HostName().empty()); }

}  // namespace
}  // namespace foxfire
