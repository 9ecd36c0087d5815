#include "auth/cluster_secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <thread>

#include "common/mutex.h"
#include "tests/support/captured_log.h"
#include "tests/support/temp_folder.h"

namespace foxfire::auth {
namespace {

using testing::HasSubstr;

const EngineId kEngine("3b241101-e2bb-4255-8caf-4136c566a962");

std::string Derived(const ClusterSecret& secret, const EngineId& engine = kEngine) {
  return std::string(secret.EngineSecret(engine).Reveal());
}

TEST(ClusterSecretTest, IsMadeOnceAndReadFromThenOn) {
  const TempFolder folder;
  const Path file = folder / "state/cluster.secret";

  const auto first = ClusterSecret::LoadOrCreate(file);
  const auto second = ClusterSecret::LoadOrCreate(file);

  ASSERT_TRUE(first.has_value()) << first.error().message;
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(Derived(*first), Derived(*second));
  EXPECT_EQ(ReadFile(file)->size(), 44U);
  struct stat info {};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const std::filesystem::directory_iterator files(file.parent_path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(ClusterSecretTest, DerivesTheSameSecretOnEveryGateway) {
  const TempFolder folder;
  const Path file = folder.Write("secret", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", 0600);

  const auto secret = ClusterSecret::LoadOrCreate(file);

  ASSERT_TRUE(secret.has_value());
  // printf %s ID | openssl dgst -sha256 -hmac "$(cat secret)" -binary | basenc --base64url
  EXPECT_EQ(Derived(*secret), "bBxvFTQRuGFf9bKdQUNsSznkyPxgQEz5XETpwpBKkSo");
}

TEST(ClusterSecretTest, AgreesOnASecretWithAnEngine) {
  const TempFolder folder;
  const Path file = folder.Write("secret", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", 0600);
  const auto secret = ClusterSecret::LoadOrCreate(file);
  ASSERT_TRUE(secret.has_value());

  // Computed with an X25519 of its own, written in Python after RFC 7748 section 5, from
  // docs/engine-contract.md and the engine's private key of that RFC's first test vector:
  //   private = hmac(file's text, "foxfire engine key agreement v1"); public = x25519(private, 9)
  //   hmac(x25519(engine's private, public), "foxfire engine secret\0" + engine id)
  EXPECT_EQ(secret->PublicKey(), "eyBXyql-9OVlysVNlqWXKGP7hXAbGwHBD6FC7_KBAjg");
  const auto agreed = secret->AgreedSecret(kEngine, "HJ_Yj0VgbZMqgMcYJK4VHRXXPnfeOOjgAIUuYU-ucBk");
  ASSERT_TRUE(agreed) << agreed.error().message;
  EXPECT_EQ(agreed->Reveal(), "ZxvS-z-QHS6N26te5J5tKQRJXwlZoLrvtNwIwjeNHps");
}

TEST(ClusterSecretTest, AgreesOnNothingWithAKeyThatIsNone) {
  const TempFolder folder;
  const auto secret = ClusterSecret::LoadOrCreate(folder / "secret");
  ASSERT_TRUE(secret.has_value());

  // The last one is the point of order 1: every private key leads to the same secret with it.
  for (const std::string& key :
       {std::string(), std::string("short"), std::string(43, '='), std::string(43, 'A')}) {
    const auto agreed = secret->AgreedSecret(kEngine, key);
    ASSERT_FALSE(agreed) << key;
    EXPECT_EQ(agreed.error().code, Code::kInvalidArgument);
    EXPECT_THAT(agreed.error().message, HasSubstr(kEngine.str()));
  }
}

TEST(ClusterSecretTest, GivesEachEngineItsOwn) {
  const TempFolder folder;
  const auto secret = ClusterSecret::LoadOrCreate(folder / "secret");
  ASSERT_TRUE(secret.has_value());

  EXPECT_NE(Derived(*secret), Derived(*secret, EngineId("another")));
  EXPECT_EQ(Derived(*secret).size(), 43U);
}

TEST(ClusterSecretTest, IsTheSameForGatewaysThatStartTogether) {
  const TempFolder folder;
  Mutex mutex;
  std::set<std::string> derived;
  std::vector<std::thread> gateways;
  for (int i = 0; i < 8; ++i) {
    gateways.emplace_back([&] {
      const auto secret = ClusterSecret::LoadOrCreate(folder / "secret");
      MutexLock lock(mutex);
      derived.insert(secret ? Derived(*secret) : secret.error().message);
    });
  }
  for (std::thread& gateway : gateways) gateway.join();

  EXPECT_EQ(derived.size(), 1U) << testing::PrintToString(derived);
}

TEST(ClusterSecretTest, RefusesAFileThatOthersCanRead) {
  const TempFolder folder;
  const Path file = folder.Write("secret", std::string(43, 'a'), 0640);

  const auto secret = ClusterSecret::LoadOrCreate(file);

  ASSERT_FALSE(secret.has_value());
  EXPECT_EQ(secret.error().message,
            "cluster secret: " + file.string() +
                " has mode 0640, so other users of this machine can get at it: run \"chmod 600 " +
                file.string() + "\"");
}

TEST(ClusterSecretTest, RefusesWhatIsTooShortOrNoSecretAndDoesNotRepeatIt) {
  const TempFolder folder;
  for (const std::string& content :
       {std::string(), std::string(42, 'a'), std::string(42, 'a') + " b", std::string("\n\n")}) {
    const Path file = folder.Write("secret", content, 0600);

    const auto secret = ClusterSecret::LoadOrCreate(file);

    ASSERT_FALSE(secret.has_value());
    EXPECT_THAT(secret.error().message,
                HasSubstr(file.string() + " must hold at least 43 characters of base64url"));
    EXPECT_THAT(secret.error().message, testing::Not(HasSubstr("aaaa")));
  }
}

TEST(ClusterSecretTest, SaysWhereItCannotBeMade) {
  const TempFolder folder;
  folder.Write("state", "a file where the folder should be");

  const auto secret = ClusterSecret::LoadOrCreate(folder / "state/cluster.secret");

  ASSERT_FALSE(secret.has_value());
  EXPECT_THAT(secret.error().message, HasSubstr((folder / "state").string()));
}

TEST(ClusterSecretTest, IsNotLogged) {
  const TempFolder folder;
  const CapturedLog log;

  const auto secret = ClusterSecret::LoadOrCreate(folder / "secret");

  ASSERT_TRUE(secret.has_value());
  EXPECT_EQ(log.Count("made a cluster secret"), 1U);
  EXPECT_EQ(log.Count(ReadFile(folder / "secret")->substr(0, 43)), 0U);
}

}  // namespace
}  // namespace foxfire::auth
