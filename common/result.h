// Error values. Nothing in Foxfire throws; what can fail because of the outside world returns a
// Result<T>. The numbers of Code are those of grpc::StatusCode, so that an Error can become the
// status of a call without a table.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace foxfire {

enum class Code : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// The name as the gRPC specification writes it, for example "UNAVAILABLE".
std::string_view CodeName(Code code);

// What went wrong, said once, from the outside in: "opening the store: disk full". A value type.
struct [[nodiscard]] Error {
  Code code = Code::kUnknown;
  std::string message;

  // "NOT_FOUND: no engine 4711"
  std::string ToString() const;
  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> MakeError(Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

// Puts "context: " in front of the message; for the layer that knows what it was doing.
inline tl::unexpected<Error> WithContext(Error error, std::string_view context) {
  error.message = std::string(context) + ": " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

// An Error for errno: "opening /x: No such file or directory".
Error ErrnoError(int errno_value, std::string_view doing);

}  // namespace foxfire

#define FOXFIRE_CONCAT_INNER(a, b) a##b
#define FOXFIRE_CONCAT(a, b) FOXFIRE_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expression)                                                \
  do {                                                                             \
    auto foxfire_result = (expression);                                            \
    if (!foxfire_result) return tl::unexpected(std::move(foxfire_result).error()); \
  } while (false)

#define RETURN_IF_ERROR_CONTEXT(expression, context)                               \
  do {                                                                             \
    auto foxfire_result = (expression);                                            \
    if (!foxfire_result)                                                           \
      return ::foxfire::WithContext(std::move(foxfire_result).error(), (context)); \
  } while (false)

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.
#define ASSIGN_OR_RETURN(declaration, expression) \
  FOXFIRE_ASSIGN_OR_RETURN(FOXFIRE_CONCAT(foxfire_result_, __LINE__), declaration, expression)
#define FOXFIRE_ASSIGN_OR_RETURN(result, declaration, expression) \
  auto result = (expression);                                     \
  if (!result) return tl::unexpected(std::move(result).error());  \
  declaration = *std::move(result)
// NOLINTEND(bugprone-macro-parentheses)
