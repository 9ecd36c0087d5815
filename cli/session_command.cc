#include "cli/session_command.h"

#include <fmt/format.h>

#include "cli/human.h"
#include "cli/table.h"

namespace foxfire::cli {
namespace {

struct SessionOptions {
  std::string session;
  std::string user;
  std::string state;
  bool all = false;
  OutputFormat format = OutputFormat::kTable;
};

Result<void> List(const SessionOptions& options, Client& client, const Terminal& terminal) {
  pb::ListSessionsRequest request;
  request.set_user(options.user);
  request.set_state(options.state);
  request.set_include_ended(options.all);
  ASSIGN_OR_RETURN(const auto sessions,
                   client.Call(&pb::Admin::StubInterface::ListSessions, request));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJsonArray(sessions.sessions()))
                                                         : SessionTable(sessions, terminal));
  return {};
}

Result<void> Close(const SessionOptions& options, Client& client, const Terminal& terminal) {
  pb::CloseSessionRequest request;
  request.set_session_id(options.session);
  request.set_user(options.user);
  ASSIGN_OR_RETURN(const auto closed,
                   client.Call(&pb::Admin::StubInterface::CloseSession, request));
  const pb::Session& session = closed.session();
  terminal.out << (options.format == OutputFormat::kJson
                       ? Render(ToJson(session))
                       : fmt::format("closed session {} of {}\n", session.session_id(),
                                     session.user()));
  return {};
}

}  // namespace

void AddSessionCommand(CLI::App& app, Action& action) {
  CLI::App* noun = app.add_subcommand("session", "Spark Connect sessions")->require_subcommand(1);
  const auto options = std::make_shared<SessionOptions>();

  CLI::App* list = AddVerb(*noun, "list", "Shows active sessions", options, action, List);
  list->add_option("--user", options->user, "Only this user's");
  CLI::Option* state =
      list->add_option("--state", options->state, "active, closed, lost or expired ones")
          ->check(CLI::IsMember({"active", "closed", "lost", "expired"}))
          ->type_name("STATE");
  list->add_flag("--all", options->all, "Ended ones too")->excludes(state);
  AddOutputOption(*list, options->format);

  CLI::App* close = AddVerb(*noun, "close", "Ends a session for good", options, action, Close);
  close->add_option("SESSION", options->session, "Its id, or the first 8 or more characters of it")
      ->required();
  close->add_option("--user", options->user, "Whose it is, if several users have that id");
  AddOutputOption(*close, options->format);
}

std::string SessionTable(const pb::ListSessionsResponse& sessions, const Terminal& terminal) {
  if (sessions.sessions().empty()) return "no sessions\n";
  Table table;
  for (const char* header : {"SESSION", "USER", "ENGINE", "STATE", "CREATED", "LAST ACTIVITY"}) {
    table.AddColumn(header);
  }
  table.AddColumn("OPERATIONS", Align::kRight);
  table.AddColumn("CLIENT");
  table.AddColumn("END REASON");
  for (const pb::Session& session : sessions.sessions()) {
    table.AddRow({session.session_id(), session.user(), ShortId(session.engine_id()),
                  session.state(), HumanTime(session.created_at_ms()),
                  HumanTime(session.last_activity_at_ms()), std::to_string(session.operations()),
                  session.client(), session.end_reason()});
  }
  return table.Render(terminal.width);
}

}  // namespace foxfire::cli
