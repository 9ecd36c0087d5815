#include "cli/token_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <vector>

#include "cli/human.h"
#include "cli/table.h"

namespace foxfire::cli {
namespace {

struct TokenOptions {
  std::string token_id;
  std::string user;
  std::vector<std::string> groups;
  std::vector<std::string> roles;
  Duration ttl{};
  OutputFormat format = OutputFormat::kTable;
};

Result<void> Create(const TokenOptions& options, Client& client, const Terminal& terminal) {
  pb::CreateTokenRequest request;
  request.set_user(options.user);
  for (const std::string& group : options.groups) request.add_groups(group);
  for (const std::string& role : options.roles) request.add_roles(role);
  if (options.ttl > Duration::zero()) {
    request.set_ttl_ms(options.ttl / std::chrono::milliseconds(1));
  }
  ASSIGN_OR_RETURN(const auto created,
                   client.Call(&pb::Admin::StubInterface::CreateToken, request));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJson(created))
                                                         : TokenReport(created));
  return {};
}

Result<void> List(const TokenOptions& options, Client& client, const Terminal& terminal) {
  pb::ListTokensRequest request;
  request.set_user(options.user);
  ASSIGN_OR_RETURN(const auto tokens, client.Call(&pb::Admin::StubInterface::ListTokens, request));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJsonArray(tokens.tokens()))
                                                         : TokenTable(tokens, terminal));
  return {};
}

Result<void> Revoke(const TokenOptions& options, Client& client, const Terminal& terminal) {
  pb::RevokeTokenRequest request;
  request.set_token_id(options.token_id);
  ASSIGN_OR_RETURN(const auto revoked,
                   client.Call(&pb::Admin::StubInterface::RevokeToken, request));
  const pb::Token& token = revoked.token();
  terminal.out << (options.format == OutputFormat::kJson
                       ? Render(ToJson(token))
                       : fmt::format("revoked token {} of {}\n", token.token_id(), token.user()));
  return {};
}

}  // namespace

void AddTokenCommand(CLI::App& app, Action& action) {
  CLI::App* noun = app.add_subcommand("token", "Bearer tokens")->require_subcommand(1);
  const auto options = std::make_shared<TokenOptions>();

  CLI::App* create =
      AddVerb(*noun, "create", "Makes a token and shows it, this once", options, action, Create);
  create->add_option("--user", options->user, "Whose token it is")->required()->type_name("NAME");
  create->add_option("--group", options->groups, "A group of theirs; may be given again")
      ->type_name("GROUP");
  create->add_option("--role", options->roles, "admin; may see and change everything")
      ->check(CLI::IsMember({"admin"}))
      ->type_name("ROLE");
  AddDurationOption(*create, "--ttl", options->ttl,
                    "It expires after so long (default: it does not expire)");
  AddOutputOption(*create, options->format);

  CLI::App* list =
      AddVerb(*noun, "list", "Shows tokens, without their secret", options, action, List);
  list->add_option("--user", options->user, "Only this user's");
  AddOutputOption(*list, options->format);

  CLI::App* revoke =
      AddVerb(*noun, "revoke", "Makes a token useless, at once", options, action, Revoke);
  revoke
      ->add_option("TOKEN_ID", options->token_id,
                   "As token list shows it, or the first 8 or more characters of it")
      ->required();
  AddOutputOption(*revoke, options->format);
}

std::string TokenTable(const pb::ListTokensResponse& tokens, const Terminal& terminal) {
  if (tokens.tokens().empty()) return "no tokens\n";
  Table table;
  for (const char* header :
       {"TOKEN ID", "USER", "GROUPS", "ROLES", "STATE", "CREATED", "EXPIRES"}) {
    table.AddColumn(header);
  }
  for (const pb::Token& token : tokens.tokens()) {
    table.AddRow({token.token_id(), token.user(), fmt::format("{}", fmt::join(token.groups(), ",")),
                  fmt::format("{}", fmt::join(token.roles(), ",")), token.state(),
                  HumanTime(token.created_at_ms()),
                  token.has_expires_at_ms() ? HumanTime(token.expires_at_ms()) : "never"});
  }
  return table.Render(terminal.width);
}

std::string TokenReport(const pb::CreateTokenResponse& created) {
  return fmt::format(
      "{}\n\n"
      "This is {}'s connection string, with the token in it. It is shown only now: hand it over\n"
      "by a safe way. It {}. To revoke it: foxfire token revoke {}\n\n"
      "  spark = SparkSession.builder.remote(\"sc://...\").getOrCreate()\n",
      created.connection_string(), created.user(),
      created.has_expires_at_ms() ? "expires at " + HumanTime(created.expires_at_ms())
                                  : "does not expire",
      created.token_id());
}

}  // namespace foxfire::cli
