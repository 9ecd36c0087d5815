#include "cli/exit_code.h"

namespace foxfire::cli {

ExitCode ExitCodeOf(Code code) {
  switch (code) {
    case Code::kOk:
      return ExitCode::kDone;
    case Code::kInvalidArgument:
      return ExitCode::kWrongUsage;
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
      return ExitCode::kNotAllowed;
    case Code::kNotFound:
      return ExitCode::kNotFound;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace foxfire::cli
