// What every EngineDirectory promises. A harness is default-constructible and offers
//   EngineDirectory& directory();               OnChange() is taken by the harness
//   ChangeSignal& changed();                    notified by OnChange()
//   void Settle();                              runs what the directory has to run, if a test must
//   void AddEngine(const EngineRecord&);        what engines do
//   void DropEngine(const EngineRecord&);
//   void HoldLockElsewhere(const EngineKey&);   what another gateway does
//   void FreeLockElsewhere(const EngineKey&);
//   std::optional<ControlCommand> Control(const EngineId&);  what the engine would read
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>

#include "discovery/engine_directory.h"
#include "tests/support/awaited.h"
#include "tests/unit/discovery/sample_records.h"

namespace foxfire::discovery {

template <typename Harness>
class EngineDirectoryContract : public testing::Test {
 protected:
  template <typename T>
  using Callback = EngineDirectory::Callback<T>;

  EngineDirectory& directory() { return harness_.directory(); }

  // The answer of one operation.
  template <typename T>
  Result<T> Call(const std::function<void(Callback<T>)>& operation) {
    const auto answer = Begin<T>(operation);
    harness_.Settle();
    return answer->Wait().value_or(MakeError(Code::kDeadlineExceeded, "no answer"));
  }
  template <typename T>
  std::shared_ptr<AwaitedValue<Result<T>>> Begin(
      const std::function<void(Callback<T>)>& operation) {
    auto answer = AwaitedValue<Result<T>>::Make();
    operation([answer](Result<T> result) { answer->Set(std::move(result)); });
    return answer;
  }
  Result<bool> Acquire(const EngineKey& key) {
    return Call<bool>([&](auto done) { directory().AcquireLaunchLock(key, done); });
  }
  Result<void> Release(const EngineKey& key) {
    return Call<void>([&](auto done) { directory().ReleaseLaunchLock(key, done); });
  }
  Result<SessionBinding> Bind(const SessionBinding& binding) {
    return Call<SessionBinding>([&](auto done) { directory().BindSession(binding, done); });
  }
  Result<std::optional<SessionBinding>> Find(const SessionBinding& binding) {
    return Call<std::optional<SessionBinding>>(
        [&](auto done) { directory().FindSession(binding.user, binding.session, done); });
  }
  Result<void> Unbind(const SessionBinding& binding) {
    return Call<void>(
        [&](auto done) { directory().UnbindSession(binding.user, binding.session, done); });
  }
  bool AwaitView(const std::function<bool(const DirectoryView&)>& holds) {
    harness_.Settle();
    return harness_.changed().Await([&] { return holds(*directory().View()); });
  }
  bool AwaitEngine(const EngineRecord& record) {
    return AwaitView([&](const DirectoryView& view) {
      const EngineRecord* found = view.Find(record.id);
      return found != nullptr && *found == record;
    });
  }

  Harness harness_;
};

TYPED_TEST_SUITE_P(EngineDirectoryContract);

TYPED_TEST_P(EngineDirectoryContract, ShowsAnEngineFromItsRegistrationToItsEnd) {
  const EngineRecord record = SampleEngine("alice");

  this->harness_.AddEngine(record);
  ASSERT_TRUE(this->AwaitEngine(record));
  EXPECT_THAT(this->directory().View()->engines,
              testing::ElementsAre(testing::Pair(record.key, testing::ElementsAre(record))));
  EXPECT_TRUE(this->directory().View()->synced);
  EXPECT_FALSE(this->directory().View()->stale);

  this->harness_.DropEngine(record);
  EXPECT_TRUE(this->AwaitView([](const DirectoryView& view) { return view.engines.empty(); }));
}

TYPED_TEST_P(EngineDirectoryContract, AnswersWhichEnginesAreRegisteredNow) {
  const EngineRecord record = SampleEngine("alice");
  const auto ask = [this](const EngineKey& key) {
    return this->template Call<std::vector<EngineId>>(
        [&](auto done) { this->directory().EnginesOf(key, done); });
  };
  EXPECT_EQ(ask(record.key), std::vector<EngineId>());

  this->harness_.AddEngine(record);

  EXPECT_EQ(ask(record.key), std::vector{record.id});
  EXPECT_EQ(ask(SampleEngine("bob").key), std::vector<EngineId>());
}

TYPED_TEST_P(EngineDirectoryContract, ShowsTheEnginesOfAKeyOldestFirst) {
  const EngineRecord young = SampleEngine("alice", 2);
  const EngineRecord old = SampleEngine("alice", 1);
  this->harness_.AddEngine(young);
  this->harness_.AddEngine(old);

  ASSERT_TRUE(this->AwaitEngine(young) && this->AwaitEngine(old));

  EXPECT_THAT(this->directory().View()->engines.at(old.key), testing::ElementsAre(old, young));
}

TYPED_TEST_P(EngineDirectoryContract, KeepsAViewThatWasTaken) {
  const EngineRecord record = SampleEngine("alice");
  this->harness_.AddEngine(record);
  ASSERT_TRUE(this->AwaitEngine(record));
  const auto taken = this->directory().View();

  this->harness_.DropEngine(record);
  ASSERT_TRUE(this->AwaitView([](const DirectoryView& view) { return view.engines.empty(); }));

  EXPECT_NE(taken->Find(record.id), nullptr);
}

TYPED_TEST_P(EngineDirectoryContract, GivesALaunchLockOnce) {
  const EngineKey key = KeyOf("alice");

  EXPECT_EQ(this->Acquire(key), true);
  EXPECT_EQ(this->Acquire(key), false);
  EXPECT_EQ(this->Acquire(KeyOf("bob")), true);

  EXPECT_TRUE(this->Release(key).has_value());
  EXPECT_EQ(this->Acquire(key), true);
}

TYPED_TEST_P(EngineDirectoryContract, DoesNotGiveALockThatAnotherGatewayHas) {
  const EngineKey key = KeyOf("alice");
  this->harness_.HoldLockElsewhere(key);

  EXPECT_EQ(this->Acquire(key), false);

  EXPECT_TRUE(this->Release(key).has_value());
  EXPECT_EQ(this->Acquire(key), false) << "a release must not free another gateway's lock";
}

TYPED_TEST_P(EngineDirectoryContract, ReleasesALockThatIsNotHeldWithoutError) {
  EXPECT_TRUE(this->Release(KeyOf("nobody")).has_value());
}

TYPED_TEST_P(EngineDirectoryContract, TellsWhenALockIsFree) {
  const EngineKey key = KeyOf("alice");
  const auto await = [&](auto done) { this->directory().AwaitLaunchLockFree(key, done); };
  EXPECT_TRUE(this->template Call<void>(await).has_value());
  this->harness_.HoldLockElsewhere(key);

  const auto first = this->template Begin<void>(await);
  const auto second = this->template Begin<void>(await);
  EXPECT_EQ(this->Acquire(key), false);
  EXPECT_EQ(first->times(), 0);
  this->harness_.FreeLockElsewhere(key);
  this->harness_.Settle();

  const auto first_answer = first->Wait();
  EXPECT_TRUE(first_answer && *first_answer);
  const auto second_answer = second->Wait();
  EXPECT_TRUE(second_answer && *second_answer);
  EXPECT_EQ(this->Acquire(key), true);
}

TYPED_TEST_P(EngineDirectoryContract, FindsNoSessionThatWasNeverBound) {
  const auto found = this->Find(SampleBinding("alice"));

  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, std::nullopt);
}

TYPED_TEST_P(EngineDirectoryContract, KeepsTheFirstBindingOfASession) {
  const SessionBinding first = SampleBinding("al ice/ü@EXAMPLE.COM");
  SessionBinding second = first;
  second.engine = EngineId(NewUuid());

  EXPECT_EQ(this->Bind(first), first);
  EXPECT_EQ(this->Bind(second), first);

  EXPECT_EQ(this->Find(first)->value(), first);
}

TYPED_TEST_P(EngineDirectoryContract, GivesARaceOfBindingsToOne) {
  const SessionBinding first = SampleBinding("alice");
  SessionBinding second = first;
  second.engine = EngineId(NewUuid());

  const auto one = this->template Begin<SessionBinding>(
      [&](auto done) { this->directory().BindSession(first, done); });
  const auto other = this->template Begin<SessionBinding>(
      [&](auto done) { this->directory().BindSession(second, done); });
  this->harness_.Settle();

  EXPECT_EQ(one->Wait()->value(), other->Wait()->value());
}

TYPED_TEST_P(EngineDirectoryContract, NotesTheLatestUseOfASession) {
  using namespace std::chrono_literals;
  const SessionBinding bound = SampleBinding("alice");
  const auto note = [&](const SessionBinding& binding) {
    return this->template Call<void>(
        [&](auto done) { this->directory().NoteSessionUse(binding, done); });
  };
  ASSERT_TRUE(this->Bind(bound).has_value());
  EXPECT_EQ(this->Find(bound)->value().LastUse(), bound.created_at);

  SessionBinding used = bound;
  used.used_at = bound.created_at + 1h;
  EXPECT_TRUE(note(used).has_value());
  SessionBinding earlier = bound;
  earlier.used_at = bound.created_at + 1min;
  EXPECT_TRUE(note(earlier).has_value());
  EXPECT_EQ(this->Find(bound)->value(), used);

  SessionBinding elsewhere = used;
  elsewhere.engine = EngineId(NewUuid());
  EXPECT_EQ(note(elsewhere).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(this->Find(bound)->value(), used);

  ASSERT_TRUE(this->Unbind(bound).has_value());
  EXPECT_EQ(note(used).error().code, Code::kNotFound);
  EXPECT_FALSE(this->Find(bound)->has_value());
}

TYPED_TEST_P(EngineDirectoryContract, ForgetsABindingThatIsTakenBack) {
  const SessionBinding binding = SampleBinding("alice");
  ASSERT_TRUE(this->Bind(binding).has_value());

  EXPECT_TRUE(this->Unbind(binding).has_value());
  EXPECT_TRUE(this->Unbind(binding).has_value());

  EXPECT_EQ(*this->Find(binding), std::nullopt);
}

TYPED_TEST_P(EngineDirectoryContract, KeepsSessionsOfDifferentUsersApart) {
  const SessionBinding alices = SampleBinding("alice");
  SessionBinding bobs = alices;
  bobs.user = UserId("bob");
  bobs.key = KeyOf("bob");

  EXPECT_EQ(this->Bind(alices), alices);
  EXPECT_EQ(this->Bind(bobs), bobs);
}

TYPED_TEST_P(EngineDirectoryContract, WritesTheLastControlCommand) {
  using namespace std::chrono_literals;
  const EngineId engine(NewUuid());
  const auto send = [&](const ControlCommand& command) {
    return this->template Call<void>(
        [&](auto done) { this->directory().SendControl(engine, command, done); });
  };

  EXPECT_TRUE(send({"stop", 30s, "idle", "alice"}).has_value());
  EXPECT_TRUE(send({"stop", 10s, "kill", "admin"}).has_value());

  const auto control = this->harness_.Control(engine);
  ASSERT_TRUE(control.has_value());
  EXPECT_EQ(control->grace, 10s);
  EXPECT_EQ(control->reason, "kill");
  EXPECT_EQ(control->by, "admin");
}

TYPED_TEST_P(EngineDirectoryContract, ClearsAControlCommand) {
  const EngineId engine(NewUuid());
  const auto clear = [&](auto done) { this->directory().ClearControl(engine, done); };
  ASSERT_TRUE(
      this->template Call<void>([&](auto done) { this->directory().SendControl(engine, {}, done); })
          .has_value());

  EXPECT_TRUE(this->template Call<void>(clear).has_value());
  EXPECT_TRUE(this->template Call<void>(clear).has_value());

  EXPECT_FALSE(this->harness_.Control(engine).has_value());
}

TYPED_TEST_P(EngineDirectoryContract, RemovesTheRegistrationOfADeadEngine) {
  const EngineRecord record = SampleEngine("alice");
  this->harness_.AddEngine(record);
  ASSERT_TRUE(this->AwaitEngine(record));
  const auto remove = [&](auto done) {
    this->directory().RemoveEngine(record.key, record.id, done);
  };

  EXPECT_TRUE(this->template Call<void>(remove).has_value());
  EXPECT_TRUE(this->AwaitView([](const DirectoryView& view) { return view.engines.empty(); }));
  EXPECT_TRUE(this->template Call<void>(remove).has_value());
}

TYPED_TEST_P(EngineDirectoryContract, RegistersAnEngineThatCannotDoSoItself) {
  EngineRecord record = SampleEngine("alice");
  record.registered_by = "admin";
  record.sealed_secret = "v1.AAAA";
  const auto put = [&] {
    return this->template Call<void>([&](auto done) { this->directory().PutEngine(record, done); });
  };

  EXPECT_TRUE(put());
  EXPECT_TRUE(this->AwaitEngine(record));
  EXPECT_EQ(put().error().code, Code::kAlreadyExists);

  EXPECT_TRUE(this->template Call<void>(
      [&](auto done) { this->directory().RemoveEngine(record.key, record.id, done); }));
  EXPECT_TRUE(this->AwaitView([](const DirectoryView& view) { return view.engines.empty(); }));
}

REGISTER_TYPED_TEST_SUITE_P(EngineDirectoryContract, RegistersAnEngineThatCannotDoSoItself,
                            ShowsAnEngineFromItsRegistrationToItsEnd,
                            AnswersWhichEnginesAreRegisteredNow, ShowsTheEnginesOfAKeyOldestFirst,
                            KeepsAViewThatWasTaken, GivesALaunchLockOnce,
                            DoesNotGiveALockThatAnotherGatewayHas,
                            ReleasesALockThatIsNotHeldWithoutError, TellsWhenALockIsFree,
                            FindsNoSessionThatWasNeverBound, KeepsTheFirstBindingOfASession,
                            GivesARaceOfBindingsToOne, NotesTheLatestUseOfASession,
                            ForgetsABindingThatIsTakenBack, KeepsSessionsOfDifferentUsersApart,
                            WritesTheLastControlCommand, ClearsAControlCommand,
                            RemovesTheRegistrationOfADeadEngine);

}  // namespace foxfire::discovery
