#include "cli/client.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <chrono>

#include "common/units.h"

namespace foxfire::cli {
namespace {

constexpr int kLargestAnswerBytes = 256 << 20;

// What gRPC logs on its own comes back as an error too.
void DropLog(gpr_log_func_args*) {}

Result<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const ClientOptions& options) {
  if (!options.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions ssl;
  if (!options.ca_file.empty()) {
    auto roots = ReadFile(options.ca_file);
    if (!roots) return MakeError(Code::kInvalidArgument, "--ca-file: " + roots.error().message);
    ssl.pem_root_certs = *std::move(roots);
  }
  return grpc::SslCredentials(ssl);
}

}  // namespace

Result<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  gpr_set_log_function(DropLog);
  ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(options));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kLargestAnswerBytes);
  // An admin port is reached directly, whatever proxy the shell is set up for.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto channel = grpc::CreateCustomChannel(options.server, credentials, arguments);
  return std::unique_ptr<Client>(new Client(std::move(options), pb::Admin::NewStub(channel)));
}

void Client::Prepare(grpc::ClientContext& context, Duration extra) const {
  context.set_deadline(std::chrono::system_clock::now() + options_.timeout + extra);
  context.AddMetadata("authorization", fmt::format("Bearer {}", options_.token.Reveal()));
}

Error Client::ToError(const grpc::Status& status) const {
  Error error{static_cast<Code>(status.error_code()), status.error_message()};
  std::replace_if(
      error.message.begin(), error.message.end(), [](char c) { return c == '\n' || c == '\r'; },
      ' ');
  switch (error.code) {
    case Code::kUnavailable:
      error.message = fmt::format(
          "cannot reach the admin API at {}: {}; is foxfired running there? Name it with --server "
          "HOST:PORT or FOXFIRE_SERVER; {}",
          options_.server, error.message,
          options_.tls ? "--ca-file must hold the certificate authority of its certificate, and "
                         "without TLS there leave out --tls and --ca-file"
                       : "if its admin port speaks TLS add --tls");
      break;
    case Code::kDeadlineExceeded:
      error.message = fmt::format("{} has not answered in time: {}; --timeout gives it longer",
                                  options_.server, error.message);
      break;
    case Code::kUnauthenticated:
      error.message = fmt::format(
          "{} refused the token: give a valid one with --token-file PATH, FOXFIRE_TOKEN_FILE or "
          "FOXFIRE_TOKEN",
          options_.server);
      break;
    case Code::kUnimplemented:
      error.message = fmt::format(
          "{} has no such command: is that the admin port of a foxfired of this version? ({})",
          options_.server, error.message);
      break;
    default:
      break;
  }
  return error;
}

Result<void> Client::EngineLogs(const pb::EngineLogsRequest& request,
                                const std::function<void(std::string_view)>& consume) {
  grpc::ClientContext context;
  Prepare(context, {});
  const auto reader = stub_->EngineLogs(&context, request);
  pb::EngineLogsChunk chunk;
  while (reader->Read(&chunk)) consume(chunk.text());
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return tl::unexpected(ToError(status));
  return {};
}

}  // namespace foxfire::cli
