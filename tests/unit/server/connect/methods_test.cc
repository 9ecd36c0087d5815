#include "server/connect/methods.h"

#include <gtest/gtest.h>

#include <string>

namespace foxfire::server {
namespace {

const MethodTraits& Of(const std::string& name) {
  return TraitsOf(std::string(kServicePath) + name);
}

TEST(MethodsTest, KnowsAllTwelve) {
  for (const char* name : {"ExecutePlan", "AnalyzePlan", "Config", "AddArtifacts", "ArtifactStatus",
                           "Interrupt", "ReattachExecute", "ReleaseExecute", "ReleaseSession",
                           "FetchErrorDetails", "CloneSession", "GetStatus"}) {
    EXPECT_EQ(Of(name).name, name);
  }
}

TEST(MethodsTest, ACallThatOnlyLooksOrLetsGoStartsNoEngine) {
  for (const char* name : {"Interrupt", "ReattachExecute", "ReleaseExecute", "ReleaseSession",
                           "FetchErrorDetails", "GetStatus"}) {
    EXPECT_FALSE(Of(name).may_launch) << name;
  }
  for (const char* name :
       {"ExecutePlan", "AnalyzePlan", "Config", "AddArtifacts", "ArtifactStatus", "CloneSession"}) {
    EXPECT_TRUE(Of(name).may_launch) << name;
  }
}

TEST(MethodsTest, AMethodOfAFutureSparkIsAPlainCall) {
  const MethodTraits& future = Of("ListSqlExecutions");

  EXPECT_EQ(future.name, "");
  EXPECT_TRUE(future.may_launch);
  EXPECT_EQ(future.operation_id_field, 0U);
}

}  // namespace
}  // namespace foxfire::server
