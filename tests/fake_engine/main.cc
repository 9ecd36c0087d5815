// fake_engine: a scripted engine for tests. README.md tells how it is used.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "common/files.h"
#include "tests/fake_engine/engine_options.h"
#include "tests/fake_engine/fake_engine.h"
#include "tests/fake_engine/java_stand_in.h"

namespace foxfire::fake {
namespace {

// Before gRPC starts threads, which inherit it.
void BlockSigterm() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

int RunStandAlone(int argc, char** argv) {
  CLI::App app("A scripted Spark Connect engine for tests");
  EngineOptions options;
  std::string secret_file;
  app.add_option("--port", options.port, "Port on 127.0.0.1; 0: any");
  app.add_option("--secret-file", secret_file, "File with the bearer token; it stays")->required();
  app.add_option("--engine-id", options.engine_id, "Its UUID");
  app.add_option("--key", options.key, "Its engine key");
  app.add_option("--run-as", options.run_as, "Whose engine it is");
  app.add_option("--zookeeper", options.zookeeper, "host:port; without it it does not register");
  app.add_option("--root", options.root, "Root node in ZooKeeper");
  CLI11_PARSE(app, argc, argv);
  auto secret = ReadFile(secret_file);
  if (!secret) {
    std::fprintf(stderr, "fake_engine: %s\n", secret.error().message.c_str());
    return 1;
  }
  options.secret = Secret(*std::move(secret));
  return RunEngine(options, LaunchScript{});
}

}  // namespace
}  // namespace foxfire::fake

int main(int argc, char** argv) {
  foxfire::fake::BlockSigterm();
  if (argc > 1 && std::string_view(argv[1]) == "--java")
    return foxfire::fake::RunAsJava({argv + 2, argv + argc});
  return foxfire::fake::RunStandAlone(argc, argv);
}
