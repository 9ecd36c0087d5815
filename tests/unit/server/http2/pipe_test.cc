#include "server/http2/pipe.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace foxfire::server::http2 {
namespace {

constexpr uint32_t kBlock = 64 << 10;

class PipeTest : public testing::Test {
 protected:
  // A block that holds `text`.
  Block* Filled(std::string_view text) {
    Block* block = memory_.large().Get();
    std::memcpy(block->data(), text.data(), text.size());
    return block;
  }
  static std::string Text(const Pipe& pipe) {
    std::string text;
    for (size_t i = 0; i < pipe.count(); ++i) {
      text.append(reinterpret_cast<const char*>(pipe[i].data), pipe[i].size);
    }
    return text;
  }
  void Push(Pipe& pipe, const std::string& text) {
    Block* block = Filled(text);
    pipe.Push(block, block->data(), static_cast<uint32_t>(text.size()));
    Unref(block);
  }

  LoopMemory memory_{kBlock};
};

TEST_F(PipeTest, KeepsLargePiecesByReferenceAndCopiesSmallOnes) {
  Pipe pipe(memory_);
  const std::string large(LoopMemory::kCopyBelow, 'l');
  Block* block = Filled(large);
  pipe.Push(block, block->data(), LoopMemory::kCopyBelow);
  pipe.Push(block, block->data(), 10);

  EXPECT_EQ(block->references, 2U);
  EXPECT_EQ(pipe[0].data, block->data());
  EXPECT_NE(pipe[1].block, block);
  EXPECT_EQ(Text(pipe), large + std::string(10, 'l'));
  Unref(block);
}

TEST_F(PipeTest, JoinsSmallPiecesThatLieSideBySide) {
  Pipe pipe(memory_);

  Push(pipe, "one ");
  Push(pipe, "two");

  EXPECT_EQ(pipe.count(), 1U);
  EXPECT_EQ(Text(pipe), "one two");
}

TEST_F(PipeTest, MovingTellsHowMuchIsOwedOnce) {
  Pipe from(memory_);
  Pipe to(memory_);
  Push(from, std::string(5000, 'a'));
  from.Append(reinterpret_cast<const uint8_t*>("ours"), 4);

  EXPECT_EQ(from.MoveTo(to, 3000), 3000U);
  EXPECT_EQ(from.MoveTo(to, 2004), 2000U);

  EXPECT_TRUE(from.empty());
  EXPECT_EQ(Text(to), std::string(5000, 'a') + "ours");
  EXPECT_EQ(to.Clear(), 0U);
}

TEST_F(PipeTest, DropsFromBothEnds) {
  Pipe pipe(memory_);
  Push(pipe, "abcdef");
  pipe.Append(reinterpret_cast<const uint8_t*>("XYZ"), 3);

  pipe.Drop(2);
  EXPECT_EQ(pipe.DropTail(4), 1U);

  EXPECT_EQ(Text(pipe), "cde");
  EXPECT_EQ(pipe.bytes(), 3U);
}

TEST_F(PipeTest, SettledBytesAreNotOwedAgain) {
  Pipe pipe(memory_);
  Push(pipe, "abc");

  EXPECT_EQ(pipe.Settle(), 3U);
  EXPECT_EQ(pipe.Settle(), 0U);
  EXPECT_EQ(pipe.Clear(), 0U);
}

TEST_F(PipeTest, GivesBlocksBackToTheirPool) {
  Block* first = nullptr;
  {
    Pipe pipe(memory_);
    Push(pipe, std::string(kBlock, 'x'));
    first = pipe[0].block;
  }

  Block* again = memory_.large().Get();

  EXPECT_EQ(again, first);
  Unref(again);
}

TEST_F(PipeTest, SurvivesManySlices) {
  Pipe from(memory_);
  Pipe to(memory_);
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(LoopMemory::kCopyBelow + static_cast<uint32_t>(i),
                            static_cast<char>('a' + i % 26));
    Push(from, piece);
    all += piece;
    if (i % 3 == 0) from.MoveTo(to, from.bytes() / 2);
  }
  from.MoveTo(to, from.bytes());

  EXPECT_EQ(Text(to), all);
}

}  // namespace
}  // namespace foxfire::server::http2
