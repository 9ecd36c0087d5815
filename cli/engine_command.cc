#include "cli/engine_command.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "cli/engine_orders.h"
#include "cli/human.h"
#include "cli/table.h"
#include "common/units.h"

namespace foxfire::cli {
namespace {

using namespace std::chrono_literals;

// What a kill may take beyond its grace: the engine's stopping, then its cluster manager.
constexpr Duration kKillSlack = 75s;

struct EngineOptions {
  std::string engine;
  std::string user;
  std::string reason;
  Duration grace = 10s;
  uint32_t lines = 100;
  bool failures = false;
  bool spares = false;
  OutputFormat format = OutputFormat::kTable;
};

std::string Age(const pb::Engine& engine, const Terminal& terminal) {
  if (!engine.has_started_at_ms()) return "";
  return HumanDuration(terminal.now - FromUnixMillis(engine.started_at_ms()));
}

std::string Idle(const pb::Engine& engine) {
  if (!engine.has_idle_ms()) return "";
  return HumanDuration(std::chrono::milliseconds(engine.idle_ms()));
}

std::string Memory(const pb::Engine& engine) {
  return engine.has_rss_bytes() ? HumanBytes(engine.rss_bytes()) : "";
}

Result<void> List(const EngineOptions& options, Client& client, const Terminal& terminal) {
  pb::ListEnginesRequest request;
  request.set_user(options.user);
  ASSIGN_OR_RETURN(const auto engines,
                   client.Call(&pb::Admin::StubInterface::ListEngines, request));
  const bool json = options.format == OutputFormat::kJson;
  if (options.failures) {
    terminal.out << (json ? Render(ToJsonArray(engines.failures()))
                          : FailureTable(engines, terminal));
  } else if (options.spares) {
    terminal.out << (json ? Render(ToJsonArray(engines.spares())) : SpareTable(engines, terminal));
  } else {
    terminal.out << (json ? Render(ToJsonArray(engines.engines()))
                          : EngineBlocks(engines, terminal));
  }
  return {};
}

Result<void> Queue(const EngineOptions& options, Client& client, const Terminal& terminal) {
  pb::ListLaunchesRequest request;
  request.set_user(options.user);
  ASSIGN_OR_RETURN(const auto launches,
                   client.Call(&pb::Admin::StubInterface::ListLaunches, request));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJsonArray(launches.launches()))
                                                         : LaunchTable(launches, terminal));
  return {};
}

Result<void> Show(const EngineOptions& options, Client& client, const Terminal& terminal) {
  pb::ShowEngineRequest request;
  request.set_engine_id(options.engine);
  ASSIGN_OR_RETURN(const auto shown, client.Call(&pb::Admin::StubInterface::ShowEngine, request));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJson(shown.engine()))
                                                         : EngineFields(shown.engine(), terminal));
  return {};
}

Result<void> Kill(const EngineOptions& options, Client& client, const Terminal& terminal) {
  pb::KillEngineRequest request;
  request.set_engine_id(options.engine);
  request.set_grace_ms(options.grace / 1ms);
  request.set_reason(options.reason);
  ASSIGN_OR_RETURN(const auto killed, client.Call(&pb::Admin::StubInterface::KillEngine, request,
                                                  options.grace + kKillSlack));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJson(killed))
                                                         : KillReport(killed));
  return {};
}

Result<void> Logs(const EngineOptions& options, Client& client, const Terminal& terminal) {
  pb::EngineLogsRequest request;
  request.set_engine_id(options.engine);
  request.set_lines(options.lines);
  char last = '\n';
  RETURN_IF_ERROR(client.EngineLogs(request, [&](std::string_view text) {
    terminal.out << (terminal.width ? SafeText(text) : std::string(text));
    if (!text.empty()) last = text.back();
  }));
  if (last != '\n') terminal.out << '\n';
  return {};
}

void AddEngineArgument(CLI::App& command, EngineOptions& options) {
  command.add_option("ENGINE", options.engine, "Its id, or the first 8 or more characters of it")
      ->required();
}

}  // namespace

void AddEngineCommand(CLI::App& app, Action& action) {
  CLI::App* noun = app.add_subcommand("engine", "Spark engines")->require_subcommand(1);
  const auto options = std::make_shared<EngineOptions>();

  CLI::App* list = AddVerb(*noun, "list", "Shows the engines that run", options, action, List);
  list->add_option("--user", options->user, "Only this user's");
  CLI::Option* failures =
      list->add_flag("--failures", options->failures, "Only the keys whose last launch has failed");
  list->add_flag("--spares", options->spares, "Only the JVMs that wait for an owner")
      ->excludes(failures);
  AddOutputOption(*list, options->format);

  CLI::App* queue =
      AddVerb(*noun, "queue", "Shows the engines that are being started or wait for room", options,
              action, Queue);
  queue->add_option("--user", options->user, "Only this user's");
  AddOutputOption(*queue, options->format);

  CLI::App* show = AddVerb(*noun, "show", "Shows one engine", options, action, Show);
  AddEngineArgument(*show, *options);
  AddOutputOption(*show, options->format);

  AddEngineOrders(*noun, action);

  CLI::App* kill =
      AddVerb(*noun, "kill", "Ends an engine and waits for its end", options, action, Kill);
  AddEngineArgument(*kill, *options);
  AddDurationOption(*kill, "--grace", options->grace,
                    "For what runs on it, then by force (default 10s)");
  kill->add_option("--reason", options->reason, "For the engine's log and the event");
  AddOutputOption(*kill, options->format);

  CLI::App* logs =
      AddVerb(*noun, "logs", "Prints the end of an engine's log", options, action, Logs);
  AddEngineArgument(*logs, *options);
  logs->add_option("--lines", options->lines, "How many lines (default 100)")
      ->check(CLI::Range(1, 10000))
      ->type_name("N");
}

std::string EngineTable(const pb::ListEnginesResponse& engines, const Terminal& terminal) {
  if (engines.engines().empty()) return "no engines\n";
  Table table;
  for (const char* header :
       {"ENGINE", "KEY", "OWNER", "STATE", "HEALTH", "ENDPOINT", "APPLICATION"}) {
    table.AddColumn(header);
  }
  for (const char* header : {"SESSIONS", "OPERATIONS", "AGE", "IDLE", "MEMORY"}) {
    table.AddColumn(header, Align::kRight);
  }
  for (const pb::Engine& engine : engines.engines()) {
    table.AddRow({ShortId(engine.engine_id()), engine.key(), engine.owner(), engine.state(),
                  engine.health(), engine.endpoint(), engine.application_id(),
                  std::to_string(engine.sessions()), std::to_string(engine.operations()),
                  Age(engine, terminal), Idle(engine), Memory(engine)});
  }
  return table.Render(terminal.width);
}

std::string FailureTable(const pb::ListEnginesResponse& engines, const Terminal& terminal) {
  if (engines.failures().empty()) return "no failures\n";
  Table table;
  table.AddColumn("KEY");
  for (const char* header : {"FAILURES", "LAST", "RETRY"}) table.AddColumn(header, Align::kRight);
  table.AddColumn("WHY");
  for (const pb::LaunchFailure& failure : engines.failures()) {
    const WallTime retry_at = FromUnixMillis(failure.retry_at_ms());
    const bool is_due = retry_at <= terminal.now;
    table.AddRow({failure.key(), std::to_string(failure.count()),
                  HumanDuration(terminal.now - FromUnixMillis(failure.last_ms())) + " ago",
                  is_due ? "now" : "in " + HumanDuration(retry_at - terminal.now), failure.why()});
  }
  return table.Render(terminal.width);
}

std::string SpareTable(const pb::ListEnginesResponse& engines, const Terminal& terminal) {
  if (engines.spares().empty()) return "no spares\n";
  Table table;
  for (const char* header : {"SPARE", "PROFILE", "STATE"}) table.AddColumn(header);
  for (const char* header : {"PID", "AGE"}) table.AddColumn(header, Align::kRight);
  for (const pb::Spare& spare : engines.spares()) {
    table.AddRow({ShortId(spare.engine_id()), spare.profile(), spare.state(),
                  spare.has_pid() ? std::to_string(spare.pid()) : "",
                  HumanDuration(terminal.now - FromUnixMillis(spare.since_ms()))});
  }
  return table.Render(terminal.width);
}

std::string EngineBlocks(const pb::ListEnginesResponse& engines, const Terminal& terminal) {
  std::string blocks = EngineTable(engines, terminal);
  if (!engines.spares().empty()) blocks += "\n" + SpareTable(engines, terminal);
  if (!engines.failures().empty()) blocks += "\n" + FailureTable(engines, terminal);
  return blocks;
}

std::string LaunchTable(const pb::ListLaunchesResponse& launches, const Terminal& terminal) {
  if (launches.launches().empty()) return "no launches\n";
  Table table;
  table.AddColumn("PLACE", Align::kRight);
  for (const char* header : {"KEY", "RUN AS", "ENGINE"}) table.AddColumn(header);
  for (const char* header : {"CALLERS", "AGE"}) table.AddColumn(header, Align::kRight);
  table.AddColumn("WAITS FOR");
  for (const pb::Launch& launch : launches.launches()) {
    table.AddRow({launch.place() > 0 ? std::to_string(launch.place()) : "", launch.key(),
                  launch.run_as(), ShortId(launch.engine_id()), std::to_string(launch.callers()),
                  HumanDuration(terminal.now - FromUnixMillis(launch.since_ms())),
                  launch.waits_for()});
  }
  return table.Render(terminal.width);
}

std::string EngineFields(const pb::Engine& engine, const Terminal& terminal) {
  return RenderFields({
      {"engine", engine.engine_id()},
      {"key", engine.key()},
      {"owner", engine.owner()},
      {"share level", engine.share_level()},
      {"profile", engine.profile()},
      {"subdomain", engine.subdomain()},
      {"state", engine.state()},
      {"health", engine.health()},
      {"started by", engine.registered() ? "somebody else (registered)" : "Foxfire"},
      {"run as", engine.run_as()},
      {"endpoint", engine.endpoint()},
      {"pid", engine.has_pid() ? std::to_string(engine.pid()) : ""},
      {"application", engine.application_id()},
      {"submission", engine.submission_id()},
      {"Spark", engine.spark_version()},
      {"sessions", std::to_string(engine.sessions())},
      {"operations", std::to_string(engine.operations())},
      {"started", engine.has_started_at_ms() ? HumanTime(engine.started_at_ms()) : ""},
      {"age", Age(engine, terminal)},
      {"idle", Idle(engine)},
      {"memory", Memory(engine)},
  });
}

std::string KillReport(const pb::KillEngineResponse& killed) {
  const std::string with = fmt::format("{} session{} and {} open call{}", killed.sessions(),
                                       killed.sessions() == 1 ? "" : "s", killed.open_calls(),
                                       killed.open_calls() == 1 ? "" : "s");
  if (killed.still_runs()) {
    return fmt::format(
        "unregistered engine {} ({}), which somebody else runs: its process still "
        "runs; with it {}\n",
        killed.engine_id(), killed.key(), with);
  }
  if (killed.not_found()) {
    return fmt::format(
        "engine {} ({}) did not stop, and its cluster manager knows nothing of it: it has ended "
        "meanwhile, or runs in another cluster; with it {}\n",
        killed.engine_id(), killed.key(), with);
  }
  return fmt::format("ended engine {} ({}) {}; with it {}\n", killed.engine_id(), killed.key(),
                     killed.forced() ? "by force" : "gracefully", with);
}

}  // namespace foxfire::cli
