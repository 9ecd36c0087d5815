// The JSON that scripts read: keys and their order are promised by docs/cli.md. Unknown values are
// null, numbers are numbers, times are RFC 3339.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "proto/admin.pb.h"

namespace foxfire::cli {

namespace pb = ::foxfire::admin::v1;

using OrderedJson = nlohmann::ordered_json;

enum class OutputFormat { kTable, kJson };

OrderedJson ToJson(const pb::Engine& engine);
OrderedJson ToJson(const pb::Launch& launch);
OrderedJson ToJson(const pb::ExplainResponse& explained);
OrderedJson ToJson(const pb::KillEngineResponse& killed);
OrderedJson ToJson(const pb::LaunchFailure& failure);
OrderedJson ToJson(const pb::Spare& spare);
OrderedJson ToJson(const pb::StartEngineResponse& started);
OrderedJson ToJson(const pb::DrainEngineResponse& drained);
OrderedJson ToJson(const pb::RegisterEngineResponse& made);
OrderedJson ToJson(const pb::UnregisterEngineResponse& gone);
OrderedJson ToJson(const pb::Session& session);
OrderedJson ToJson(const pb::Token& token);
OrderedJson ToJson(const pb::CreateTokenResponse& created);
OrderedJson ToJson(const pb::Event& event);

// One array of objects.
template <typename Messages>
OrderedJson ToJsonArray(const Messages& messages) {
  OrderedJson array = OrderedJson::array();
  for (const auto& message : messages) array.push_back(ToJson(message));
  return array;
}

// Indented, with a newline at the end.
std::string Render(const OrderedJson& json);

}  // namespace foxfire::cli
