// A token is shown once, to whoever made it, and is found nowhere else.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "auth/bootstrap.h"
#include "auth/token_store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/support/captured_log.h"
#include "tests/support/temp_folder.h"

namespace foxfire::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

class TokenSecrecyTest : public testing::Test {
 protected:
  TokenSecrecyTest() {
    CHECK(EnsureAdminToken(file_, folder_ / "admin", clock_).has_value());
    auto store = TokenStore::Open(file_, clock_, metrics_);
    CHECK(store.has_value());
    store_ = *std::move(store);
    auto created = store_->Create({"alice", {}, {}, {}, "admin"});
    CHECK(created.has_value());
    id_ = created->id;
    token_ = created->token.Reveal();
    std::ostringstream stream;
    stream << created->token << fmt::format("{}", created->token);
    CHECK(stream.str() == "<redacted><redacted>");
  }

  const TempFolder folder_;
  const CapturedLog log_;
  const Path file_ = folder_ / "tokens.json";
  const FakeClock clock_;
  Metrics metrics_;
  std::unique_ptr<TokenStore> store_;
  std::string id_;
  std::string token_;
};

TEST_F(TokenSecrecyTest, NoFileOfTheStoreHoldsTheToken) {
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    const auto content = ReadFile(entry.path());

    ASSERT_TRUE(content.has_value());
    EXPECT_THAT(*content, Not(HasSubstr(token_.substr(3, 20)))) << entry.path();
  }
  // The one exception: the administrator's first token, in a file of its own.
  const std::string admin = *ReadFile(folder_ / "admin");
  EXPECT_THAT(*ReadFile(file_), Not(HasSubstr(admin.substr(3, 20))));
}

TEST_F(TokenSecrecyTest, TheLogDoesNotHoldIt) {
  ASSERT_TRUE(store_->Verify(token_).has_value());
  ASSERT_TRUE(store_->Revoke(id_).has_value());
  ASSERT_FALSE(store_->Verify(token_).has_value());
  ASSERT_FALSE(store_->Revoke(token_).has_value());

  EXPECT_EQ(log_.Count("token created"), 1U);
  EXPECT_EQ(log_.Count("token revoked"), 1U);
  EXPECT_EQ(log_.Count(token_.substr(3, 20)), 0U);
  EXPECT_EQ(log_.Count(ReadFile(folder_ / "admin")->substr(3, 20)), 0U);
}

TEST_F(TokenSecrecyTest, ErrorsDoNotRepeatItWhereverSomebodyPutIt) {
  const std::string good = *ReadFile(file_);
  const std::string tokens = "{\"schema\":1,\"tokens\":";
  const std::string id = "\"id\":\"7d3f5f0e-3c0b-4e3c-9d55-0f5f1d3c2b1a\",";
  const std::string hash = "\"sha256\":\"" + std::string(64, 'a') + "\",";
  for (const std::string& content :
       {token_, tokens + token_, tokens + "\"" + token_ + "\"}",
        tokens + "[{\"" + token_ + "\":1}]}", tokens + "[{\"id\":\"" + token_ + "\"}]}",
        tokens + "[{" + id + "\"sha256\":\"" + token_ + "\"}]}",
        tokens + "[{" + id + hash + "\"user\":\"" + token_ + "\\n\"}]}",
        tokens + "[{" + id + hash + "\"user\":\"a\",\"roles\":[\"" + token_ + "\"]}]}",
        tokens + "[{" + id + hash + "\"user\":\"a\",\"created_at\":\"" + token_ + "\"}]}"}) {
    folder_.Write("tokens.json", content, 0600);
    store_->ReloadIfChanged();

    ASSERT_FALSE(store_->Health().has_value()) << content;
    EXPECT_THAT(store_->Health().error().message, Not(HasSubstr(token_.substr(3, 20))));
  }
  EXPECT_THAT(store_->Revoke(token_).error().message, Not(HasSubstr(token_.substr(3, 20))));
  EXPECT_THAT(store_->Create({token_ + "\n", {}, {}, {}, ""}).error().message,
              Not(HasSubstr(token_.substr(3, 20))));
  EXPECT_EQ(log_.Count(token_.substr(3, 20)), 0U);
}

}  // namespace
}  // namespace foxfire::auth
