// What a fake engine is told: by its command line, or as `java` by the launcher.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "common/result.h"
#include "common/secret.h"

namespace foxfire::fake {

// A value type.
struct EngineOptions {
  std::string address = "127.0.0.1";
  int port = 0;
  Secret secret;
  std::string engine_id;
  std::string key;
  std::string run_as;
  std::string host_name;
  std::string advertise_host = "127.0.0.1";
  std::string zookeeper;  // empty: it does not register itself
  std::string root = "/foxfire";
  std::chrono::milliseconds session_timeout{10000};
  std::chrono::milliseconds drain_grace{10000};
  std::chrono::milliseconds idle{0};  // 0: never idle
  std::chrono::milliseconds lost{0};  // 0: lives without a registration
  bool train = false;
  bool spare = false;  // waits for key and run_as on its standard input
};

// How a launched engine misbehaves: the JSON file that $FOXFIRE_FAKE_LAUNCH names, which a
// profile's environment can set. Read at each launch, so a test may change it in between.
struct LaunchScript {
  std::string count_file;        // gets one line a launch: the engine's id
  std::string wait_for_file;     // it goes no further before there is such a file
  bool waits_listening = false;  // it waits when it serves, before it registers; else at once
  std::string log;               // printed first; "{secret}" stands for the engine's secret
  std::string failure;           // printed as the FAILED line; then it exits
  int exit_status = 1;
  bool registers = true;
  bool obeys = true;  // SIGTERM and control nodes
};

// Reads the properties file of docs/engine-contract.md and the secret file in it, which it removes.
Result<EngineOptions> ReadEngineProperties(const std::string& path);

Result<LaunchScript> ReadLaunchScript();

// A spare says that it is ready and waits for its owner: false if the gateway has gone first.
Result<bool> AwaitOwner(EngineOptions& options);

}  // namespace foxfire::fake
