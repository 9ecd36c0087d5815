#include "server/admin/grpc_status.h"

namespace foxfire::server {
namespace {

constexpr bool Same(Code ours, grpc::StatusCode theirs) {
  return static_cast<int>(ours) == static_cast<int>(theirs);
}
static_assert(Same(Code::kOk, grpc::OK));
static_assert(Same(Code::kCancelled, grpc::CANCELLED));
static_assert(Same(Code::kUnknown, grpc::UNKNOWN));
static_assert(Same(Code::kInvalidArgument, grpc::INVALID_ARGUMENT));
static_assert(Same(Code::kDeadlineExceeded, grpc::DEADLINE_EXCEEDED));
static_assert(Same(Code::kNotFound, grpc::NOT_FOUND));
static_assert(Same(Code::kAlreadyExists, grpc::ALREADY_EXISTS));
static_assert(Same(Code::kPermissionDenied, grpc::PERMISSION_DENIED));
static_assert(Same(Code::kResourceExhausted, grpc::RESOURCE_EXHAUSTED));
static_assert(Same(Code::kFailedPrecondition, grpc::FAILED_PRECONDITION));
static_assert(Same(Code::kAborted, grpc::ABORTED));
static_assert(Same(Code::kOutOfRange, grpc::OUT_OF_RANGE));
static_assert(Same(Code::kUnimplemented, grpc::UNIMPLEMENTED));
static_assert(Same(Code::kInternal, grpc::INTERNAL));
static_assert(Same(Code::kUnavailable, grpc::UNAVAILABLE));
static_assert(Same(Code::kDataLoss, grpc::DATA_LOSS));
static_assert(Same(Code::kUnauthenticated, grpc::UNAUTHENTICATED));

}  // namespace

grpc::Status ToGrpcStatus(const Error& error) {
  return {static_cast<grpc::StatusCode>(error.code), error.message};
}

}  // namespace foxfire::server
