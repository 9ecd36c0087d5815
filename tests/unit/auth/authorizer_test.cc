#include "auth/authorizer.h"

#include <gtest/gtest.h>

namespace foxfire::auth {
namespace {

Principal Named(const char* user, std::vector<std::string> roles = {}) {
  Principal principal;
  principal.user = UserId(user);
  principal.roles = std::move(roles);
  return principal;
}

TEST(MayManageTest, AllowsOnesOwn) { EXPECT_TRUE(MayManage(Named("alice"), UserId("alice"))); }

TEST(MayManageTest, AllowsAdministratorsEverything) {
  EXPECT_TRUE(MayManage(Named("root", {"admin"}), UserId("alice")));
  EXPECT_TRUE(MayManage(Named("root", {"admin"}), UserId()));
}

TEST(MayManageTest, DeniesWhatBelongsToOthersOrToNobody) {
  EXPECT_FALSE(MayManage(Named("bob"), UserId("alice")));
  EXPECT_FALSE(MayManage(Named("Alice"), UserId("alice")));
  EXPECT_FALSE(MayManage(Named("bob", {"administrator"}), UserId("alice")));
  EXPECT_FALSE(MayManage(Named(""), UserId("")));
}

}  // namespace
}  // namespace foxfire::auth
