#include "common/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace foxfire {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return MakeError(Code::kInvalidArgument, "odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  ASSIGN_OR_RETURN(const int half, Half(number));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Result<void> MustBeEven(int number) {
  RETURN_IF_ERROR(Half(number));
  return {};
}

Result<void> MustBeEvenInContext(int number) {
  RETURN_IF_ERROR_CONTEXT(Half(number), "checking");
  return {};
}

Result<std::unique_ptr<int>> MoveOnly() {
  ASSIGN_OR_RETURN(auto pointer, Result<std::unique_ptr<int>>(std::make_unique<int>(7)));
  return pointer;
}

TEST(ResultTest, ValuesAndErrorsPassThroughTheMacros) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).error(), (Error{Code::kInvalidArgument, "odd"}));
  EXPECT_TRUE(MustBeEven(2));
  EXPECT_EQ(MustBeEven(3).error().message, "odd");
  EXPECT_TRUE(MustBeEvenInContext(2));
  EXPECT_EQ(MustBeEvenInContext(3).error(), (Error{Code::kInvalidArgument, "checking: odd"}));
  EXPECT_EQ(*MoveOnly().value(), 7);
}

TEST(ResultTest, ContextReadsFromOutsideIn) {
  const Error inner{Code::kNotFound, "no file"};

  const Error outer = WithContext(WithContext(inner, "opening").value(), "starting").value();

  EXPECT_EQ(outer.ToString(), "NOT_FOUND: starting: opening: no file");
}

TEST(ResultTest, CodesHaveTheirGrpcNames) {
  EXPECT_EQ(CodeName(Code::kOk), "OK");
  EXPECT_EQ(CodeName(Code::kUnavailable), "UNAVAILABLE");
  EXPECT_EQ(CodeName(Code::kUnauthenticated), "UNAUTHENTICATED");
  EXPECT_EQ(CodeName(static_cast<Code>(17)), "UNKNOWN");
  EXPECT_EQ(CodeName(static_cast<Code>(-1)), "UNKNOWN");
}

TEST(ResultTest, SystemErrorsBecomeCodesAndWords) {
  EXPECT_EQ(ErrnoError(ENOENT, "opening /x"),
            (Error{Code::kNotFound, "opening /x: No such file or directory"}));
  EXPECT_EQ(ErrnoError(EACCES, "x").code, Code::kPermissionDenied);
  EXPECT_EQ(ErrnoError(EPERM, "x").code, Code::kPermissionDenied);
  EXPECT_EQ(ErrnoError(EEXIST, "x").code, Code::kAlreadyExists);
  EXPECT_EQ(ErrnoError(ENOSPC, "x").code, Code::kResourceExhausted);
  EXPECT_EQ(ErrnoError(EIO, "x").code, Code::kInternal);
}

}  // namespace
}  // namespace foxfire
