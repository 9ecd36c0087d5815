// The sockets through which warm spares say that they are ready and learn whose engine they become
// (docs/engine-contract.md).
#pragma once

#include <functional>
#include <map>
#include <string>

#include "common/ids.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "engine_launcher/engine_launcher.h"
#include "engine_launcher/launch_thread.h"

namespace foxfire::launcher {

// Confined to the launch thread. Destroying it ends all spares: they see the end of their sockets.
class SpareChannels {
 public:
  // Borrowed, must outlive this.
  explicit SpareChannels(LaunchThread& thread) : thread_(thread) {}

  // The spare's end of a new socket, for its standard input. `ready` is called once it is.
  Result<UniqueFd> Open(const EngineId& id, std::function<void()> ready);
  // Tells it whose engine it is; the channel is over then. NOT_FOUND: there is none.
  Result<void> Bind(const LaunchRequest& request);
  // No error if there is none.
  void Close(const EngineId& id) { channels_.erase(id); }

 private:
  struct Channel {
    UniqueFd socket;
    std::string received;
    std::function<void()> ready;
  };

  void Watch(const EngineId& id);
  void Read(const EngineId& id);

  LaunchThread& thread_;
  std::map<EngineId, Channel> channels_;
};

// One line for a spare; ends with a newline.
std::string BindLine(const LaunchRequest& request);

}  // namespace foxfire::launcher
