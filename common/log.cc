#include "common/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cctype>
#include <map>

#include "common/json.h"
#include "common/mutex.h"
#include "common/unique_fd.h"

namespace foxfire {
namespace {

struct Loggers {
  Mutex mutex;
  spdlog::sink_ptr sink GUARDED_BY(mutex);
  spdlog::level::level_enum level GUARDED_BY(mutex) = spdlog::level::info;
  std::map<std::string, std::shared_ptr<spdlog::logger>, std::less<>> made GUARDED_BY(mutex);
};

// Loggers are the one global of the process; never destroyed, so that late threads may still log.
Loggers& Global() {
  static auto* loggers = new Loggers;
  return *loggers;
}

// %* is the message, see Message.
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %L %n: %*";
constexpr const char* kJsonPattern =
    R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","logger":"%n","message":%*})";

// Messages carry what clients and files sent: none of it may end a line or colour a terminal.
std::string OneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    if (std::iscntrl(static_cast<unsigned char>(c)) == 0)
      line += c;
    else if (c == '\n')
      line += "\\n";
    else
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return line;
}

// Writes the message on one line, or as a JSON string. Thread-compatible, as spdlog needs it.
class Message final : public spdlog::custom_flag_formatter {
 public:
  explicit Message(bool json) : json_(json) {}
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string_view payload(message.payload.data(), message.payload.size());
    const std::string text = json_ ? ToText(Json(payload)) : OneLine(payload);
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<Message>(json_);
  }

 private:
  const bool json_;
};

std::unique_ptr<spdlog::formatter> MakeFormatter(bool json) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<Message>('*', json);
  formatter->set_pattern(json ? kJsonPattern : kTextPattern);
  return formatter;
}

}  // namespace

Result<void> InitLogging(const LogOptions& options) {
  const auto level = spdlog::level::from_str(options.level);
  if (level == spdlog::level::off && options.level != "off")
    return MakeError(
        Code::kInvalidArgument,
        fmt::format("\"{}\" is not a log level: write trace, debug, info, warn or error",
                    options.level));
  spdlog::sink_ptr sink;
  if (!options.file.empty()) {
    // Nobody else's to read, whatever the umask says; what is wrong with the path is said below.
    const UniqueFd made(
        open(options.file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  try {
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
  } catch (const spdlog::spdlog_ex& error) {
    return MakeError(Code::kInvalidArgument, fmt::format("opening the log file: {}", error.what()));
  }
  sink->set_formatter(MakeFormatter(options.json));
  Loggers& global = Global();
  MutexLock lock(global.mutex);
  global.sink = sink;
  global.level = level;
  for (auto& [name, logger] : global.made) {
    logger->sinks() = {sink};
    logger->set_level(level);
  }
  return {};
}

spdlog::logger& Log(std::string_view subsystem) {
  Loggers& global = Global();
  MutexLock lock(global.mutex);
  const auto found = global.made.find(subsystem);
  if (found != global.made.end()) return *found->second;
  if (global.sink == nullptr) {
    global.sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    global.sink->set_formatter(MakeFormatter(false));
  }
  auto logger = std::make_shared<spdlog::logger>(std::string(subsystem), global.sink);
  logger->set_level(global.level);
  logger->flush_on(spdlog::level::info);
  return *global.made.emplace(subsystem, std::move(logger)).first->second;
}

}  // namespace foxfire
