#include "cli/app.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/engine_command.h"
#include "cli/event_command.h"
#include "cli/explain_command.h"
#include "cli/session_command.h"
#include "cli/token_command.h"
#include "cli/token_source.h"

namespace foxfire::cli {
namespace {

struct GlobalOptions {
  std::string server;
  std::string token_file;
  std::string ca_file;
  bool tls = false;
  Duration timeout = std::chrono::seconds(30);
};

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  app.add_option("--server", options.server,
                 "Admin address of the gateway (default FOXFIRE_SERVER, else localhost:15003)")
      ->type_name("HOST:PORT");
  app.add_option("--token-file", options.token_file,
                 "File with your token (default FOXFIRE_TOKEN, else the file FOXFIRE_TOKEN_FILE)")
      ->type_name("PATH");
  app.add_flag("--tls", options.tls, "The admin port speaks TLS");
  app.add_option("--ca-file", options.ca_file,
                 "PEM certificates to trust instead of the system's; means --tls")
      ->type_name("PATH");
  AddDurationOption(app, "--timeout", options.timeout, "For the answer (default 30s)");
}

ExitCode Fail(const World& world, const Error& error) {
  std::string line = error.message;
  std::replace(line.begin(), line.end(), '\n', ' ');
  world.err << "foxfire: " << line << "\n";
  return ExitCodeOf(error.code);
}

Result<std::unique_ptr<Client>> Connect(const GlobalOptions& options, const World& world) {
  ClientOptions client;
  if (!options.server.empty()) {
    client.server = options.server;
  } else if (const auto server = world.environment("FOXFIRE_SERVER"); server && !server->empty()) {
    client.server = *server;
  }
  ASSIGN_OR_RETURN(client.token, FindToken(options.token_file, world.environment));
  client.tls = options.tls || !options.ca_file.empty();
  client.ca_file = options.ca_file;
  client.timeout = options.timeout;
  return Client::Create(std::move(client));
}

}  // namespace

ExitCode Run(std::vector<std::string> arguments, const World& world) {
  CLI::App app("Administers a Foxfire gateway.", "foxfire");
  app.set_version_flag("--version", "foxfire " FOXFIRE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  GlobalOptions options;
  Action action;
  AddGlobalOptions(app, options);
  AddEngineCommand(app, action);
  AddSessionCommand(app, action);
  AddTokenCommand(app, action);
  AddEventCommand(app, action);
  AddExplainCommand(app, action);

  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& asked) {
    app.exit(asked, world.out, world.err);
    return ExitCode::kDone;
  } catch (const CLI::ParseError& wrong) {
    // CLI11 complains of a missing command before it looks at one that it does not know.
    const std::vector<std::string> unknown = app.remaining(true);
    const std::string what =
        unknown.empty() ? wrong.what() : fmt::format("\"{}\" is not known here", unknown.front());
    return Fail(world, {Code::kInvalidArgument,
                        fmt::format("{}; foxfire --help shows the commands", what)});
  }

  const auto client = Connect(options, world);
  if (!client) return Fail(world, client.error());
  const Result<void> done = action(**client, {world.out, world.width, world.now});
  if (!done) return Fail(world, done.error());
  world.out.flush();
  if (!world.out) return Fail(world, {Code::kUnknown, "writing to standard output failed"});
  return ExitCode::kDone;
}

}  // namespace foxfire::cli
