#include "engine_launcher/process_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <limits>

#include "engine_launcher/posix_process_spawner.h"

namespace foxfire::launcher {
namespace {

// Above what Linux gives out.
constexpr int64_t kNobody = 4'999'999;

TEST(ProcessInfoTest, ReadsTheCommandLine) {
  PosixProcessSpawner spawner;
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", "sleep 600; true", "a b", ""};
  const auto process = spawner.Spawn(spec);
  ASSERT_TRUE(process);

  EXPECT_EQ(CommandLine(process->pid), spec.argv);
  EXPECT_TRUE(HasArgument(process->pid, "a b"));
  EXPECT_FALSE(HasArgument(process->pid, "a"));

  ASSERT_TRUE(SignalGroup(process->pid, SIGKILL));
  EXPECT_EQ(waitpid(static_cast<pid_t>(process->pid), nullptr, 0), process->pid);
}

TEST(ProcessInfoTest, WithoutFileDescriptorsNobodyCanSay) {
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none{0, usual.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto found = HasArgumentWith(getpid(), "launcher_integration");
  const auto opened = OpenProcess(getpid());
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);

  EXPECT_FALSE(found);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().code, Code::kNotFound);
  EXPECT_TRUE(HasArgumentWith(getpid(), "launcher_integration").value());
  EXPECT_FALSE(HasArgumentWith(kNobody, "process_info").value());
}

TEST(ProcessInfoTest, KnowsNothingOfProcessesThatAreGone) {
  for (const int64_t pid :
       {kNobody, int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    EXPECT_FALSE(CommandLine(pid)) << pid;
    EXPECT_FALSE(StartTicks(pid)) << pid;
    EXPECT_FALSE(ResidentBytes(pid)) << pid;
    EXPECT_FALSE(OpenProcess(pid)) << pid;
    EXPECT_FALSE(SignalGroup(pid, 0)) << pid;
  }
}

TEST(ProcessInfoTest, NeverSignalsEverybody) { EXPECT_FALSE(SignalGroup(1, 0)); }

TEST(ProcessInfoTest, StartTicksIgnoreWhatTheNameHolds) {
  const auto before = StartTicks(getpid());
  char name[16] = {};
  prctl(PR_GET_NAME, name);
  prctl(PR_SET_NAME, "a) R 1 2 3");

  EXPECT_EQ(StartTicks(getpid()), before);
  EXPECT_GT(before.value_or(0), 0U);

  prctl(PR_SET_NAME, name);
}

}  // namespace
}  // namespace foxfire::launcher
