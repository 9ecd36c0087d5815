#include "auth/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "auth/token_store.h"
#include "common/file_lock.h"
#include "tests/fakes/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace foxfire::auth {
namespace {

mode_t ModeOf(const Path& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0U;
}

class EnsureAdminTokenTest : public testing::Test {
 protected:
  Result<bool> Ensure() const { return EnsureAdminToken(tokens_, admin_, clock_); }

  TempFolder folder_;
  const Path tokens_ = folder_ / "state/tokens.json";
  const Path admin_ = folder_ / "state/tokens/admin";
  FakeClock clock_;
  Metrics metrics_;
};

TEST_F(EnsureAdminTokenTest, MakesAnAdministratorWhoseTokenIsAccepted) {
  const auto made = Ensure();

  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_TRUE(*made);
  EXPECT_EQ(ModeOf(tokens_), 0600U);
  EXPECT_EQ(ModeOf(admin_), 0600U);
  std::string token = *ReadFile(admin_);
  ASSERT_EQ(token.back(), '\n');
  token.pop_back();
  const auto store = TokenStore::Open(tokens_, clock_, metrics_);
  ASSERT_TRUE(store.has_value()) << store.error().message;
  const auto principal = (*store)->Verify(token);
  ASSERT_TRUE(principal.has_value());
  EXPECT_EQ((*principal)->user, UserId("admin"));
  EXPECT_TRUE((*principal)->IsAdmin());
  EXPECT_EQ((*principal)->expires_at, std::nullopt);
}

TEST_F(EnsureAdminTokenTest, LeavesAnExistingTokenFileAlone) {
  folder_.Write("state/tokens.json", "anything", 0600);

  const auto made = Ensure();

  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_FALSE(*made);
  EXPECT_EQ(*ReadFile(tokens_), "anything");
  EXPECT_FALSE(std::filesystem::exists(admin_));
}

TEST_F(EnsureAdminTokenTest, MakesNothingIfNobodyWantsTheToken) {
  const auto made = EnsureAdminToken(tokens_, "", clock_);

  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_FALSE(*made);
  EXPECT_FALSE(std::filesystem::exists(tokens_));
}

TEST_F(EnsureAdminTokenTest, WritesOverTheTokenOfAnOlderTokenFile) {
  folder_.Write("state/tokens/admin", "old\n", 0644);

  ASSERT_TRUE(Ensure().has_value());

  EXPECT_NE(*ReadFile(admin_), "old\n");
  EXPECT_EQ(ModeOf(admin_), 0600U);
}

TEST_F(EnsureAdminTokenTest, SaysWhatCannotBeWritten) {
  folder_.Write("state", "a file where the folder should be");

  const auto made = Ensure();

  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message,
              testing::StartsWith("making the first administrator's token: creating the folder " +
                                  (folder_ / "state").string()));
}

TEST_F(EnsureAdminTokenTest, MakesNoTokenFileIfTheTokenCannotBeHandedOver) {
  ASSERT_TRUE(MakeFolder(admin_).has_value());  // a folder where the file should be

  const auto made = Ensure();

  EXPECT_FALSE(made.has_value());
  EXPECT_FALSE(std::filesystem::exists(tokens_));
}

}  // namespace
}  // namespace foxfire::auth
