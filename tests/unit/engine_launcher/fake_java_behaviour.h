// What a fake java answers, without a process.
#pragma once

#include <string>
#include <utility>

#include "tests/fakes/fake_process_spawner.h"

namespace foxfire::launcher {

inline bool IsQuestion(const ProcessSpec& spec, const std::string& word) {
  return spec.argv.back().find(word) != std::string::npos;
}

// Answers the launcher's questions to java; engines go to `engine`.
inline FakeProcessSpawner::Behaviour JavaOfVersion(const std::string& version,
                                                   FakeProcessSpawner::Behaviour engine = {}) {
  return [version, engine = std::move(engine)](
             const ProcessSpec& spec) -> Result<FakeProcessSpawner::Outcome> {
    if (IsQuestion(spec, "-version")) {
      return FakeProcessSpawner::Outcome{"    java.home = /opt/java\n    java.vm.version = 1\n" +
                                             ("    java.specification.version = " + version + "\n"),
                                         FakeProcessSpawner::kSuccess};
    }
    if (IsQuestion(spec, "ModuleOptions")) {
      return FakeProcessSpawner::Outcome{
          "OpenJDK 64-Bit Server VM warning: x\n--add-opens=a/b=ALL-UNNAMED\n-Dc=d e\n",
          FakeProcessSpawner::kSuccess};
    }
    if (engine) return engine(spec);
    return FakeProcessSpawner::Outcome{};
  };
}

}  // namespace foxfire::launcher
