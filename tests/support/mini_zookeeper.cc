#include "tests/support/mini_zookeeper.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "common/unique_fd.h"
#include "tests/support/free_port.h"

namespace foxfire {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStartTimeout = 60s;
constexpr std::array<std::string_view, 9> kJars = {"zookeeper-",    "netty-",       "slf4j-api-",
                                                   "metrics-core-", "snappy-java-", "commons-cli-",
                                                   "commons-io-",   "log4j-api-",   "log4j-"};

// Only what the server needs: with all of Spark's jars it starts half a second later.
Result<std::string> ClassPath() {
  const char* home = std::getenv("FOXFIRE_TEST_SPARK_HOME");
  if (home == nullptr || *home == '\0')
    return MakeError(Code::kFailedPrecondition,
                     "set FOXFIRE_TEST_SPARK_HOME to a Spark home, for example the folder of the "
                     "pyspark package");
  std::string class_path;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(Path(home) / "jars", error)) {
    const std::string name = file.path().filename().string();
    const bool is_needed = std::any_of(kJars.begin(), kJars.end(), [&](std::string_view prefix) {
      return name.starts_with(prefix);
    });
    if (is_needed) class_path += file.path().string() + ":";
  }
  if (class_path.find("zookeeper-") == std::string::npos)
    return MakeError(Code::kNotFound, fmt::format("no ZooKeeper jar in {}/jars", home));
  return class_path;
}

// One that is still starting takes connections and answers that it does not serve.
bool Serves(uint16_t port) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
  if (send(fd.get(), "srvr", 4, MSG_NOSIGNAL) != 4) return false;
  std::string answer;
  std::array<char, 512> part{};
  pollfd waiting{fd.get(), POLLIN, 0};
  while (poll(&waiting, 1, 2000) > 0) {
    const ssize_t got = recv(fd.get(), part.data(), part.size(), 0);
    if (got <= 0) break;
    answer.append(part.data(), static_cast<size_t>(got));
  }
  return answer.starts_with("Zookeeper version");
}

}  // namespace

MiniZooKeeper::MiniZooKeeper() : port_(FreePort()) {}

MiniZooKeeper::~MiniZooKeeper() { Stop(); }

std::string MiniZooKeeper::connect() const { return fmt::format("127.0.0.1:{}", port_); }

Result<void> MiniZooKeeper::Start() {
  RETURN_IF_ERROR(Spawn());
  const SteadyTime deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (!Serves(port_)) {
    int status = 0;
    const bool ended = waitpid(pid_, &status, WNOHANG) == pid_;
    if (ended) pid_ = 0;
    if (ended || std::chrono::steady_clock::now() > deadline) {
      return MakeError(
          Code::kUnavailable,
          "ZooKeeper does not start: " + ReadFileTail(folder_ / "log", 4096).value_or("no log"));
    }
    poll(nullptr, 0, 20);  // between two questions
  }
  return {};
}

Result<void> MiniZooKeeper::Spawn() {
  ASSIGN_OR_RETURN(const std::string class_path, ClassPath());
  const Path config = folder_.Write(
      "zoo.cfg", fmt::format("tickTime=200\ndataDir={}\nclientPort={}\n"
                             "clientPortAddress=127.0.0.1\nmaxClientCnxns=0\n"
                             "minSessionTimeout=400\nmaxSessionTimeout=600000\n"
                             "admin.enableServer=false\n4lw.commands.whitelist=srvr\n",
                             (folder_ / "data").string(), port_));
  std::vector<std::string> arguments = {"java",
                                        "-XX:+UseSerialGC",
                                        "-Xmx64m",
                                        "-XX:TieredStopAtLevel=1",
                                        "-Dorg.apache.logging.log4j.level=WARN",
                                        "-cp",
                                        class_path,
                                        "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                                        config.string()};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, (folder_ / "log").c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  const int failed = posix_spawnp(&pid_, "java", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return tl::unexpected(ErrnoError(failed, "starting java"));
  return {};
}

void MiniZooKeeper::Stop() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void MiniZooKeeper::Freeze() { kill(pid_, SIGSTOP); }

void MiniZooKeeper::GoOn() { kill(pid_, SIGCONT); }

}  // namespace foxfire
