#include "discovery/session_bindings.h"

#include <fmt/format.h>

#include <utility>

#include "discovery/records.h"

namespace foxfire::discovery {
namespace {

// The node or its parent comes and goes just when we look; so often in a row is no accident.
constexpr int kAttempts = 5;

tl::unexpected<Error> BoundElsewhere(const SessionBinding& there) {
  return MakeError(Code::kFailedPrecondition, fmt::format("session {} is bound to engine {}",
                                                          there.session.str(), there.engine.str()));
}

}  // namespace

void SessionBindings::Find(const UserId& user, const SessionId& session,
                           Callback<std::optional<SessionBinding>> done) {
  const std::string path = layout_.Session(user, session);
  client_.Get(path, false, [user, session, path, done = std::move(done)](Result<NodeData> node) {
    if (!node) {
      if (node.error().code == Code::kNotFound) return done(std::nullopt);
      return done(tl::unexpected(std::move(node).error()));
    }
    auto binding = ParseSessionBinding(user, session, node->data);
    if (!binding) return done(AtNode(std::move(binding).error(), path));
    done(std::move(*binding));
  });
}

void SessionBindings::Bind(const SessionBinding& binding, Callback<SessionBinding> done) {
  TryBind(binding, kAttempts, std::move(done));
}

void SessionBindings::TryBind(const SessionBinding& binding, int attempts_left,
                              Callback<SessionBinding> done) {
  const std::string path = layout_.Session(binding.user, binding.session);
  if (attempts_left == 0) {
    return done(MakeError(Code::kAborted,
                          fmt::format("ZooKeeper node {} comes and goes all the time", path)));
  }
  client_.Create(path, ToJson(binding), NodeKind::kPersistent,
                 [this, binding, attempts_left, done = std::move(done)](Result<void> created) {
                   if (created) return done(binding);
                   if (created.error().code == Code::kNotFound)
                     return MakeUser(binding, attempts_left, done);
                   if (created.error().code == Code::kAlreadyExists)
                     return TakeExisting(binding, attempts_left, done);
                   done(tl::unexpected(std::move(created).error()));
                 });
}

void SessionBindings::MakeUser(const SessionBinding& binding, int attempts_left,
                               Callback<SessionBinding> done) {
  client_.Create(layout_.SessionsOf(binding.user), "", NodeKind::kContainer,
                 [this, binding, attempts_left, done = std::move(done)](Result<void> created) {
                   if (!created && created.error().code != Code::kAlreadyExists)
                     return done(tl::unexpected(std::move(created).error()));
                   TryBind(binding, attempts_left - 1, done);
                 });
}

void SessionBindings::TakeExisting(const SessionBinding& binding, int attempts_left,
                                   Callback<SessionBinding> done) {
  Find(binding.user, binding.session,
       [this, binding, attempts_left,
        done = std::move(done)](Result<std::optional<SessionBinding>> found) {
         if (!found) return done(tl::unexpected(std::move(found).error()));
         if (*found) return done(std::move(**found));
         TryBind(binding, attempts_left - 1, done);
       });
}

void SessionBindings::NoteUse(const SessionBinding& binding, Callback<void> done) {
  TryNoteUse(binding, kAttempts, std::move(done));
}

void SessionBindings::TryNoteUse(const SessionBinding& binding, int attempts_left,
                                 Callback<void> done) {
  const std::string path = layout_.Session(binding.user, binding.session);
  client_.Get(path, false,
              [this, binding, path, attempts_left, done = std::move(done)](Result<NodeData> node) {
                if (!node) return done(tl::unexpected(std::move(node).error()));
                auto there = ParseSessionBinding(binding.user, binding.session, node->data);
                if (!there) return done(AtNode(std::move(there).error(), path));
                if (there->engine != binding.engine) return done(BoundElsewhere(*there));
                if (there->used_at >= binding.used_at) return done({});
                there->used_at = binding.used_at;
                client_.Set(path, ToJson(*there), node->stat.version,
                            [this, binding, attempts_left, done](Result<void> written) {
                              // Others note, bind and unbind it, too.
                              const bool has_changed =
                                  !written && written.error().code == Code::kAborted;
                              if (!has_changed || attempts_left == 0)
                                return done(std::move(written));
                              TryNoteUse(binding, attempts_left - 1, done);
                            });
              });
}

void SessionBindings::Unbind(const UserId& user, const SessionId& session, Callback<void> done) {
  RemoveNode(client_, layout_.Session(user, session), std::move(done));
}

}  // namespace foxfire::discovery
