// The part of the table that SIGHUP reads again: who gets which engine, and what it starts with.
#include "server/config/config_schema.h"

namespace foxfire::server {
namespace {

// clang-format off
#define PROFILE(member)                       \
  [](const FieldTarget& target) -> FieldRef { \
    return &target.profile->member;           \
  }
// Of a group or user, or of everybody.
#define SHARING(member)                                                          \
  [](const FieldTarget& target) -> FieldRef {                                    \
    return target.owner != nullptr ? &target.owner->sharing.member               \
                                   : &target.config->engine.sharing.member;      \
  }
#define OVERRIDE(member)                      \
  [](const FieldTarget& target) -> FieldRef { \
    return &target.owner->overrides.member;   \
  }
// clang-format on

constexpr std::string_view kAny;

ConfigKeyList DriverKeys() {
  return {
      {kProfileSection, "inherits", kAny,
       "Profile from which comes what this one does not set; spark_conf and environment are "
       "merged, everything else is replaced.",
       PROFILE(inherits)},
      {kProfileSection, "spark_home", kAny, "Folder of a Spark 4 distribution; required.",
       PROFILE(spark_home)},
      {kProfileSection, "java_home", kAny,
       "Folder of a Java 17; empty: that of $JAVA_HOME, else java from PATH.", PROFILE(java_home)},
      {kProfileSection, "python", kAny, "Python for UDFs: a path, or a name that PATH finds.",
       PROFILE(python)},
      {kProfileSection, "driver_memory", "512MiB..4096GiB", "Java heap of an engine.",
       PROFILE(driver_memory)},
  };
}

ConfigKeyList LauncherKeys() {
  return {
      {kProfileSection, "launcher", "local|spark-submit|command",
       "What starts an engine: java itself, spark-submit or launch_command.", PROFILE(launcher)},
      {kProfileSection, "master", kAny, "Spark's master URL.", PROFILE(master)},
      {kProfileSection, "deploy_mode", "client|cluster",
       "Where the driver runs: on this machine, or where the cluster manager puts it.",
       PROFILE(deploy_mode)},
      {kProfileSection, "run_as", "login|os-user|proxy-user|hadoop-user",
       "How an engine comes to work as its owner.", PROFILE(run_as)},
      {kProfileSection, "queue", kAny, "YARN's queue; empty: its default.", PROFILE(queue)},
      {kProfileSection, "kubernetes_namespace", kAny,
       "Namespace of the drivers' pods; empty: default.", PROFILE(kubernetes_namespace)},
      {kProfileSection, "engine_jar", kAny,
       "The engine's program as drivers of the cluster find it, a path or URL; empty: engine.jar.",
       PROFILE(engine_jar)},
      {kProfileSection, "zookeeper_digest_file", kAny,
       "File with user:password as drivers of the cluster find it; empty: zookeeper.digest_file.",
       PROFILE(zookeeper_digest_file)},
      {kProfileSection, "bind_address", kAny,
       "IP address that engines listen on; empty: engine.bind_address.", PROFILE(bind_address)},
      {kProfileSection, "advertise_host", kAny,
       "Host by which gateways reach the engines; auto: the driver's own address; empty: "
       "engine.advertise_host.",
       PROFILE(advertise_host)},
      {kProfileSection, "launch_command", kAny,
       "Program and arguments that start an engine, with launcher = \"command\".",
       PROFILE(launch_command)},
      {kProfileSection, "kill_command", kAny,
       "Program and arguments that end an engine, with launcher = \"command\".",
       PROFILE(kill_command)},
      {kProfileSection, "warm_spares", "0..100",
       "Engines without an owner that wait for one; launcher = \"local\" and run_as = \"login\" "
       "only.",
       PROFILE(warm_spares)},
  };
}

ConfigKeyList SettingKeys() {
  return {
      {kProfileSection, "java_options", kAny, "Options for the engine's Java, after Foxfire's own.",
       PROFILE(java_options)},
      {kProfileSection, "class_path", kAny,
       "Jars and folders in front of Spark's own, absolute paths.", PROFILE(class_path)},
      {kProfileSection, "client_conf", kAny,
       "Spark settings that clients may give new engines, with ;x-foxfire-conf-<setting>=; a * at "
       "the end stands for any rest.",
       PROFILE(client_conf)},
      {kProfileSection, "spark_conf", kAny, "Spark settings, each named spark.….",
       PROFILE(spark_conf)},
      {kProfileSection, "environment", kAny, "Environment variables of the engine.",
       PROFILE(environment)},
  };
}

}  // namespace

ConfigKeyList SharingKeys(std::string_view section) {
  return {
      {section, "share_level", "connection|user|group|server", "Who shares an engine.",
       SHARING(share_level)},
      {section, "client_share_levels", kAny,
       "Share levels that clients may ask for instead, with ;x-foxfire-share-level=.",
       SHARING(client_share_levels)},
      {section, "profile", kAny, "Profile of engines whose client asks for none.",
       SHARING(profile)},
      {section, "client_profiles", kAny,
       "Profiles that clients may ask for instead, with ;x-foxfire-profile=; \"*\": every one.",
       SHARING(client_profiles)},
      {section, "pool_size", "1..1000",
       "Engines that one key may have; new sessions go to the one with the least to do.",
       SHARING(pool_size)},
      {section, "pool_load", "1..100000",
       "Sessions and running operations of each engine of a pool from which on another is started.",
       SHARING(pool_load)},
      {section, "prestart", kAny,
       "Start engines of share level user ahead of the time at which their users came in past "
       "weeks.",
       SHARING(prestart)},
  };
}

ConfigKeyList OverrideKeys(std::string_view section) {
  return {
      {section, "driver_memory", "0..4096GiB",
       "Java heap of the engines that they own, 512MiB at least; 0: the profile's.",
       OVERRIDE(driver_memory)},
      {section, "queue", kAny, "YARN's queue for the engines that they own; empty: the profile's.",
       OVERRIDE(queue)},
      {section, "spark_conf", kAny,
       "Spark settings of the engines that they own, over the profile's.", OVERRIDE(spark_conf)},
      {section, "environment", kAny,
       "Environment variables of the engines that they own, over the profile's.",
       OVERRIDE(environment)},
  };
}

ConfigKeyList ProfileKeys() {
  ConfigKeyList all;
  for (const ConfigKeyList& keys : {DriverKeys(), LauncherKeys(), SettingKeys()})
    all.insert(all.end(), keys.begin(), keys.end());
  return all;
}

#undef PROFILE
#undef SHARING
#undef OVERRIDE

}  // namespace foxfire::server
