#include "discovery/gateway_registration.h"

#include "tests/unit/discovery/fake_zookeeper_fixture.h"

namespace foxfire::discovery {
namespace {

class GatewayRegistrationTest : public FakeZooKeeperTest {
 protected:
  void SetUp() override {
    MakeParents();
    on_link_ = [this](LinkState state) {
      if (state == LinkState::kConnected) {
        registration_.Connected();
      } else {
        registration_.Disconnected();
      }
    };
    on_watch_ = [this](NodeEvent event, const std::string& path) {
      registration_.HandleEvent(event, path);
    };
  }

  const GatewayRecord record_{GatewayId("g1"), "host", 7, "host:15002", "0.1.0", WallTime{}};
  const std::string path_ = layout_.Gateway(record_.id);
  GatewayRegistration registration_{*client_, layout_, executor_, record_};
};

TEST_F(GatewayRegistrationTest, RegistersForTheSession) {
  Open();

  EXPECT_EQ(ParseGatewayRecord(zookeeper_.Data(path_).value_or("")), record_);
  EXPECT_EQ(zookeeper_.Owner(path_), client_->session_id());
}

TEST_F(GatewayRegistrationTest, RegistersAgainAfterExpiry) {
  Open();

  zookeeper_.Expire();
  executor_.RunUntilIdle();

  EXPECT_EQ(zookeeper_.Owner(path_), client_->session_id());
}

TEST_F(GatewayRegistrationTest, RegistersAgainWhenSomebodyDeletesTheNode) {
  Open();

  zookeeper_.Remove(path_);
  executor_.RunUntilIdle();

  EXPECT_EQ(zookeeper_.Owner(path_), client_->session_id());
}

TEST_F(GatewayRegistrationTest, WaitsForTheNodeOfAnEarlierSessionToGo) {
  zookeeper_.Put(path_, "old", 99);
  Open();
  EXPECT_EQ(zookeeper_.Owner(path_), 99);

  zookeeper_.Put(path_, "still old", 99);
  executor_.RunUntilIdle();
  zookeeper_.Remove(path_);
  executor_.RunUntilIdle();

  EXPECT_EQ(zookeeper_.Owner(path_), client_->session_id());
}

TEST_F(GatewayRegistrationTest, TriesAgainAfterAFailure) {
  zookeeper_.FailNext(FakeZooKeeper::Op::kCreate, Code::kPermissionDenied);
  Open();
  EXPECT_EQ(zookeeper_.Data(path_), std::nullopt);

  executor_.Advance(std::chrono::seconds(10));

  EXPECT_EQ(zookeeper_.Owner(path_), client_->session_id());
}

TEST_F(GatewayRegistrationTest, SurvivesALostAnswer) {
  zookeeper_.LoseNextAnswer(FakeZooKeeper::Op::kCreate);

  Open();

  EXPECT_EQ(zookeeper_.Owner(path_), client_->session_id());
}

}  // namespace
}  // namespace foxfire::discovery
