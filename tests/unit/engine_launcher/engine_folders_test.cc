#include "engine_launcher/engine_folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "tests/support/temp_folder.h"

namespace foxfire::launcher {
namespace {

using std::filesystem::exists;

mode_t ModeOf(const Path& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

class EngineFoldersTest : public testing::Test {
 protected:
  // An ended engine's folder that was last changed so long ago.
  EngineId Old(std::chrono::minutes age) {
    EngineId id(NewUuid());
    EXPECT_TRUE(folders_.Create(id, Secret("s")));
    Age(id, age);
    return id;
  }
  void Age(const EngineId& id, std::chrono::minutes age) {
    std::filesystem::last_write_time(folders_.FilesOf(id).folder,
                                     std::filesystem::file_time_type::clock::now() - age);
  }

  TempFolder state_;
  EngineFolders folders_{state_.path(), 2};
};

TEST_F(EngineFoldersTest, FilesAreForThisUserOnly) {
  const auto files = folders_.Create(EngineId(NewUuid()), Secret("hush"));
  ASSERT_TRUE(files) << files.error().message;
  EngineCommand command;
  command.properties = "a=b\n";
  const auto log = FillEngineFiles(*files, command);
  ASSERT_TRUE(log) << log.error().message;

  EXPECT_EQ(ModeOf(files->folder), 0700U);
  EXPECT_EQ(ModeOf(files->secret), 0600U);
  EXPECT_EQ(ModeOf(files->properties), 0600U);
  EXPECT_EQ(ModeOf(files->log), 0600U);
  EXPECT_EQ(*ReadFile(files->secret), "hush");
  EXPECT_EQ(*ReadFile(files->properties), "a=b\n");
}

TEST_F(EngineFoldersTest, RefusesAnIdThatIsNoUuid) {
  const auto files = folders_.Create(EngineId("../../etc"), Secret("hush"));

  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, Code::kInvalidArgument);
}

TEST_F(EngineFoldersTest, RefusesAnIdThatIsTaken) {
  const EngineId id(NewUuid());
  ASSERT_TRUE(folders_.Create(id, Secret("first")));

  const auto again = folders_.Create(id, Secret("second"));

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kAlreadyExists);
  EXPECT_EQ(*ReadFile(folders_.FilesOf(id).secret), "first");
}

TEST_F(EngineFoldersTest, CleaningLeavesTheLog) {
  const EngineId id(NewUuid());
  const auto files = folders_.Create(id, Secret("hush"));
  ASSERT_TRUE(files);
  ASSERT_TRUE(FillEngineFiles(*files, EngineCommand()));
  state_.Write(id.str() + "/tmp/blockmgr/shuffle.data", "x");

  folders_.Clean(id);

  EXPECT_FALSE(exists(files->scratch));
  EXPECT_FALSE(exists(files->secret));
  EXPECT_TRUE(exists(files->log));
}

TEST_F(EngineFoldersTest, DiscardingLeavesNothing) {
  const EngineId id(NewUuid());
  ASSERT_TRUE(folders_.Create(id, Secret("hush")));

  folders_.Discard(id);

  EXPECT_FALSE(exists(folders_.FilesOf(id).folder));
}

TEST_F(EngineFoldersTest, SweepingKeepsTheNewest) {
  const EngineId oldest = Old(std::chrono::minutes(40));
  const EngineId middle = Old(std::chrono::minutes(30));
  const EngineId newest = Old(std::chrono::minutes(20));

  folders_.Sweep();

  EXPECT_FALSE(exists(folders_.FilesOf(oldest).folder));
  EXPECT_TRUE(exists(folders_.FilesOf(middle).folder));
  EXPECT_TRUE(exists(folders_.FilesOf(newest).folder));
  EXPECT_FALSE(exists(folders_.FilesOf(newest).secret));
}

TEST_F(EngineFoldersTest, SweepingSparesALaunchUnderWay) {
  const EngineFolders none_kept(state_.path(), 0);
  const EngineId id(NewUuid());
  ASSERT_TRUE(folders_.Create(id, Secret("hush")));

  none_kept.Sweep();

  EXPECT_TRUE(exists(folders_.FilesOf(id).secret));
}

TEST_F(EngineFoldersTest, SweepingTakesAnothersPidForAnEndedEngine) {
  const EngineId id = Old(std::chrono::minutes(20));
  for (const char* rest : {"", " 1"}) {  // runs, but is no engine, and began at another time
    state_.Write(id.str() + "/pid", std::to_string(getpid()) + rest + "\n");
    Age(id, std::chrono::minutes(20));

    folders_.Sweep();

    EXPECT_FALSE(exists(folders_.FilesOf(id).pid)) << rest;
  }
}

TEST_F(EngineFoldersTest, SweepingSparesAProgramWithoutTheEnginesArgument) {
  const EngineFolders none_kept(state_.path(), 0);
  const EngineId id(NewUuid());
  ASSERT_TRUE(none_kept.Create(id, Secret("hush")));
  ASSERT_TRUE(none_kept.WritePid(none_kept.FilesOf(id), getpid()));
  Age(id, std::chrono::minutes(20));

  none_kept.Sweep();

  EXPECT_TRUE(exists(none_kept.FilesOf(id).secret));
}

TEST_F(EngineFoldersTest, SweepingLeavesForeignFilesAlone) {
  state_.Write("notes/read.me", "x");
  state_.Write("foxfire.txt", "x");

  EngineFolders(state_.path(), 0).Sweep();
  EngineFolders(state_ / "nonexistent", 0).Sweep();

  EXPECT_TRUE(exists(state_ / "notes/read.me"));
  EXPECT_TRUE(exists(state_ / "foxfire.txt"));
}

}  // namespace
}  // namespace foxfire::launcher
