#include "cli/engine_orders.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "cli/asked.h"
#include "cli/human.h"
#include "cli/token_source.h"
#include "common/units.h"

namespace foxfire::cli {
namespace {

using namespace std::chrono_literals;

// What a start may take beyond --timeout: waiting for room, and the launch.
constexpr Duration kStartSlack = 5min;

struct StartOptions {
  Asked asked;
  bool no_wait = false;
  OutputFormat format = OutputFormat::kTable;
};

struct OrderOptions {
  std::string engine;
  std::string reason;
  Duration grace = 1h;
  OutputFormat format = OutputFormat::kTable;
};

struct RegisterOptions {
  std::string endpoint;
  std::string user;
  std::string group;
  bool server = false;
  std::string profile;
  std::string subdomain;
  std::string token_file;
  std::string run_as;
  OutputFormat format = OutputFormat::kTable;
};

Result<void> Start(const StartOptions& options, Client& client, const Terminal& terminal) {
  pb::StartEngineRequest request;
  FillIn(options.asked, request);
  request.set_no_wait(options.no_wait);
  ASSIGN_OR_RETURN(const auto started, client.Call(&pb::Admin::StubInterface::StartEngine, request,
                                                   options.no_wait ? Duration{} : kStartSlack));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJson(started))
                                                         : StartReport(started));
  return {};
}

Result<void> Drain(const OrderOptions& options, Client& client, const Terminal& terminal) {
  pb::DrainEngineRequest request;
  request.set_engine_id(options.engine);
  request.set_grace_ms(options.grace / 1ms);
  request.set_reason(options.reason);
  ASSIGN_OR_RETURN(const auto drained,
                   client.Call(&pb::Admin::StubInterface::DrainEngine, request));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJson(drained))
                                                         : DrainReport(drained, options.grace));
  return {};
}

Result<void> Register(const RegisterOptions& options, Client& client, const Terminal& terminal) {
  pb::RegisterEngineRequest request;
  request.set_endpoint(options.endpoint);
  request.set_user(options.user);
  request.set_group(options.group);
  request.set_server(options.server);
  request.set_profile(options.profile);
  request.set_subdomain(options.subdomain);
  request.set_run_as(options.run_as);
  if (!options.token_file.empty()) {
    ASSIGN_OR_RETURN(const Secret token, ReadTokenFile(options.token_file, "--engine-token-file"));
    request.set_token(std::string(token.Reveal()));
  }
  ASSIGN_OR_RETURN(const auto made,
                   client.Call(&pb::Admin::StubInterface::RegisterEngine, request));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJson(made))
                                                         : RegisterReport(made));
  return {};
}

Result<void> Unregister(const OrderOptions& options, Client& client, const Terminal& terminal) {
  pb::UnregisterEngineRequest request;
  request.set_engine_id(options.engine);
  ASSIGN_OR_RETURN(const auto gone,
                   client.Call(&pb::Admin::StubInterface::UnregisterEngine, request));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJson(gone))
                                                         : UnregisterReport(gone));
  return {};
}

void AddRegister(CLI::App& noun, Action& action) {
  const auto options = std::make_shared<RegisterOptions>();
  CLI::App* command = AddVerb(noun, "register", "Makes an engine known that somebody else started",
                              options, action, Register);
  command->add_option("--endpoint", options->endpoint, "Where its Spark Connect listens")
      ->required()
      ->type_name("ADDRESS:PORT");
  CLI::Option_group* whose = command->add_option_group("whose it is (one of these)");
  whose->add_option("--user", options->user, "This user's")->type_name("NAME");
  whose->add_option("--group", options->group, "This group's")->type_name("GROUP");
  whose->add_flag("--server", options->server, "Everybody's whose share level is server");
  whose->require_option(1);
  command->add_option("--profile", options->profile,
                      "For clients of this profile (default default)");
  command->add_option("--subdomain", options->subdomain,
                      "For clients of this subdomain (default default)");
  command
      ->add_option("--engine-token-file", options->token_file,
                   "File with the token that the engine asks for (default: it asks for none)")
      ->type_name("PATH");
  command->add_option("--run-as", options->run_as, "Whom Spark works as there (default its owner)")
      ->type_name("NAME");
  AddOutputOption(*command, options->format);
}

void AddEngineArgument(CLI::App& command, OrderOptions& options) {
  command.add_option("ENGINE", options.engine, "Its id, or the first 8 or more characters of it")
      ->required();
}

}  // namespace

void AddEngineOrders(CLI::App& noun, Action& action) {
  const auto start_options = std::make_shared<StartOptions>();
  CLI::App* start =
      AddVerb(noun, "start", "Starts the engine that somebody's next session would get",
              start_options, action, Start);
  AddAskedOptions(*start, start_options->asked);
  start->add_flag("--no-wait", start_options->no_wait, "Do not wait until it takes calls");
  AddOutputOption(*start, start_options->format);

  const auto options = std::make_shared<OrderOptions>();
  CLI::App* drain =
      AddVerb(noun, "drain", "Gives an engine no new sessions; it ends when its own have ended",
              options, action, Drain);
  AddEngineArgument(*drain, *options);
  AddDurationOption(*drain, "--grace", options->grace,
                    "For its sessions, then it ends anyhow (default 1h)");
  drain->add_option("--reason", options->reason, "For the engine's log and the event");
  AddOutputOption(*drain, options->format);

  AddRegister(noun, action);

  CLI::App* unregister =
      AddVerb(noun, "unregister", "Takes a registered engine out of use, and leaves it alone",
              options, action, Unregister);
  AddEngineArgument(*unregister, *options);
  AddOutputOption(*unregister, options->format);
}

std::string StartReport(const pb::StartEngineResponse& started) {
  if (!started.has_engine()) {
    return fmt::format("asked for an engine ({}) that runs as {}: {}\n", started.key(),
                       started.run_as(), started.outcome());
  }
  return fmt::format("engine {} ({}) runs as {} at {}: {}\n", started.engine().engine_id(),
                     started.key(), started.run_as(), started.engine().endpoint(),
                     started.outcome());
}

std::string DrainReport(const pb::DrainEngineResponse& drained, Duration grace) {
  return fmt::format(
      "engine {} ({}) gets no new sessions; it has {} session{} and {} open call{}, and ends with "
      "the last session or in {}\n",
      drained.engine_id(), drained.key(), drained.sessions(), drained.sessions() == 1 ? "" : "s",
      drained.open_calls(), drained.open_calls() == 1 ? "" : "s", HumanDuration(grace));
}

std::string RegisterReport(const pb::RegisterEngineResponse& made) {
  return fmt::format("registered engine {} ({}) at {}\n", made.engine_id(), made.key(),
                     made.endpoint());
}

std::string UnregisterReport(const pb::UnregisterEngineResponse& gone) {
  return fmt::format("unregistered engine {} ({}) with {} session{}; it still runs at {}\n",
                     gone.engine_id(), gone.key(), gone.sessions(), gone.sessions() == 1 ? "" : "s",
                     gone.endpoint());
}

}  // namespace foxfire::cli
