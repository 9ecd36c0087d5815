#include "server/http2/event_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace foxfire::server::http2 {
namespace {

using namespace std::chrono_literals;

class NoTurn final : public TurnHandler {
 public:
  bool EndTurn() override { return false; }
};

class EventLoopTest : public testing::Test {
 protected:
  void SetUp() override {
    auto loop = EventLoop::Create(clock_);
    ASSERT_TRUE(loop);
    loop_ = *std::move(loop);
  }

  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_;
  NoTurn turn_;
};

TEST_F(EventLoopTest, RunsWhatOtherThreadsPost) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 1000;
  int ran = 0;  // only the loop's thread counts
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTasks; ++i) {
        loop_->Post([&] {
          if (++ran == kThreads * kTasks) loop_->Stop();
        });
      }
    });
  }

  loop_->Run(turn_);

  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, kThreads * kTasks);
}

TEST_F(EventLoopTest, RunsTimersInTheirOrderAndNotThoseThatAreCancelled) {
  std::string order;
  loop_->RunAfter(3ms, [&] {
    order += "c";
    loop_->Stop();
  });
  loop_->RunAfter(1ms, [&] { order += "a"; });
  loop_->Cancel(loop_->RunAfter(1ms, [&] { order += "x"; }));
  loop_->RunAfter(2ms, [&] { order += "b"; });

  loop_->Run(turn_);

  EXPECT_EQ(order, "abc");
}

class PipeReader final : public IoHandler {
 public:
  PipeReader(EventLoop& loop, int fd) : loop_(loop), fd_(fd) {}
  void OnIo(uint32_t) override {
    std::array<char, 16> bytes{};
    const ssize_t n = read(fd_, bytes.data(), bytes.size());
    if (n > 0) text += std::string(bytes.data(), static_cast<size_t>(n));
    loop_.Forget(fd_, *this);
    loop_.Stop();
  }
  std::string text;

 private:
  EventLoop& loop_;
  const int fd_;
};

TEST_F(EventLoopTest, TellsOfReadableDescriptors) {
  std::array<int, 2> fds{};
  ASSERT_EQ(pipe(fds.data()), 0);
  const UniqueFd reading(fds[0]);
  const UniqueFd writing(fds[1]);
  PipeReader reader(*loop_, reading.get());
  ASSERT_TRUE(loop_->WatchReadable(reading.get(), reader));
  ASSERT_EQ(write(writing.get(), "hi", 2), 2);

  loop_->Run(turn_);

  EXPECT_EQ(reader.text, "hi");
}

}  // namespace
}  // namespace foxfire::server::http2
