#include "server/http2/header_list.h"

namespace foxfire::server::http2 {
namespace {

// What the headers of a Spark Connect call need; more is taken as it comes.
constexpr size_t kUsualFields = 12;
constexpr size_t kUsualText = 400;

}  // namespace

void HeaderList::Clear() {
  text_.clear();
  fields_.clear();
}

void HeaderList::Add(std::string_view name, std::string_view value) {
  if (fields_.empty()) {
    fields_.reserve(kUsualFields);
    text_.reserve(kUsualText);
  }
  fields_.push_back({static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size())});
  text_.append(name).append(value);
}

void HeaderList::Truncate(size_t count) {
  while (fields_.size() > count) {
    text_.erase(text_.size() - fields_.back().name - fields_.back().value);
    fields_.pop_back();
  }
}

const std::vector<nghttp2_nv>& HeaderList::Pairs() {
  thread_local std::vector<nghttp2_nv> pairs;
  pairs.clear();
  auto* at = reinterpret_cast<uint8_t*>(text_.data());
  for (const Field& field : fields_) {
    pairs.push_back({at, at + field.name, field.name, field.value,
                     NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE});
    at += field.name + field.value;
  }
  return pairs;
}

}  // namespace foxfire::server::http2
