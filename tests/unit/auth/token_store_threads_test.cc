// TokenStore used from many threads at once; says most under ThreadSanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "auth/token_file.h"
#include "auth/token_store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace foxfire::auth {
namespace {

class TokenStoreThreadsTest : public testing::Test {
 protected:
  TokenStoreThreadsTest() { folder_.Write("tokens.json", FormatTokenFile({}), 0600); }

  std::unique_ptr<TokenStore> OpenStore() {
    auto store = TokenStore::Open(folder_ / "tokens.json", clock_, metrics_);
    CHECK(store.has_value());
    return *std::move(store);
  }

  const TempFolder folder_;
  FakeClock clock_;
  Metrics metrics_;
};

TEST_F(TokenStoreThreadsTest, VerifiesWhileTokensComeAndGo) {
  const auto store = OpenStore();
  const auto token = store->Create({"alice", {}, {}, {}, "root"});
  ASSERT_TRUE(token.has_value());
  std::atomic<bool> done{false};
  std::atomic<int> refused{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!done) {
        if (!store->Verify(token->token.Reveal())) ++refused;
        if (store->Verify("ff_nobody")) ++refused;
      }
    });
  }
  std::thread timer([&] {
    for (int i = 0; i < 200; ++i) store->ReloadIfChanged();
  });

  for (int i = 0; i < 20; ++i) {
    const auto other = store->Create({"bob", {}, {}, {}, "root"});
    ASSERT_TRUE(other.has_value());
    ASSERT_TRUE(store->Verify(other->token.Reveal()).has_value());
    ASSERT_TRUE(store->Revoke(other->id).has_value());
    ASSERT_FALSE(store->Verify(other->token.Reveal()).has_value());
  }
  done = true;
  for (std::thread& caller : callers) caller.join();
  timer.join();

  EXPECT_EQ(refused, 0);
  EXPECT_TRUE(store->Health().has_value());
}

TEST_F(TokenStoreThreadsTest, LosesNoTokenWhenGatewaysWriteAtTheSameTime) {
  constexpr int kGateways = 4;
  constexpr int kTokens = 10;
  std::vector<std::unique_ptr<TokenStore>> stores;
  for (int i = 0; i < kGateways; ++i) stores.push_back(OpenStore());
  std::atomic<int> failed{0};
  std::vector<std::thread> gateways;
  for (const auto& store : stores) {
    gateways.emplace_back([&failed, &store] {
      for (int i = 0; i < kTokens; ++i) {
        if (!store->Create({"user" + std::to_string(i), {}, {}, {}, "root"})) ++failed;
      }
    });
  }
  for (std::thread& gateway : gateways) gateway.join();

  EXPECT_EQ(failed, 0);
  EXPECT_EQ(OpenStore()->List().size(), size_t{kGateways} * kTokens);
}

}  // namespace
}  // namespace foxfire::auth
