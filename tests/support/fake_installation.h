// Stand-ins for what an engine runs on: a Spark home of empty jars, a java that is a script.
#pragma once

#include <string>

#include "engine_launcher/profile.h"
#include "tests/support/temp_folder.h"

namespace foxfire::launcher {

// Answers what the launcher asks a java, and plays an engine otherwise: prints its arguments and
// the names of its variables, then does what $FAKE_ENGINE says (a line of shell; default: run until
// killed).
inline constexpr const char* kFakeJava = R"(#!/bin/sh
case "$*" in
*-version*)
  echo "    java.home = /opt/java" >&2
  echo "    java.specification.version = ${FAKE_JAVA_VERSION:-17}" >&2
  echo "    java.vm.version = 17.0.1+1" >&2
  exit 0 ;;
*ModuleOptions*)
  echo "--add-opens=java.base/java.nio=ALL-UNNAMED"
  echo "-Dio.netty.tryReflectionSetAccessible=true"
  exit 0 ;;
esac
printf 'argument %s\n' "$@"
env | sed 's/^/variable /'
eval "${FAKE_ENGINE:-}"
sleep 600 &
wait $!
)";

// Options and a profile that name such stand-ins below `folder`.
struct FakeInstallation {
  explicit FakeInstallation(const TempFolder& folder) {
    for (const char* jar : {"spark-core_2.13-4.2.1.jar", "spark-connect_2.13-4.2.1.jar",
                            "spark-launcher_2.13-4.2.1.jar", "zookeeper-3.9.5.jar", "a.jar"}) {
      folder.Write(std::string("spark/jars/") + jar, jar);
    }
    folder.Write("java/bin/java", kFakeJava, 0755);
    profile.spark_home = (folder / "spark").string();
    profile.java_home = (folder / "java").string();
    options.engine_jar = folder.Write("engine.jar", "jar");
    options.state_folder = folder / "state";
    options.cache_folder = folder / "cache";
    options.zookeeper_connect = "127.0.0.1:2181";
  }

  EngineProfile profile;
  LauncherOptions options;
};

}  // namespace foxfire::launcher
