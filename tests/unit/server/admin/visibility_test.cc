#include "server/admin/visibility.h"

#include <gtest/gtest.h>

namespace foxfire::server {
namespace {

auth::Principal Somebody(const char* user, bool is_admin = false) {
  auth::Principal principal;
  principal.user = UserId(user);
  if (is_admin) principal.roles = {auth::kAdminRole};
  return principal;
}

const std::vector<IdCandidate> kCandidates = {
    {"aaaaaaaa-1111", true, ""},
    {"aaaaaaaa-2222", true, ""},
    {"bbbbbbbb-3333", true, ""},
    {"cccccccc-4444", false, ""},
    {"dddddddd-5555", true, "dddddddd-5555 of alice"},
    {"dddddddd-5555", true, "dddddddd-5555 of bob"},
    {"eeeeeeee", true, ""},
    {"eeeeeeee-6666", true, ""},
};

struct Resolution {
  const char* given;
  Code code;
  const char* message;
};

class ResolveIdTest : public testing::TestWithParam<Resolution> {};

TEST_P(ResolveIdTest, SaysWhatIsWrong) {
  const auto found = ResolveId("engine", GetParam().given, kCandidates);

  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, GetParam().code) << found.error().message;
  EXPECT_NE(found.error().message.find(GetParam().message), std::string::npos)
      << found.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ResolveIdTest,
    testing::Values(Resolution{"", Code::kInvalidArgument, "which engine?"},
                    Resolution{"bbbbbbb", Code::kInvalidArgument, "at least 8 characters"},
                    Resolution{"aaaaaaaa", Code::kInvalidArgument, "aaaaaaaa-1111, aaaaaaaa-2222"},
                    Resolution{"dddddddd-5555", Code::kInvalidArgument, "dddddddd-5555 of alice"},
                    Resolution{"cccccccc", Code::kPermissionDenied, "not yours"},
                    Resolution{"cccccccc-4444", Code::kPermissionDenied, "not yours"},
                    // What one may not see is not told from too few characters.
                    Resolution{"ccccccc", Code::kNotFound, "no engine ccccccc"},
                    Resolution{"ffffffff-7777", Code::kNotFound, "no engine ffffffff-7777"},
                    Resolution{"bbbbbbbb-3333-", Code::kNotFound, "no engine"}));

TEST(ResolveIdTest, TakesWholeIdsAndBeginnings) {
  EXPECT_EQ(ResolveId("engine", "bbbbbbbb-3333", kCandidates), 2U);
  EXPECT_EQ(ResolveId("engine", "bbbbbbbb", kCandidates), 2U);
  EXPECT_EQ(ResolveId("engine", "aaaaaaaa-2", kCandidates), 1U);
}

TEST(ResolveIdTest, PrefersAWholeIdToTheBeginningOfAnother) {
  EXPECT_EQ(ResolveId("engine", "eeeeeeee", kCandidates), 6U);
}

TEST(ResolveIdTest, ListsOnlySoManyMatches) {
  const std::vector<IdCandidate> many(40, {"aaaaaaaa-1", true, ""});

  const auto found = ResolveId("session", "aaaaaaaa", many);

  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("and 30 more"), std::string::npos) << found.error().message;
}

TEST(VisibleUserTest, LetsAdministratorsAskForAnybody) {
  EXPECT_EQ(VisibleUser(Somebody("root", true), ""), "");
  EXPECT_EQ(VisibleUser(Somebody("root", true), "alice"), "alice");
}

TEST(VisibleUserTest, ShowsOthersWhatIsTheirs) {
  EXPECT_EQ(VisibleUser(Somebody("alice"), ""), "alice");
  EXPECT_EQ(VisibleUser(Somebody("alice"), "alice"), "alice");

  const auto denied = VisibleUser(Somebody("alice"), "bob");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, Code::kPermissionDenied);
}

TEST(RequireAdminTest, RefusesOthers) {
  EXPECT_TRUE(RequireAdmin(Somebody("root", true), "creating a token"));

  const auto denied = RequireAdmin(Somebody("alice"), "creating a token");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, Code::kPermissionDenied);
  EXPECT_NE(denied.error().message.find("creating a token"), std::string::npos);
}

}  // namespace
}  // namespace foxfire::server
