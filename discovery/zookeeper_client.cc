#include "discovery/zookeeper_client.h"

#include <fmt/format.h>
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <utility>

#include "common/log.h"
#include "common/task_thread.h"
#include "discovery/zookeeper_client_log.h"

namespace foxfire::discovery {
namespace {

constexpr Duration kRetryMin = std::chrono::seconds(1);
constexpr Duration kRetryMax = std::chrono::seconds(30);
// The client's default is to resolve all names each time it waits for its socket.
constexpr int kResolveEveryMs = 10'000;

// What a completion brings, copied.
struct Answer {
  int rc = ZOK;
  std::string data;
  std::vector<std::string> names;
  NodeStat stat;
};

NodeStat CopyStat(const Stat* stat) {
  return stat == nullptr ? NodeStat{} : NodeStat{stat->ephemeralOwner, stat->version};
}

Code CodeOf(int rc) {
  switch (rc) {
    case ZNONODE:
      return Code::kNotFound;
    case ZNODEEXISTS:
      return Code::kAlreadyExists;
    case ZNOAUTH:
      return Code::kPermissionDenied;
    case ZNOTEMPTY:
      return Code::kFailedPrecondition;
    case ZBADVERSION:
      return Code::kAborted;
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
    case ZINVALIDSTATE:
    case ZSESSIONEXPIRED:
    case ZSESSIONMOVED:
    case ZAUTHFAILED:
    case ZCLOSING:
    case ZTHROTTLEDOP:
      return Code::kUnavailable;
    default:
      return Code::kInternal;
  }
}

tl::unexpected<Error> ErrorOf(int rc, const char* doing, const std::string& path) {
  return MakeError(CodeOf(rc), fmt::format("{} ZooKeeper node {}: {}", doing, path, zerror(rc)));
}

int ModeOf(NodeKind kind) {
  switch (kind) {
    case NodeKind::kEphemeral:
      return ZOO_EPHEMERAL;
    case NodeKind::kContainer:
      return ZOO_CONTAINER;
    case NodeKind::kPersistent:
      break;
  }
  return ZOO_PERSISTENT;
}

// Events that are none of these say nothing about a node.
std::optional<NodeEvent> EventOf(int type) {
  if (type == ZOO_CREATED_EVENT) return NodeEvent::kCreated;
  if (type == ZOO_DELETED_EVENT) return NodeEvent::kDeleted;
  if (type == ZOO_CHANGED_EVENT) return NodeEvent::kChanged;
  if (type == ZOO_CHILD_EVENT) return NodeEvent::kChildren;
  return std::nullopt;
}

// The C client hands its log no context. Never destroyed: its threads may still speak while the
// process ends.
void LogLine(const char* line) {
  static auto* const log = new ZooKeeperClientLog(*new SystemClock);
  log->Write(line);
}

class ZooKeeperClient final : public NodeClient {
 public:
  ZooKeeperClient(ZooKeeperClientOptions options, Executor& executor)
      : options_(std::move(options)), executor_(executor) {}
  ~ZooKeeperClient() override { Close(); }

  void Open(Listeners listeners) override;
  void Close() override;
  int64_t session_id() const override { return session_id_; }

  void Create(const std::string& path, const std::string& data, NodeKind kind,
              Callback<void> done) override;
  void Get(const std::string& path, bool watch, Callback<NodeData> done) override;
  void Exists(const std::string& path, bool watch, Callback<std::optional<NodeStat>> done) override;
  void Children(const std::string& path, bool watch,
                Callback<std::vector<std::string>> done) override;
  void Set(const std::string& path, const std::string& data, int32_t version,
           Callback<void> done) override;
  void Delete(const std::string& path, Callback<void> done) override;

 private:
  using Done = std::function<void(const Answer&)>;

  // What the C client hands back; freed with the operation, never by the C client, which forgets
  // some completions when it is closed.
  struct Ticket {
    ZooKeeperClient* client;
    uint64_t operation;
  };
  struct Pending {
    std::unique_ptr<Ticket> ticket;
    Done done;
  };
  // One zhandle_t's life; its address is the context of the events.
  struct Handle {
    ZooKeeperClient* client = nullptr;
    uint64_t number = 0;
    zhandle_t* zookeeper = nullptr;
  };

  // On the C client's completion thread:
  static void OnEvent(zhandle_t* zookeeper, int type, int state, const char* path, void* context);
  static void OnVoid(int rc, const void* data);
  static void OnString(int rc, const char* value, const void* data);
  static void OnStat(int rc, const Stat* stat, const void* data);
  static void OnData(int rc, const char* value, int length, const Stat* stat, const void* data);
  static void OnStrings(int rc, const String_vector* strings, const void* data);
  static void PostAnswer(const void* data, Answer answer);

  // On the executor's thread:
  void Connect();
  void HandleLink(uint64_t handle, int state, int64_t session);
  void Replace(Duration delay);
  void CloseHandle();
  // `send` gives the operation to the C client; ZOK promises a completion.
  template <typename Send>
  void Begin(Done done, Send send);
  void Finish(uint64_t operation, const Answer& answer);
  const ACL_vector* Acl() const {
    return options_.digest.empty() ? &ZOO_OPEN_ACL_UNSAFE : &ZOO_CREATOR_ALL_ACL;
  }

  const ZooKeeperClientOptions options_;
  Executor& executor_;

  // Confined to the executor's thread.
  Listeners listeners_;
  std::unique_ptr<Handle> handle_;
  uint64_t handles_ = 0;
  bool closed_ = false;
  bool connected_ = false;
  int64_t session_id_ = 0;
  Duration retry_ = kRetryMin;
  TimerId retry_timer_ = 0;
  uint64_t operations_ = 0;
  std::map<uint64_t, Pending> pending_;
};

void ZooKeeperClient::Open(Listeners listeners) {
  static std::once_flag once;
  std::call_once(once, [] { zoo_set_debug_level(ZOO_LOG_LEVEL_INFO); });
  listeners_ = std::move(listeners);
  Connect();
}

void ZooKeeperClient::Connect() {
  retry_timer_ = 0;
  handle_ = std::make_unique<Handle>();
  handle_->client = this;
  handle_->number = ++handles_;
  const auto timeout = options_.session_timeout / std::chrono::milliseconds(1);
  handle_->zookeeper =
      zookeeper_init2(options_.connect.c_str(), &OnEvent, static_cast<int>(timeout), nullptr,
                      handle_.get(), 0, &LogLine);
  if (handle_->zookeeper == nullptr) {
    const char* why = errno == ENOENT ? "no such host" : "no connection can be made";
    Log("discovery")
        .warn("ZooKeeper at {}: {} retry_in={}s", options_.connect, why,
              retry_ / std::chrono::seconds(1));
    handle_.reset();
    retry_timer_ = executor_.PostAfter(retry_, [this] { Connect(); });
    retry_ = std::min(retry_ * 2, kRetryMax);
    return;
  }
  retry_ = kRetryMin;
  zoo_set_servers_resolution_delay(handle_->zookeeper, kResolveEveryMs);
  if (options_.digest.empty()) return;
  // The answer says nothing: the server takes any digest.
  const std::string_view digest = options_.digest.Reveal();
  zoo_add_auth(
      handle_->zookeeper, "digest", digest.data(), static_cast<int>(digest.size()),
      [](int, const void*) {}, nullptr);
}

void ZooKeeperClient::Close() {
  if (closed_) return;
  closed_ = true;  // from here on, operations that callbacks begin are answered at once
  executor_.Cancel(retry_timer_);
  CloseHandle();
}

void ZooKeeperClient::CloseHandle() {
  connected_ = false;
  session_id_ = 0;
  // Joins the C client's threads: after it neither completions nor events are posted.
  if (handle_ != nullptr) zookeeper_close(handle_->zookeeper);
  handle_.reset();
  std::map<uint64_t, Pending> unanswered;
  unanswered.swap(pending_);
  for (const auto& [operation, pending] : unanswered) pending.done(Answer{ZCLOSING, {}, {}, {}});
}

void ZooKeeperClient::Replace(Duration delay) {
  CloseHandle();
  listeners_.link(LinkState::kExpired);
  if (!closed_) retry_timer_ = executor_.PostAfter(delay, [this] { Connect(); });
}

void ZooKeeperClient::OnEvent(zhandle_t* zookeeper, int type, int state, const char* path,
                              void* context) {
  thread_local const bool named = (NameThisThread("zk"), true);
  static_cast<void>(named);
  const auto* handle = static_cast<const Handle*>(context);
  ZooKeeperClient* client = handle->client;
  const uint64_t number = handle->number;
  if (type == ZOO_SESSION_EVENT) {
    const int64_t session =
        state == ZOO_CONNECTED_STATE ? zoo_client_id(zookeeper)->client_id : int64_t{0};
    client->executor_.Post(
        [client, number, state, session] { client->HandleLink(number, state, session); });
    return;
  }
  const auto event = EventOf(type);
  if (!event || path == nullptr) return;
  client->executor_.Post([client, number, event = *event, where = std::string(path)] {
    if (client->handle_ != nullptr && client->handle_->number == number)
      client->listeners_.watch(event, where);
  });
}

void ZooKeeperClient::HandleLink(uint64_t handle, int state, int64_t session) {
  if (handle_ == nullptr || handle_->number != handle) return;  // said by one that is closed
  if (state == ZOO_CONNECTED_STATE) {
    connected_ = true;
    session_id_ = session;
    listeners_.link(LinkState::kConnected);
  } else if (state == ZOO_EXPIRED_SESSION_STATE) {
    Replace(Duration::zero());
  } else if (state == ZOO_AUTH_FAILED_STATE) {
    Log("discovery").error("ZooKeeper at {} refuses the digest scheme", options_.connect);
    Replace(kRetryMax);
  } else if (connected_) {
    connected_ = false;
    listeners_.link(LinkState::kDisconnected);
  }
}

void ZooKeeperClient::PostAnswer(const void* data, Answer answer) {
  // The ticket is freed by what is posted, so nothing of it is touched after that.
  const Ticket ticket = *static_cast<const Ticket*>(data);
  ticket.client->executor_.Post(
      [ticket, answer = std::move(answer)] { ticket.client->Finish(ticket.operation, answer); });
}

void ZooKeeperClient::OnVoid(int rc, const void* data) { PostAnswer(data, {rc, {}, {}, {}}); }

void ZooKeeperClient::OnString(int rc, const char*, const void* data) {
  PostAnswer(data, {rc, {}, {}, {}});
}

void ZooKeeperClient::OnStat(int rc, const Stat* stat, const void* data) {
  PostAnswer(data, {rc, {}, {}, rc == ZOK ? CopyStat(stat) : NodeStat{}});
}

void ZooKeeperClient::OnData(int rc, const char* value, int length, const Stat* stat,
                             const void* data) {
  Answer answer{rc, {}, {}, {}};
  if (rc == ZOK) {
    answer.stat = CopyStat(stat);
    if (value != nullptr && length > 0) answer.data.assign(value, static_cast<size_t>(length));
  }
  PostAnswer(data, std::move(answer));
}

void ZooKeeperClient::OnStrings(int rc, const String_vector* strings, const void* data) {
  Answer answer{rc, {}, {}, {}};
  if (rc == ZOK && strings != nullptr)
    answer.names.assign(strings->data, strings->data + strings->count);
  PostAnswer(data, std::move(answer));
}

template <typename Send>
void ZooKeeperClient::Begin(Done done, Send send) {
  if (closed_) return done(Answer{ZCLOSING, {}, {}, {}});
  const uint64_t operation = ++operations_;
  auto ticket = std::make_unique<Ticket>(Ticket{this, operation});
  const Ticket* data = ticket.get();
  pending_.emplace(operation, Pending{std::move(ticket), std::move(done)});
  const int rc = connected_ ? send(handle_->zookeeper, data) : ZCONNECTIONLOSS;
  if (rc == ZOK) return;
  executor_.Post([this, operation, rc] { Finish(operation, Answer{rc, {}, {}, {}}); });
}

void ZooKeeperClient::Finish(uint64_t operation, const Answer& answer) {
  const auto node = pending_.extract(operation);
  if (!node.empty()) node.mapped().done(answer);
}

void ZooKeeperClient::Create(const std::string& path, const std::string& data, NodeKind kind,
                             Callback<void> done) {
  Begin(
      [path, done = std::move(done)](const Answer& answer) {
        if (answer.rc != ZOK) return done(ErrorOf(answer.rc, "creating", path));
        done({});
      },
      [&](zhandle_t* zookeeper, const Ticket* ticket) {
        return zoo_acreate(zookeeper, path.c_str(), data.data(), static_cast<int>(data.size()),
                           Acl(), ModeOf(kind), &OnString, ticket);
      });
}

void ZooKeeperClient::Get(const std::string& path, bool watch, Callback<NodeData> done) {
  Begin(
      [path, done = std::move(done)](const Answer& answer) {
        if (answer.rc != ZOK) return done(ErrorOf(answer.rc, "reading", path));
        done(NodeData{answer.data, answer.stat});
      },
      [&](zhandle_t* zookeeper, const Ticket* ticket) {
        return zoo_aget(zookeeper, path.c_str(), watch ? 1 : 0, &OnData, ticket);
      });
}

void ZooKeeperClient::Exists(const std::string& path, bool watch,
                             Callback<std::optional<NodeStat>> done) {
  Begin(
      [path, done = std::move(done)](const Answer& answer) {
        if (answer.rc == ZOK) return done(answer.stat);
        if (answer.rc == ZNONODE) return done(std::nullopt);
        done(ErrorOf(answer.rc, "looking for", path));
      },
      [&](zhandle_t* zookeeper, const Ticket* ticket) {
        return zoo_aexists(zookeeper, path.c_str(), watch ? 1 : 0, &OnStat, ticket);
      });
}

void ZooKeeperClient::Children(const std::string& path, bool watch,
                               Callback<std::vector<std::string>> done) {
  Begin(
      [path, done = std::move(done)](const Answer& answer) {
        if (answer.rc != ZOK) return done(ErrorOf(answer.rc, "listing", path));
        done(answer.names);
      },
      [&](zhandle_t* zookeeper, const Ticket* ticket) {
        return zoo_aget_children(zookeeper, path.c_str(), watch ? 1 : 0, &OnStrings, ticket);
      });
}

void ZooKeeperClient::Set(const std::string& path, const std::string& data, int32_t version,
                          Callback<void> done) {
  Begin(
      [path, done = std::move(done)](const Answer& answer) {
        if (answer.rc != ZOK) return done(ErrorOf(answer.rc, "writing", path));
        done({});
      },
      [&](zhandle_t* zookeeper, const Ticket* ticket) {
        return zoo_aset(zookeeper, path.c_str(), data.data(), static_cast<int>(data.size()),
                        version, &OnStat, ticket);
      });
}

void ZooKeeperClient::Delete(const std::string& path, Callback<void> done) {
  Begin(
      [path, done = std::move(done)](const Answer& answer) {
        if (answer.rc != ZOK) return done(ErrorOf(answer.rc, "deleting", path));
        done({});
      },
      [&](zhandle_t* zookeeper, const Ticket* ticket) {
        return zoo_adelete(zookeeper, path.c_str(), -1, &OnVoid, ticket);
      });
}

}  // namespace

std::unique_ptr<NodeClient> MakeZooKeeperClient(ZooKeeperClientOptions options,
                                                Executor& executor) {
  return std::make_unique<ZooKeeperClient>(std::move(options), executor);
}

}  // namespace foxfire::discovery
