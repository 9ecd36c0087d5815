#include "cli/event_command.h"

#include "cli/human.h"
#include "cli/table.h"
#include "common/units.h"

namespace foxfire::cli {
namespace {

struct EventOptions {
  std::string user;
  std::string type;
  std::string session;
  std::string engine;
  std::string since;
  uint32_t limit = 0;
  OutputFormat format = OutputFormat::kTable;
};

// "1h" before `now`, or a time.
Result<WallTime> ParseSince(const std::string& text, WallTime now) {
  if (const auto ago = ParseDuration(text)) {
    return now - std::chrono::duration_cast<WallTime::duration>(*ago);
  }
  if (const auto time = ParseTime(text)) return *time;
  return MakeError(Code::kInvalidArgument,
                   "\"" + text + "\": write how long ago, such as 1h, or 2026-11-21T02:11:09Z");
}

Result<void> List(const EventOptions& options, Client& client, const Terminal& terminal) {
  pb::ListEventsRequest request;
  request.set_user(options.user);
  request.set_type(options.type);
  request.set_session_id(options.session);
  request.set_engine_id(options.engine);
  request.set_limit(options.limit);
  if (!options.since.empty()) {
    ASSIGN_OR_RETURN(const WallTime since, ParseSince(options.since, terminal.now));
    request.set_since_ms(ToUnixMillis(since));
  }
  ASSIGN_OR_RETURN(const auto events, client.Call(&pb::Admin::StubInterface::ListEvents, request));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJsonArray(events.events()))
                                                         : EventTable(events, terminal));
  return {};
}

}  // namespace

void AddEventCommand(CLI::App& app, Action& action) {
  CLI::App* noun = app.add_subcommand("event", "The audit trail")->require_subcommand(1);
  const auto options = std::make_shared<EventOptions>();

  CLI::App* list = AddVerb(*noun, "list", "Shows events, the newest last", options, action, List);
  list->add_option("--user", options->user, "Only this user's");
  list->add_option("--type", options->type, "Only of this type, such as session_opened");
  list->add_option("--session", options->session,
                   "Only of this session; its id, or the first 8 or more characters");
  list->add_option("--engine", options->engine,
                   "Only of this engine; its id, or the first 8 or more characters");
  list->add_option("--since", options->since, "Only later ones: 1h (ago), or a time")
      ->check([](const std::string& text) {
        const auto since = ParseSince(text, WallTime());
        return since ? std::string() : since.error().message;
      })
      ->type_name("WHEN");
  list->add_option("--limit", options->limit, "The newest so many (default 1000)")
      ->check(CLI::Range(1, 100000))
      ->type_name("N");
  AddOutputOption(*list, options->format);
}

std::string EventTable(const pb::ListEventsResponse& events, const Terminal& terminal) {
  if (events.events().empty()) return "no events\n";
  Table table;
  table.AddColumn("SEQ", Align::kRight);
  for (const char* header :
       {"TIME", "TYPE", "USER", "SESSION", "ENGINE", "OPERATION", "ADDRESS", "DETAIL"}) {
    table.AddColumn(header);
  }
  for (const pb::Event& event : events.events()) {
    table.AddRow({std::to_string(event.seq()), HumanTime(event.time_ms()), event.type(),
                  event.user(), ShortId(event.session_id()), ShortId(event.engine_id()),
                  ShortId(event.operation_id()), event.address(), event.detail()});
  }
  return table.Render(terminal.width);
}

}  // namespace foxfire::cli
