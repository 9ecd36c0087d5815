#include "tests/fake_engine/seen_request.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "common/digest.h"
#include "common/encoding.h"

namespace foxfire::fake {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr size_t kHexMost = 64U << 10;
constexpr int kObservedField = 8;

std::string Hex(std::string_view bytes) {
  return HexEncode({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

// Calls `on_bytes(field, value)` for each length-delimited field; false if the encoding is broken.
template <typename OnBytes>
bool ForEachField(std::string_view message, OnBytes on_bytes) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(message.data()),
                      static_cast<int>(message.size()));
  while (const uint32_t tag = in.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return false;
      continue;
    }
    uint32_t size = 0;
    if (!in.ReadVarint32(&size)) return false;
    const auto at = static_cast<size_t>(in.CurrentPosition());
    if (!in.Skip(static_cast<int>(size))) return false;
    on_bytes(WireFormatLite::GetTagFieldNumber(tag), message.substr(at, size));
  }
  return in.ConsumedEntireMessage();
}

}  // namespace

Identity ReadIdentity(std::string_view message) {
  Identity identity;
  bool context_well_formed = true;
  const auto read_context = [&](int field, std::string_view value) {
    if (field == 1) identity.user_id = value;
    if (field == 2) identity.user_name = value;
    if (field == 999) ++identity.extensions;
  };
  const bool well_formed = ForEachField(message, [&](int field, std::string_view value) {
    if (field == 1) {
      identity.session_id = value;
      ++identity.session_ids;
    } else if (field == 2) {
      ++identity.user_contexts;
      context_well_formed &= ForEachField(value, read_context);
    } else if (field == kObservedField) {
      identity.observed = value;
    }
  });
  identity.well_formed = well_formed && context_well_formed;
  return identity;
}

Json DescribeMessage(std::string_view message) {
  const Identity identity = ReadIdentity(message);
  const Sha256Digest digest = Sha256(message);
  Json seen = {{"size", message.size()},
               {"sha256", HexEncode(digest)},
               {"well_formed", identity.well_formed},
               {"session_id", identity.session_id},
               {"user_id", identity.user_id},
               {"user_name", identity.user_name},
               {"session_ids", identity.session_ids},
               {"user_contexts", identity.user_contexts},
               {"extensions", identity.extensions}};
  if (message.size() <= kHexMost) seen["hex"] = Hex(message);
  return seen;
}

Json DescribeCall(const grpc::GenericCallbackServerContext& context) {
  Json metadata = Json::array();
  for (const auto& [name, value] : context.client_metadata()) {
    const std::string_view bytes(value.data(), value.size());
    const bool binary = std::string_view(name.data(), name.size()).ends_with("-bin");
    metadata.push_back(
        {std::string(name.data(), name.size()), binary ? Hex(bytes) : std::string(bytes)});
  }
  Json seen = {{"method", context.method()}, {"peer", context.peer()}, {"metadata", metadata}};
  const auto now = std::chrono::system_clock::now();
  // gRPC has "no deadline" as the far end of time.
  const auto left = std::chrono::duration_cast<std::chrono::hours>(context.deadline() - now);
  if (left < std::chrono::hours(24 * 365 * 50)) {
    seen["timeout_ms"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(context.deadline() - now).count();
  } else {
    seen["timeout_ms"] = nullptr;
  }
  return seen;
}

}  // namespace foxfire::fake
