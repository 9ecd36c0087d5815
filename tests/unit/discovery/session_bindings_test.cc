#include "discovery/session_bindings.h"

#include <gmock/gmock.h>

#include "discovery/records.h"
#include "tests/unit/discovery/fake_zookeeper_fixture.h"
#include "tests/unit/discovery/sample_records.h"

namespace foxfire::discovery {
namespace {

using Op = FakeZooKeeper::Op;
using testing::HasSubstr;

class SessionBindingsTest : public FakeZooKeeperTest {
 protected:
  void SetUp() override {
    MakeParents();
    Open();
  }
  Result<SessionBinding> Bind(const SessionBinding& binding) {
    return Call<SessionBinding>([&](auto done) { bindings_.Bind(binding, done); });
  }

  const SessionBinding binding_ = SampleBinding("alice");
  const std::string path_ = layout_.Session(binding_.user, binding_.session);
  SessionBindings bindings_{*client_, layout_};
};

TEST_F(SessionBindingsTest, TakesUpABindingWhoseAnswerWasLost) {
  zookeeper_.Put(layout_.SessionsOf(binding_.user), "");
  zookeeper_.LoseNextAnswer(Op::kCreate);

  EXPECT_EQ(Bind(binding_).error().code, Code::kUnavailable);
  EXPECT_EQ(Bind(binding_), binding_);
}

TEST_F(SessionBindingsTest, BindsAgainWhenTheOtherBindingGoesBetween) {
  zookeeper_.Put(layout_.SessionsOf(binding_.user), "");
  zookeeper_.FailNext(Op::kCreate, Code::kAlreadyExists);

  EXPECT_EQ(Bind(binding_), binding_);
}

TEST_F(SessionBindingsTest, MakesTheUsersNodeAgainWhenItGoesBetween) {
  zookeeper_.FailNext(Op::kCreate, Code::kNotFound);
  zookeeper_.FailNext(Op::kCreate, Code::kAlreadyExists);

  EXPECT_EQ(Bind(binding_), binding_);
}

TEST_F(SessionBindingsTest, GivesUpWhenItNeverSucceeds) {
  zookeeper_.Put(layout_.SessionsOf(binding_.user), "");
  for (int i = 0; i < 10; ++i) zookeeper_.FailNext(Op::kCreate, Code::kAlreadyExists);

  EXPECT_EQ(Bind(binding_).error().code, Code::kAborted);
}

TEST_F(SessionBindingsTest, NamesABrokenNodeAndTheCure) {
  zookeeper_.Put(path_, "garbage");

  const auto bound = Bind(binding_);

  EXPECT_EQ(bound.error().code, Code::kInvalidArgument);
  EXPECT_THAT(bound.error().message, HasSubstr(path_));
  EXPECT_THAT(bound.error().message, HasSubstr("delete the node"));
}

TEST_F(SessionBindingsTest, NotesAUseAgainWhenTheBindingChangesBetween) {
  ASSERT_EQ(Bind(binding_), binding_);
  SessionBinding used = binding_;
  used.used_at = binding_.created_at + std::chrono::hours(1);
  const auto note = [&] { return Call<void>([&](auto done) { bindings_.NoteUse(used, done); }); };
  zookeeper_.FailNext(Op::kSet, Code::kAborted);

  EXPECT_TRUE(note().has_value());
  EXPECT_EQ(zookeeper_.Data(path_), ToJson(used));

  used.used_at += std::chrono::hours(1);
  for (int i = 0; i < 10; ++i) zookeeper_.FailNext(Op::kSet, Code::kAborted);
  EXPECT_EQ(note().error().code, Code::kAborted);
}

TEST_F(SessionBindingsTest, AUseIsNotNotedInABindingThatHasGoneMeanwhile) {
  ASSERT_EQ(Bind(binding_), binding_);
  SessionBinding used = binding_;
  used.used_at = binding_.created_at + std::chrono::hours(1);

  const auto noted = Call<void>([&](auto done) {
    bindings_.NoteUse(used, done);
    bindings_.Unbind(used.user, used.session, [](const Result<void>&) {});
  });

  EXPECT_EQ(noted.error().code, Code::kNotFound);
  EXPECT_FALSE(zookeeper_.Data(path_));
}

TEST_F(SessionBindingsTest, PassesOtherErrorsOn) {
  zookeeper_.FailNext(Op::kCreate, Code::kInternal);
  EXPECT_EQ(Bind(binding_).error().code, Code::kInternal);
  zookeeper_.FailNext(Op::kCreate, Code::kNotFound);
  zookeeper_.FailNext(Op::kCreate, Code::kPermissionDenied);
  EXPECT_EQ(Bind(binding_).error().code, Code::kPermissionDenied);
  zookeeper_.FailNext(Op::kGet, Code::kInternal);
  const auto found = Call<std::optional<SessionBinding>>(
      [&](auto done) { bindings_.Find(binding_.user, binding_.session, done); });
  EXPECT_EQ(found.error().code, Code::kInternal);
}

}  // namespace
}  // namespace foxfire::discovery
