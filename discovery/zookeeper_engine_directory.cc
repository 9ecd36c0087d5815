#include "discovery/zookeeper_engine_directory.h"

#include <fmt/format.h>

#include <utility>

#include "common/log.h"

namespace foxfire::discovery {
namespace {

constexpr Duration kRetry = std::chrono::seconds(10);
constexpr int kPutAttempts = 5;  // a parent that comes and goes so often is no accident
constexpr Duration kPatience = std::chrono::seconds(5);  // at the start, before it is worth a line

}  // namespace

Result<std::unique_ptr<ZooKeeperEngineDirectory>> ZooKeeperEngineDirectory::Create(
    ZooKeeperDirectoryOptions options, const Clock& clock, Metrics& metrics,
    const MakeClient& make_client) {
  RETURN_IF_ERROR(CheckOptions(options.client));
  ASSIGN_OR_RETURN(NodeLayout layout, NodeLayout::Create(options.root));
  return std::unique_ptr<ZooKeeperEngineDirectory>(new ZooKeeperEngineDirectory(
      std::move(options), std::move(layout), clock, metrics, make_client));
}

ZooKeeperEngineDirectory::ZooKeeperEngineDirectory(ZooKeeperDirectoryOptions options,
                                                   NodeLayout layout, const Clock& clock,
                                                   Metrics& metrics, const MakeClient& make_client)
    : options_(std::move(options)),
      layout_(std::move(layout)),
      clock_(clock),
      stats_(metrics),
      link_down_since_(clock.Now()),
      thread_("directory", clock),
      client_(make_client(options_.client, thread_)),
      view_(*client_, layout_, thread_, stats_,
            [this] {
              if (listener_) listener_();
            }),
      locks_(*client_, layout_,
             [this] {
               return ToJson(LaunchRecord{options_.gateway.id, clock_.WallNow()});
             }),
      bindings_(*client_, layout_),
      registration_(*client_, layout_, thread_, options_.gateway) {}

ZooKeeperEngineDirectory::~ZooKeeperEngineDirectory() { Stop(); }

void ZooKeeperEngineDirectory::Start() {
  MutexLock lock(mutex_);
  if (life_ != Life::kCreated) return;
  life_ = Life::kStarted;
  link_down_since_ = clock_.Now();
  thread_.Post([this] {
    client_->Open({[this](LinkState state) { LinkChanged(state); },
                   [this](NodeEvent event, const std::string& path) { WatchFired(event, path); }});
  });
  thread_.PostAfter(kPatience, [this] {
    if (!was_connected_)
      Log("discovery").warn("ZooKeeper at {} cannot be reached yet", options_.client.connect);
  });
}

void ZooKeeperEngineDirectory::Stop() {
  {
    MutexLock lock(mutex_);
    if (life_ != Life::kStopped) {
      life_ = Life::kStopped;
      // Behind all operations that were taken, so that each of them has begun by then.
      thread_.Post([this] { ShutDown(); });
    }
    while (!is_shut_down_) shut_down_.Wait(mutex_);
  }
  thread_.Stop();
}

void ZooKeeperEngineDirectory::ShutDown() {
  ready_ = false;
  thread_.Cancel(retry_);
  view_.Stop();
  registration_.Stop();
  client_->Close();
  locks_.Disconnected();
  stats_.connected.Set(0);
  MutexLock lock(mutex_);
  link_up_ = false;
  is_shut_down_ = true;
  shut_down_.NotifyAll();
}

Result<void> ZooKeeperEngineDirectory::Health() const {
  {
    MutexLock lock(mutex_);
    if (life_ != Life::kStarted) return MakeError(Code::kUnavailable, "discovery does not run");
    if (!link_up_) {
      const auto seconds = (clock_.Now() - link_down_since_) / std::chrono::seconds(1);
      return MakeError(Code::kUnavailable,
                       fmt::format("ZooKeeper at {} cannot be reached for {} s; start it, or mend "
                                   "zookeeper.connect",
                                   options_.client.connect, seconds));
    }
    if (problem_) return tl::unexpected(*problem_);
  }
  if (View()->synced && !View()->stale) return {};
  return MakeError(Code::kUnavailable,
                   fmt::format("the engines in ZooKeeper at {} have not been read yet",
                               options_.client.connect));
}

void ZooKeeperEngineDirectory::LinkChanged(LinkState state) {
  if (state == LinkState::kConnected) {
    LinkUp();
  } else {
    LinkDown(state);
  }
}

void ZooKeeperEngineDirectory::LinkUp() {
  if (was_connected_) stats_.reconnects.Increment();
  was_connected_ = true;
  stats_.connected.Set(1);
  const bool is_new_session = client_->session_id() != session_;
  session_ = client_->session_id();
  Log("discovery")
      .info("connected to ZooKeeper at {} session=0x{:x} new={}", options_.client.connect, session_,
            is_new_session);
  {
    MutexLock lock(mutex_);
    link_up_ = true;
    problem_ = Error{Code::kUnavailable,
                     fmt::format("ZooKeeper at {} is being read", options_.client.connect)};
  }
  locks_.Connected(is_new_session);
  Prepare();
}

void ZooKeeperEngineDirectory::LinkDown(LinkState state) {
  ready_ = false;
  thread_.Cancel(retry_);
  stats_.connected.Set(0);
  {
    MutexLock lock(mutex_);
    if (link_up_) link_down_since_ = clock_.Now();
    link_up_ = false;
  }
  if (state == LinkState::kExpired) {
    stats_.session_expiries.Increment();
    Log("discovery").warn("ZooKeeper session 0x{:x} expired; making a new one", session_);
  } else {
    Log("discovery")
        .warn(
            "connection to ZooKeeper at {} lost; running sessions go on, launches "
            "wait",
            options_.client.connect);
  }
  view_.Disconnected();
  registration_.Disconnected();
  locks_.Disconnected();
}

void ZooKeeperEngineDirectory::WatchFired(NodeEvent event, const std::string& path) {
  view_.HandleEvent(event, path);
  registration_.HandleEvent(event, path);
  locks_.HandleEvent(path);
  if (event == NodeEvent::kDeleted && path == layout_.Engines()) Prepare();
}

// Reading the root is the only way to learn that a digest is wrong: the server takes any.
void ZooKeeperEngineDirectory::Prepare() {
  client_->Children(layout_.root(), false, [this](Result<std::vector<std::string>> names) {
    if (names || names.error().code == Code::kNotFound) return MakeParents(names.has_value());
    if (names.error().code == Code::kUnavailable) return;  // the next connection tries again
    if (names.error().code == Code::kPermissionDenied) {
      return NotReady({Code::kPermissionDenied,
                       fmt::format("ZooKeeper at {} does not let this gateway read {}: the digest "
                                   "of zookeeper.digest_file is missing or wrong",
                                   options_.client.connect, layout_.root())});
    }
    NotReady(std::move(names).error());
  });
}

void ZooKeeperEngineDirectory::MakeParents(bool root_exists) {
  const auto first_error = std::make_shared<std::optional<Error>>();
  const std::vector<std::string> paths = layout_.Parents();
  for (const std::string& path : paths) {
    // What lies above an existing root may well belong to others.
    if (root_exists && path.size() <= layout_.root().size()) continue;
    const bool is_last = path == paths.back();
    client_->Create(path, "", NodeKind::kPersistent,
                    [this, first_error, is_last](Result<void> created) {
                      if (!created && created.error().code != Code::kAlreadyExists && !*first_error)
                        *first_error = created.error();
                      if (!is_last) return;
                      if (!*first_error) return Ready();
                      NotReady(std::move(**first_error));
                    });
  }
}

void ZooKeeperEngineDirectory::Ready() {
  ready_ = true;
  logged_problem_.clear();
  {
    MutexLock lock(mutex_);
    problem_.reset();
  }
  registration_.Connected();
  view_.Connected();
}

void ZooKeeperEngineDirectory::NotReady(Error problem) {
  if (problem.code == Code::kUnavailable) return;  // the next connection tries again
  if (logged_problem_ != problem.message) Log("discovery").error("{}", problem.message);
  logged_problem_ = problem.message;
  {
    MutexLock lock(mutex_);
    problem_ = std::move(problem);
  }
  thread_.Cancel(retry_);
  retry_ = thread_.PostAfter(kRetry, [this] { Prepare(); });
}

template <typename T>
void ZooKeeperEngineDirectory::Run(Callback<T> done, std::function<void(Callback<T>)> operation,
                                   Needs needs) {
  Callback<T> counted = [this, done = std::move(done)](Result<T> answer) {
    if (!answer) stats_.operation_errors.Increment();
    done(std::move(answer));
  };
  {
    MutexLock lock(mutex_);
    if (life_ == Life::kStarted) {
      thread_.Post([this, needs, counted = std::move(counted), operation = std::move(operation)] {
        if (ready_ || needs == Needs::kNothing) return operation(counted);
        Error error{Code::kUnavailable, "ZooKeeper cannot be reached"};
        if (auto health = Health(); !health) error.message = health.error().message;
        counted(tl::unexpected(std::move(error)));
      });
      return;
    }
  }
  counted(MakeError(Code::kUnavailable, "discovery does not run"));
}

void ZooKeeperEngineDirectory::AcquireLaunchLock(const EngineKey& key, Callback<bool> done) {
  Run<bool>(std::move(done),
            [this, key](Callback<bool> answer) { locks_.Acquire(key, std::move(answer)); });
}

void ZooKeeperEngineDirectory::ReleaseLaunchLock(const EngineKey& key, Callback<void> done) {
  // Also noted while ZooKeeper is away, or the lock would be kept for as long as the session lives.
  Run<void>(
      std::move(done),
      [this, key](Callback<void> answer) { locks_.Release(key, std::move(answer)); },
      Needs::kNothing);
}

void ZooKeeperEngineDirectory::AwaitLaunchLockFree(const EngineKey& key, Callback<void> done) {
  Run<void>(std::move(done),
            [this, key](Callback<void> answer) { locks_.AwaitFree(key, std::move(answer)); });
}

// Whoever has just got the launch's lock sees what its last holder did: a session's reads are never
// older than its own writes.
void ZooKeeperEngineDirectory::EnginesOf(const EngineKey& key,
                                         Callback<std::vector<EngineId>> done) {
  using Ids = std::vector<EngineId>;
  Run<Ids>(std::move(done), [this, key](Callback<Ids> answer) {
    client_->Children(layout_.EnginesOf(key), false,
                      [answer = std::move(answer)](Result<std::vector<std::string>> names) {
                        if (names) return answer(Ids(names->begin(), names->end()));
                        if (names.error().code == Code::kNotFound) return answer(Ids());
                        answer(tl::unexpected(std::move(names).error()));
                      });
  });
}

void ZooKeeperEngineDirectory::FindSession(const UserId& user, const SessionId& session,
                                           Callback<std::optional<SessionBinding>> done) {
  using Found = std::optional<SessionBinding>;
  Run<Found>(std::move(done), [this, user, session](Callback<Found> answer) {
    bindings_.Find(user, session, std::move(answer));
  });
}

void ZooKeeperEngineDirectory::BindSession(const SessionBinding& binding,
                                           Callback<SessionBinding> done) {
  Run<SessionBinding>(std::move(done), [this, binding](Callback<SessionBinding> answer) {
    bindings_.Bind(binding, std::move(answer));
  });
}

void ZooKeeperEngineDirectory::NoteSessionUse(const SessionBinding& binding, Callback<void> done) {
  Run<void>(std::move(done), [this, binding](Callback<void> answer) {
    bindings_.NoteUse(binding, std::move(answer));
  });
}

void ZooKeeperEngineDirectory::UnbindSession(const UserId& user, const SessionId& session,
                                             Callback<void> done) {
  Run<void>(std::move(done), [this, user, session](Callback<void> answer) {
    bindings_.Unbind(user, session, std::move(answer));
  });
}

void ZooKeeperEngineDirectory::SendControl(const EngineId& engine, const ControlCommand& command,
                                           Callback<void> done) {
  Run<void>(std::move(done), [this, engine, command](Callback<void> answer) {
    PutNode(*client_, layout_.Control(engine), ToJson(command), std::move(answer));
  });
}

void ZooKeeperEngineDirectory::ClearControl(const EngineId& engine, Callback<void> done) {
  Run<void>(std::move(done), [this, engine](Callback<void> answer) {
    RemoveNode(*client_, layout_.Control(engine), std::move(answer));
  });
}

void ZooKeeperEngineDirectory::PutEngine(const EngineRecord& record, Callback<void> done) {
  Run<void>(std::move(done), [this, record](Callback<void> answer) {
    CreateEngine(record, kPutAttempts, std::move(answer));
  });
}

// The key's node is there once the key has had an engine, and may go just when we look.
void ZooKeeperEngineDirectory::CreateEngine(const EngineRecord& record, int attempts_left,
                                            Callback<void> done) {
  client_->Create(layout_.Engine(record.key, record.id), ToJson(record), NodeKind::kPersistent,
                  [this, record, attempts_left, done = std::move(done)](Result<void> created) {
                    const bool no_parent = !created && created.error().code == Code::kNotFound;
                    if (!no_parent || attempts_left == 0) return done(std::move(created));
                    client_->Create(layout_.EnginesOf(record.key), "", NodeKind::kContainer,
                                    [this, record, attempts_left, done](Result<void> made) {
                                      if (!made && made.error().code != Code::kAlreadyExists)
                                        return done(std::move(made));
                                      CreateEngine(record, attempts_left - 1, done);
                                    });
                  });
}

void ZooKeeperEngineDirectory::RemoveEngine(const EngineKey& key, const EngineId& engine,
                                            Callback<void> done) {
  Run<void>(std::move(done), [this, key, engine](Callback<void> answer) {
    RemoveNode(*client_, layout_.Engine(key, engine), std::move(answer));
  });
}

}  // namespace foxfire::discovery
