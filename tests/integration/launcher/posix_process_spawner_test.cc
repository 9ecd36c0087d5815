#include "engine_launcher/posix_process_spawner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <vector>

#include "engine_launcher/awaited.h"
#include "engine_launcher/command_output.h"
#include "engine_launcher/launch_thread.h"
#include "engine_launcher/os_user.h"
#include "engine_launcher/process_info.h"
#include "tests/support/temp_folder.h"

namespace foxfire::launcher {
namespace {

using testing::HasSubstr;

constexpr Duration kPatience = std::chrono::seconds(20);

class PosixProcessSpawnerTest : public testing::Test {
 protected:
  Result<CommandOutput> Shell(const std::string& script) {
    ProcessSpec spec = spec_;
    spec.argv = {"/bin/sh", "-c", script};
    return RunCommand(spawner_, spec, kPatience);
  }
  std::string OutputOf(const std::string& script) {
    const auto output = Shell(script);
    return output ? output->text : output.error().message;
  }

  ProcessSpec spec_;
  PosixProcessSpawner spawner_;
};

TEST_F(PosixProcessSpawnerTest, CatchesBothOutputs) {
  EXPECT_EQ(OutputOf("echo out; echo err >&2"), "out\nerr\n");
}

TEST_F(PosixProcessSpawnerTest, SaysHowAProcessEnded) {
  EXPECT_TRUE(Shell("exit 0")->end.succeeded());
  EXPECT_EQ(Shell("exit 3")->end.ToString(), "exit status 3");
  EXPECT_EQ(Shell("kill -9 $$")->end.ToString(), "signal 9");
}

TEST_F(PosixProcessSpawnerTest, GivesExactlyTheEnvironmentThatItIsTold) {
  spec_.environment = {{"A", "1 2"}, {"B", ""}};

  EXPECT_EQ(OutputOf("/usr/bin/env | grep -v -e ^PWD= -e ^_="), "A=1 2\nB=\n");
}

TEST_F(PosixProcessSpawnerTest, RunsAsAnotherUserWithAllItsGroups) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto nobody = FindOsUser("nobody");
  ASSERT_TRUE(nobody) << nobody.error().message;
  spec_.user = nobody->ids;
  spec_.user->groups = {nobody->ids.gid, 4242};

  const std::string output = OutputOf("grep -E '^(Uid|Gid|Groups|CapEff):' /proc/self/status");

  // Real, effective, saved and file system's: no way back to root.
  const auto four = [](auto id) { return fmt::format("\t{0}\t{0}\t{0}\t{0}\n", id); };
  EXPECT_THAT(output, HasSubstr("Uid:" + four(nobody->ids.uid)));
  EXPECT_THAT(output, HasSubstr("Gid:" + four(nobody->ids.gid)));
  EXPECT_THAT(output, HasSubstr(fmt::format("Groups:\t4242 {}", nobody->ids.gid)));
  EXPECT_THAT(output, HasSubstr("CapEff:\t0000000000000000\n"));
}

TEST_F(PosixProcessSpawnerTest, SaysSoIfItMayNotBecomeAnother) {
  spec_.user = ProcessUser{static_cast<uid_t>(-1), static_cast<gid_t>(-1), {}};
  if (geteuid() == 0) spec_.user = ProcessUser{65534, 65534, std::vector<gid_t>(70000, 1)};

  EXPECT_THAT(OutputOf("id"), HasSubstr("becoming user"));
}

TEST_F(PosixProcessSpawnerTest, EntersOnlyFoldersOfTheUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const TempFolder roots;  // 0700
  spec_.user = ProcessUser{65534, 65534, {65534}};
  spec_.working_folder = roots.path();

  EXPECT_THAT(OutputOf("pwd"), HasSubstr("entering " + roots.path().string()));
}

TEST_F(PosixProcessSpawnerTest, EntersTheWorkingFolder) {
  const TempFolder folder;
  spec_.working_folder = folder.path();

  EXPECT_EQ(OutputOf("pwd"), folder.path().string() + "\n");
}

TEST_F(PosixProcessSpawnerTest, NewFilesAreForThisUserOnly) {
  EXPECT_EQ(OutputOf("umask"), "0077\n");
}

TEST_F(PosixProcessSpawnerTest, LeadsASessionOfItsOwn) {
  // Fields 1, 5 and 6 of stat: pid, process group, session.
  EXPECT_EQ(OutputOf("read -r line < /proc/$$/stat; set -- ${line##*) }; "
                     "test $3 = $$ && test $4 = $$ && echo leads"),
            "leads\n");
}

TEST_F(PosixProcessSpawnerTest, HandsDownNoDescriptors) {
  const int leaking = open("/dev/null", O_RDONLY);  // as a library might, without O_CLOEXEC
  ASSERT_GE(leaking, 3);

  EXPECT_EQ(OutputOf("cd /proc/self/fd && echo *"), "0 1 2 3\n");  // 3: the shell's, for the list

  close(leaking);
}

TEST_F(PosixProcessSpawnerTest, StartsWithoutBlockedOrIgnoredSignals) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto ignored = signal(SIGPIPE, SIG_IGN);

  const std::string masks = OutputOf("grep -E '^Sig(Blk|Ign)' /proc/self/status");

  signal(SIGPIPE, ignored);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(masks, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(PosixProcessSpawnerTest, LowersThePriority) {
  spec_.nice = 7;

  EXPECT_EQ(OutputOf("nice"), "7\n");
}

TEST_F(PosixProcessSpawnerTest, ReportsAProgramThatDoesNotExist) {
  spec_.argv = {"/nonexistent/java"};

  const auto process = spawner_.Spawn(spec_);

  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().message, "exec /nonexistent/java: No such file or directory");
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left behind";
}

TEST_F(PosixProcessSpawnerTest, ReportsAProgramThatMayNotRun) {
  const TempFolder folder;
  spec_.argv = {folder.Write("java", "#!/bin/sh\n", 0600).string()};

  EXPECT_THAT(spawner_.Spawn(spec_).error().message, HasSubstr("Permission denied"));
}

TEST_F(PosixProcessSpawnerTest, ReportsAFolderThatDoesNotExist) {
  spec_.working_folder = "/nonexistent";

  EXPECT_EQ(Shell("true").error().message, "entering /nonexistent: No such file or directory");
}

TEST_F(PosixProcessSpawnerTest, ReportsAnEmptyCommand) { EXPECT_FALSE(spawner_.Spawn(spec_)); }

TEST_F(PosixProcessSpawnerTest, EndsACommandThatTakesTooLong) {
  spec_.argv = {"/bin/sh", "-c", "sleep 600"};

  const auto output = RunCommand(spawner_, spec_, std::chrono::milliseconds(50));

  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, Code::kDeadlineExceeded);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left behind";
}

TEST_F(PosixProcessSpawnerTest, StartsProcessesFromManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i, &right] {
      for (int j = 0; j < 10; ++j) {
        ProcessSpec spec;
        spec.argv = {"/bin/sh", "-c", "echo " + std::to_string(i)};
        const auto output = RunCommand(spawner_, spec, kPatience);
        if (output && output->text == std::to_string(i) + "\n") ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(right, 40);
}

TEST(LaunchThreadProcessTest, ReportsEndsOfChildrenAndOfStrangers) {
  SystemClock clock;
  PosixProcessSpawner spawner;
  LaunchThread thread(spawner, clock);
  ProcessSpec spec;
  // The shell's child is a stranger to this process: it can only be watched, not reaped.
  spec.argv = {"/bin/sh", "-c", "sleep 600 & echo $!; wait $!; exit 4"};
  TempFolder folder;
  const Path log = folder.Write("log", "");
  const UniqueFd output(open(log.c_str(), O_WRONLY | O_CLOEXEC));
  spec.output_fd = output.get();
  auto shell = spawner.Spawn(spec);
  ASSERT_TRUE(shell) << shell.error().message;
  const SteadyTime deadline = clock.Now() + kPatience;
  while (ReadFile(log)->empty() && clock.Now() < deadline) std::this_thread::yield();
  const int64_t stranger = std::atoll(ReadFile(log)->c_str());
  auto stranger_process = OpenProcess(stranger);
  ASSERT_TRUE(stranger_process) << stranger_process.error().message;

  const auto shell_end = Awaited<ProcessEnd>::Make();
  const auto stranger_end = Awaited<ProcessEnd>::Make();
  thread.Watch(std::move(shell->pidfd), [shell_end](ProcessEnd end) { shell_end->Set(end); });
  thread.Watch(*std::move(stranger_process),
               [stranger_end](ProcessEnd end) { stranger_end->Set(end); });
  ASSERT_TRUE(SignalGroup(stranger, SIGTERM));

  EXPECT_EQ(stranger_end->Wait(kPatience)->ToString(), "exit status unknown");
  EXPECT_EQ(shell_end->Wait(kPatience)->ToString(), "exit status 4");
}

}  // namespace
}  // namespace foxfire::launcher
