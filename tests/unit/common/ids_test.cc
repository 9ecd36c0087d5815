#include "common/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <type_traits>
#include <unordered_set>

namespace foxfire {
namespace {

TEST(IsUuidTest, TakesTheFormThatSparkTakes) {
  EXPECT_TRUE(IsUuid("00112233-4455-6677-8899-aabbccddeeff"));
  EXPECT_TRUE(IsUuid("00112233-4455-6677-8899-AABBCCDDEEFF"));
  for (const char* text :
       {"", "0", "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeeff0",
        "00112233445566778899aabbccddeeff", "{0112233-4455-6677-8899-aabbccddeef}",
        "g0112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899_aabbccddeeff",
        "0011223-34455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddee\xc3\xa9"})
    EXPECT_FALSE(IsUuid(text)) << text;
}

TEST(NewUuidTest, GivesDifferentRandomUuidsOfVersion4) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = NewUuid();
    EXPECT_TRUE(IsUuid(uuid)) << uuid;
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos) << uuid;
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

TEST(StrongStringTest, ComparesHashesAndStreamsAsItsText) {
  const EngineId a("a");
  const EngineId b(std::string("b"));
  std::ostringstream out;
  out << a;

  EXPECT_EQ(out.str(), "a");
  EXPECT_LT(a, b);
  EXPECT_EQ(a, EngineId("a"));
  EXPECT_TRUE(EngineId().empty());
  EXPECT_EQ((std::unordered_set<EngineId>{a, b, EngineId("a")}.size()), 2U);
}

TEST(StrongStringTest, KindsOfIdsCannotBeMixedUp) {
  EXPECT_FALSE((std::is_convertible_v<SessionId, EngineId>));
  EXPECT_FALSE((std::is_constructible_v<SessionId, EngineId>));
  EXPECT_FALSE((std::is_convertible_v<std::string, EngineId>));
}

}  // namespace
}  // namespace foxfire
