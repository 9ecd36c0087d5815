// Which engine a session is bound to, for all gateways.
#pragma once

#include <optional>

#include "discovery/engine_directory.h"
#include "discovery/node_client.h"
#include "discovery/node_layout.h"

namespace foxfire::discovery {

// Persistent nodes sessions/<user>/<session id>; ZooKeeper decides who was first. The user's node
// is a container, so ZooKeeper removes it after the last session. Confined to the client's thread.
class SessionBindings {
 public:
  template <typename T>
  using Callback = EngineDirectory::Callback<T>;

  // Borrowed, must outlive this.
  SessionBindings(NodeClient& client, const NodeLayout& layout)
      : client_(client), layout_(layout) {}

  void Find(const UserId& user, const SessionId& session,
            Callback<std::optional<SessionBinding>> done);
  void Bind(const SessionBinding& binding, Callback<SessionBinding> done);
  void NoteUse(const SessionBinding& binding, Callback<void> done);
  void Unbind(const UserId& user, const SessionId& session, Callback<void> done);

 private:
  void TryBind(const SessionBinding& binding, int attempts_left, Callback<SessionBinding> done);
  void MakeUser(const SessionBinding& binding, int attempts_left, Callback<SessionBinding> done);
  void TryNoteUse(const SessionBinding& binding, int attempts_left, Callback<void> done);
  void TakeExisting(const SessionBinding& binding, int attempts_left,
                    Callback<SessionBinding> done);

  NodeClient& client_;
  const NodeLayout& layout_;
};

}  // namespace foxfire::discovery
