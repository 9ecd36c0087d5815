#include "common/result.h"

#include <array>
#include <system_error>

namespace foxfire {

std::string_view CodeName(Code code) {
  static constexpr std::array<std::string_view, 17> kNames = {"OK",
                                                              "CANCELLED",
                                                              "UNKNOWN",
                                                              "INVALID_ARGUMENT",
                                                              "DEADLINE_EXCEEDED",
                                                              "NOT_FOUND",
                                                              "ALREADY_EXISTS",
                                                              "PERMISSION_DENIED",
                                                              "RESOURCE_EXHAUSTED",
                                                              "FAILED_PRECONDITION",
                                                              "ABORTED",
                                                              "OUT_OF_RANGE",
                                                              "UNIMPLEMENTED",
                                                              "INTERNAL",
                                                              "UNAVAILABLE",
                                                              "DATA_LOSS",
                                                              "UNAUTHENTICATED"};
  const auto index = static_cast<size_t>(code);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

std::string Error::ToString() const { return std::string(CodeName(code)) + ": " + message; }

Error ErrnoError(int errno_value, std::string_view doing) {
  const Code code = errno_value == ENOENT                            ? Code::kNotFound
                    : errno_value == EACCES || errno_value == EPERM  ? Code::kPermissionDenied
                    : errno_value == EEXIST                          ? Code::kAlreadyExists
                    : errno_value == ENOSPC || errno_value == EMFILE ? Code::kResourceExhausted
                                                                     : Code::kInternal;
  return {code, std::string(doing) + ": " + std::generic_category().message(errno_value)};
}

}  // namespace foxfire
