#include "auth/token_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "auth/names.h"
#include "auth/private_file.h"
#include "common/encoding.h"
#include "common/json.h"
#include "common/units.h"

namespace foxfire::auth {
namespace {

constexpr int64_t kSchema = 1;
constexpr std::array kKeys = {"id",         "sha256",     "user",       "groups",    "roles",
                              "created_at", "expires_at", "revoked_at", "created_by"};

tl::unexpected<Error> Wrong(std::string message) {
  return MakeError(Code::kInvalidArgument, std::move(message));
}

Result<Sha256Digest> ReadHash(const Json& entry) {
  const auto wrong = [] {
    return Wrong("\"sha256\" must be the 64 hexadecimal digits of the token's SHA-256");
  };
  const auto text = JsonString(entry, "sha256");
  Sha256Digest digest;
  if (!text || text->size() != 2 * digest.size()) return wrong();
  const auto value = [](char c) {
    const auto digit = std::string_view("0123456789abcdef").find(c);
    return digit == std::string_view::npos ? -1 : static_cast<int>(digit);
  };
  for (size_t i = 0; i < digest.size(); ++i) {
    const int high = value((*text)[2 * i]);
    const int low = value((*text)[2 * i + 1]);
    if (high < 0 || low < 0) return wrong();
    digest[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return digest;
}

Result<WallTime> ReadTime(const Json& entry, const char* key) {
  const auto text = JsonString(entry, key);
  if (text) {
    const auto time = ParseTime(*text);
    if (time) return *time;
  }
  return Wrong(fmt::format("\"{}\" must be a time such as \"2026-11-21T02:11:09Z\"", key));
}

Result<std::optional<WallTime>> ReadOptionalTime(const Json& entry, const char* key) {
  if (!entry.contains(key) || entry.at(key).is_null()) return std::nullopt;
  ASSIGN_OR_RETURN(const WallTime time, ReadTime(entry, key));
  return time;
}

Result<std::vector<std::string>> ReadNames(const Json& entry, const char* key) {
  std::vector<std::string> names;
  if (!entry.contains(key)) return names;
  if (!entry.at(key).is_array()) return Wrong(fmt::format("\"{}\" must be a list of names", key));
  for (const Json& name : entry.at(key)) {
    if (!name.is_string()) return Wrong(fmt::format("\"{}\" must be a list of names", key));
    names.push_back(name.get<std::string>());
  }
  return names;
}

// A misspelt "expires_at" would make a token that never expires.
Result<void> CheckKeys(const Json& entry) {
  for (const auto& [key, value] : entry.items()) {
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      return Wrong(fmt::format("it has a key that is none of {}", fmt::join(kKeys, ", ")));
  }
  return {};
}

Result<TokenRecord> ReadEntry(const Json& entry) {
  if (!entry.is_object()) return Wrong("it must be an object");
  RETURN_IF_ERROR(CheckKeys(entry));
  TokenRecord token;
  ASSIGN_OR_RETURN(token.id, JsonString(entry, "id"));
  if (!IsUuid(token.id)) return Wrong("\"id\" must be a UUID");
  ASSIGN_OR_RETURN(token.sha256, ReadHash(entry));
  ASSIGN_OR_RETURN(std::string user, JsonString(entry, "user"));
  RETURN_IF_ERROR(CheckName(user, "\"user\""));
  token.user = UserId(std::move(user));
  ASSIGN_OR_RETURN(token.groups, ReadNames(entry, "groups"));
  for (const std::string& group : token.groups)
    RETURN_IF_ERROR(CheckName(group, "a name in \"groups\""));
  ASSIGN_OR_RETURN(token.roles, ReadNames(entry, "roles"));
  for (const std::string& role : token.roles) RETURN_IF_ERROR_CONTEXT(CheckRole(role), "\"roles\"");
  ASSIGN_OR_RETURN(token.created_at, ReadTime(entry, "created_at"));
  ASSIGN_OR_RETURN(token.expires_at, ReadOptionalTime(entry, "expires_at"));
  ASSIGN_OR_RETURN(token.revoked_at, ReadOptionalTime(entry, "revoked_at"));
  ASSIGN_OR_RETURN(token.created_by, JsonString(entry, "created_by", ""));
  return token;
}

Result<std::vector<TokenRecord>> ReadEntries(const Json& file) {
  if (!file.is_object()) return Wrong("it must be a JSON object");
  ASSIGN_OR_RETURN(const int64_t schema, JsonInteger(file, "schema"));
  if (schema != kSchema)
    return Wrong(
        fmt::format("\"schema\" is {}, but this Foxfire reads {} only: use the version "
                    "that wrote the file",
                    schema, kSchema));
  if (!file.contains("tokens") || !file.at("tokens").is_array())
    return Wrong("\"tokens\" must be a list");
  std::vector<TokenRecord> tokens;
  std::set<std::string> ids;
  std::set<Sha256Digest> hashes;
  for (const Json& entry : file.at("tokens")) {
    const auto where = [&tokens] {
      return fmt::format("tokens[{}] (mend or remove it)", tokens.size());
    };
    auto token = ReadEntry(entry);
    if (!token) return WithContext(std::move(token).error(), where());
    if (!ids.insert(token->id).second)
      return Wrong(where() + ": an entry before it has the same \"id\"");
    if (!hashes.insert(token->sha256).second)
      return Wrong(where() + ": an entry before it has the same \"sha256\"");
    tokens.push_back(*std::move(token));
  }
  return tokens;
}

Json OptionalTime(const std::optional<WallTime>& time) {
  return time ? Json(FormatTime(*time)) : Json(nullptr);
}

}  // namespace

Result<std::vector<TokenRecord>> ParseTokenFile(std::string_view text, const Path& path) {
  const std::string context = fmt::format("token file {}", path.string());
  const auto json = ParseJson(text);
  if (!json) return WithContext(json.error(), context + " (mend it, or restore it from a backup)");
  auto tokens = ReadEntries(*json);
  if (!tokens) return WithContext(std::move(tokens).error(), context);
  return tokens;
}

std::string FormatTokenFile(const std::vector<TokenRecord>& tokens) {
  // Ordered, one line an entry: people read and compare this file.
  std::string text = fmt::format("{{\"schema\": {}, \"tokens\": [", kSchema);
  const char* separator = "\n  ";
  for (const TokenRecord& token : tokens) {
    nlohmann::ordered_json entry;
    entry["id"] = token.id;
    entry["sha256"] = HexEncode(token.sha256);
    entry["user"] = token.user.str();
    entry["groups"] = token.groups;
    entry["roles"] = token.roles;
    entry["created_at"] = FormatTime(token.created_at);
    entry["expires_at"] = OptionalTime(token.expires_at);
    entry["revoked_at"] = OptionalTime(token.revoked_at);
    entry["created_by"] = token.created_by;
    text += separator;
    text += entry.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    separator = ",\n  ";
  }
  return text + "\n]}\n";
}

Result<std::vector<TokenRecord>> ReadTokenFile(const Path& path) {
  const auto text = ReadPrivateFile(path);
  if (!text) return WithContext(text.error(), "token file");
  return ParseTokenFile(*text, path);
}

Result<void> WriteTokenFile(const Path& path, const std::vector<TokenRecord>& tokens) {
  RETURN_IF_ERROR_CONTEXT(WriteFileAtomically(path, FormatTokenFile(tokens), 0600), "token file");
  return {};
}

}  // namespace foxfire::auth
