#include "common/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_folder.h"

namespace foxfire {
namespace {

class FilesTest : public testing::Test {
 protected:
  static mode_t ModeOf(const Path& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }

  TempFolder folder_;
};

TEST_F(FilesTest, ReadsWhatWasWritten) {
  const Path file = folder_ / "file";
  const std::string content("a\0b\n", 4);

  ASSERT_TRUE(WriteFileAtomically(file, content, 0640));

  EXPECT_EQ(ReadFile(file).value(), content);
  EXPECT_EQ(ModeOf(file), 0640U);
}

TEST_F(FilesTest, ReplacesAFileAndItsModeAndLeavesNothingElse) {
  const Path file = folder_.Write("file", "old and longer", 0644);

  ASSERT_TRUE(WriteFileAtomically(file, "new", 0600));

  EXPECT_EQ(ReadFile(file).value(), "new");
  EXPECT_EQ(ModeOf(file), 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(FilesTest, AFailedWriteKeepsTheOldAndLeavesNothingElse) {
  ASSERT_TRUE(MakeFolder(folder_ / "taken/inside"));

  const auto onto_a_folder = WriteFileAtomically(folder_ / "taken", "x", 0600);
  const auto nowhere = WriteFileAtomically(folder_ / "none/file", "x", 0600);

  ASSERT_FALSE(onto_a_folder);
  EXPECT_NE(onto_a_folder.error().message.find("taken"), std::string::npos);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Code::kNotFound);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(FilesTest, ReadingNamesThePathInEveryError) {
  const Path pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const Path large = folder_.Write("large", "12345");

  const auto missing = ReadFile(folder_ / "missing");
  const auto a_folder = ReadFile(folder_.path());
  const auto a_pipe = ReadFile(pipe);
  const auto too_large = ReadFile(large, 4);

  ASSERT_FALSE(missing || a_folder || a_pipe || too_large);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_NE(missing.error().message.find("missing"), std::string::npos);
  EXPECT_NE(a_folder.error().message.find("not a regular file"), std::string::npos);
  EXPECT_NE(a_pipe.error().message.find("pipe: not a regular file"), std::string::npos);
  EXPECT_EQ(too_large.error().code, Code::kResourceExhausted);
  EXPECT_EQ(ReadFile(large, 5).value(), "12345");
}

TEST_F(FilesTest, ReadsTheEndOfAFile) {
  const Path file = folder_.Write("file", "12345");

  EXPECT_EQ(ReadFileTail(file, 2).value(), "45");
  EXPECT_EQ(ReadFileTail(file, 0).value(), "");
  EXPECT_EQ(ReadFileTail(file, 99).value(), "12345");
  EXPECT_EQ(ReadFileTail(folder_ / "missing", 2).error().code, Code::kNotFound);
}

TEST_F(FilesTest, APrivateFileIsMadeOnceForItsOwnerOnly) {
  const Path file = folder_ / "secret";

  ASSERT_TRUE(CreatePrivateFile(file, "first"));
  const auto second = CreatePrivateFile(file, "second");

  EXPECT_EQ(ModeOf(file), 0600U);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  EXPECT_EQ(ReadFile(file).value(), "first");
}

TEST_F(FilesTest, MakesFoldersWithTheirParents) {
  ASSERT_TRUE(MakeFolder(folder_ / "a/b/c", 0700));
  ASSERT_TRUE(MakeFolder(folder_ / "d/e/", 0700));
  ASSERT_TRUE(MakeFolder(folder_ / "a/b/c", 0755));

  EXPECT_EQ(ModeOf(folder_ / "a/b/c"), 0700U);
  EXPECT_EQ(ModeOf(folder_ / "d/e"), 0700U);
  EXPECT_TRUE(MakeFolder("/"));
  EXPECT_TRUE(MakeFolder("."));
}

TEST_F(FilesTest, AFileWhereAFolderShouldBeIsAnError) {
  folder_.Write("file", "x");

  const auto in_place = MakeFolder(folder_ / "file");
  const auto below = MakeFolder(folder_ / "file/folder");

  ASSERT_FALSE(in_place || below);
  EXPECT_EQ(in_place.error().code, Code::kAlreadyExists);
  EXPECT_NE(below.error().message.find("creating the folder"), std::string::npos);
}

}  // namespace
}  // namespace foxfire
