#include "engine_launcher/log_tail.h"

#include <algorithm>
#include <cctype>
#include <deque>

namespace foxfire::launcher {
namespace {

constexpr uint64_t kBytesRead = 256U << 10;
constexpr std::string_view kRedacted = "<redacted>";
constexpr std::string_view kFailed = "foxfire-engine: FAILED:";
// Spark's own choice (spark.redaction.regex), in lower case.
constexpr std::string_view kKeyWords[] = {"secret", "password", "token", "access.key", "accesskey"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

bool IsKeyCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

bool EndsValue(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0 || c == '"' || c == '\'' || c == ',' ||
         c == ';' || c == '&' || c == ')' || c == '}' || c == ']';
}

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at;
}

size_t ValueEnd(std::string_view text, size_t at) {
  while (at < text.size() && !EndsValue(text[at])) ++at;
  return at;
}

// Where the value behind a key's word begins, `at` being the end of that word; npos if nothing is
// assigned there. "key=value", "key = value" and JSON's "key":"value" count; "key: value" in prose
// ("unexpected token: x") does not.
size_t ValueStart(std::string_view text, size_t at) {
  while (at < text.size() && IsKeyCharacter(text[at])) ++at;
  const bool quoted = at < text.size() && (text[at] == '"' || text[at] == '\'');
  if (quoted) ++at;
  at = SkipBlanks(text, at);
  if (at >= text.size() || !(text[at] == '=' || (quoted && text[at] == ':')))
    return std::string_view::npos;
  at = SkipBlanks(text, at + 1);
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
  return at;
}

void ReplaceAll(std::string& text, std::string_view what) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + kRedacted.size())) {
    text.replace(at, what.size(), kRedacted);
  }
}

// The end of what is to be hidden behind the word at `at`, and where it begins.
struct Hidden {
  size_t begin = std::string_view::npos;
  size_t end = 0;
};

Hidden HiddenAt(std::string_view text, std::string_view lower, size_t at) {
  constexpr std::string_view kBearer = "bearer ";
  size_t begin = std::string_view::npos;
  if (lower.substr(at).starts_with(kBearer)) begin = SkipBlanks(text, at + kBearer.size());
  for (const std::string_view word : kKeyWords) {
    if (begin == std::string_view::npos && lower.substr(at).starts_with(word))
      begin = ValueStart(text, at + word.size());
  }
  if (begin == std::string_view::npos) return {};
  return {begin, ValueEnd(text, begin)};
}

}  // namespace

std::string Redact(std::string_view text, const std::vector<Secret>& secrets) {
  std::string given(text);
  for (const Secret& secret : secrets) {
    if (!secret.empty()) ReplaceAll(given, secret.Reveal());
  }
  const std::string lower = Lower(given);
  std::string out;
  size_t copied = 0;
  for (size_t at = 0; at < given.size(); ++at) {
    const Hidden hidden = HiddenAt(given, lower, at);
    if (hidden.begin == std::string_view::npos || hidden.end <= hidden.begin) continue;
    out += given.substr(copied, hidden.begin - copied);
    out += kRedacted;
    copied = hidden.end;
    at = hidden.end - 1;
  }
  return out + given.substr(copied);
}

std::string TailOfText(std::string_view text, size_t lines, const std::vector<Secret>& secrets) {
  std::deque<std::string_view> kept;
  std::string_view failure;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with(kFailed)) {
      failure = line;
      continue;
    }
    kept.push_back(line);
    if (kept.size() > lines) kept.pop_front();
  }
  if (!failure.empty()) {
    kept.push_back(failure);
    if (kept.size() > lines) kept.pop_front();
  }
  std::string tail;
  for (const std::string_view line : kept) tail.append(line).append("\n");
  return Redact(tail, secrets);
}

Result<std::string> LogTail(const Path& log, size_t lines, const std::vector<Secret>& secrets) {
  ASSIGN_OR_RETURN(const std::string text, ReadFileTail(log, kBytesRead));
  std::string_view whole_lines = text;
  // The first line may have been cut in two, and with it a secret.
  if (text.size() == kBytesRead)
    whole_lines.remove_prefix(std::min(whole_lines.find('\n'), whole_lines.size() - 1) + 1);
  return TailOfText(whole_lines, lines, secrets);
}

}  // namespace foxfire::launcher
