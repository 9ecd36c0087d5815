#include "cli/token_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "common/files.h"

namespace foxfire::cli {
namespace {

constexpr uint64_t kLargestTokenFile = 64 << 10;

// What goes into a header must be visible ASCII; gRPC fails on the rest without saying why.
Result<Secret> Checked(std::string_view text, const std::string& where) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("{} is empty: put a token into it", where));
  }
  text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; })) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("{} holds no token: it must be one word, such as foxfire token "
                                 "create makes it",
                                 where));
  }
  return Secret(std::string(text));
}

}  // namespace

Result<Secret> ReadTokenFile(const std::string& path, const std::string& option) {
  auto content = ReadFile(path, kLargestTokenFile);
  if (!content) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("{}: {}", option, content.error().message));
  }
  const Secret secret(*std::move(content));  // wiped, however this ends
  return Checked(secret.Reveal(), fmt::format("{} {}", option, path));
}

Result<Secret> FindToken(const std::string& token_file, const Environment& environment) {
  if (!token_file.empty()) return ReadTokenFile(token_file, "--token-file");
  if (const auto token = environment("FOXFIRE_TOKEN")) return Checked(*token, "FOXFIRE_TOKEN");
  if (const auto path = environment("FOXFIRE_TOKEN_FILE")) {
    return ReadTokenFile(*path, "FOXFIRE_TOKEN_FILE");
  }
  return MakeError(Code::kInvalidArgument,
                   "no token: name a file that holds it with --token-file PATH or "
                   "FOXFIRE_TOKEN_FILE, or set FOXFIRE_TOKEN");
}

}  // namespace foxfire::cli
