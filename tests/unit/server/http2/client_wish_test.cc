#include "server/http2/client_wish.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace foxfire::server::http2 {
namespace {

using Conf = std::vector<std::pair<std::string, std::string>>;

EngineWish SettingsOf(const ClientSettings& settings) {
  EngineWish wish;
  settings.AddTo(wish);
  return wish;
}

std::string SettingNumber(size_t i) { return "spark.s" + std::to_string(i); }

TEST(ClientWishTest, IsWhatHeadersAndSettingsSay) {
  HeaderList headers;
  headers.Add("x-foxfire-share-level", "connection");
  headers.Add("x-foxfire-profile", "etl");
  headers.Add("x-other", "1");
  headers.Add("x-foxfire-subdomain", "nightly");
  ClientSettings settings;
  settings.Add("spark.sql.shuffle.partitions", "8");
  settings.Add("spark.x", "");

  const EngineWish wish = WishOf(headers, headers.count(), settings, {});

  EXPECT_EQ(wish.share_level, "connection");
  EXPECT_EQ(wish.profile, "etl");
  EXPECT_EQ(wish.subdomain, "nightly");
  EXPECT_EQ(wish.conf, (Conf{{"spark.sql.shuffle.partitions", "8"}, {"spark.x", ""}}));
  EXPECT_FALSE(wish.conf_too_large);
}

TEST(ClientWishTest, OfHeadersWithOneNameTheLastCounts) {
  HeaderList headers;
  headers.Add("x-foxfire-profile", "etl");
  headers.Add("x-foxfire-profile", "prod");

  EXPECT_EQ(WishOf(headers, 2, {}, {}).profile, "prod");
}

// Foxfire's own headers, with the engine's secret, stand behind the client's.
TEST(ClientWishTest, LooksAtTheClientsHeadersOnly) {
  HeaderList headers;
  headers.Add("x-foxfire-profile", "etl");
  headers.Add("x-foxfire-subdomain", "nightly");

  const EngineWish wish = WishOf(headers, 1, {}, {});

  EXPECT_EQ(wish.profile, "etl");
  EXPECT_EQ(wish.subdomain, "");
}

TEST(ClientWishTest, TeamAndEnvironmentHaveTheirConfiguredNames) {
  HeaderList headers;
  headers.Add("x-squad", "data");
  headers.Add("x-team", "sales");
  headers.Add("x-environment", "prod");
  headers.Add("", "nothing");
  DataPlaneOptions options;
  options.team_header = "x-squad";
  options.environment_header = "";

  const EngineWish wish = WishOf(headers, headers.count(), {}, options);

  EXPECT_EQ(wish.team, "data");
  EXPECT_EQ(wish.environment, "") << "no name, not looked at";
}

TEST(ClientWishTest, NoMoreSettingsAreKeptThanAreAllowed) {
  ClientSettings settings;
  for (size_t i = 0; i < kClientConfMax; ++i) settings.Add(SettingNumber(i), "x");
  EXPECT_FALSE(SettingsOf(settings).conf_too_large);

  settings.Add(SettingNumber(99), "x");

  EXPECT_TRUE(SettingsOf(settings).conf_too_large);
  EXPECT_EQ(SettingsOf(settings).conf.size(), kClientConfMax);
}

TEST(ClientWishTest, NorMoreBytes) {
  const std::string name = "spark.x";
  const std::string fits(kClientConfBytesMax - name.size(), 'x');
  ClientSettings settings;
  settings.Add(name, fits);
  EXPECT_FALSE(SettingsOf(settings).conf_too_large);
  ClientSettings one_more;
  one_more.Add(name, fits + "x");

  EXPECT_TRUE(SettingsOf(one_more).conf_too_large);
  EXPECT_TRUE(SettingsOf(one_more).conf.empty());
}

}  // namespace
}  // namespace foxfire::server::http2
