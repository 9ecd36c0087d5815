// Errors as gRPC's own status, whose codes have the same numbers.
#pragma once

#include <grpcpp/support/status.h>

#include "common/result.h"

namespace foxfire::server {

grpc::Status ToGrpcStatus(const Error& error);

}  // namespace foxfire::server
