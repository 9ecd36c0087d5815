#include "server/http2/header_list.h"

namespace foxfire::server::http2 {

void HeaderList::Clear() {
  text_.clear();
  fields_.clear();
}

void HeaderList::Add(std::string_view name, std::string_view value) {
  fields_.push_back({static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size())});
  text_.append(name).append(value);
}

void HeaderList::Truncate(size_t count) {
  while (fields_.size() > count) {
    text_.resize(text_.size() - fields_.back().name - fields_.back().value);
    fields_.pop_back();
  }
}

const std::vector<nghttp2_nv>& HeaderList::Pairs() {
  pairs_.clear();
  auto* at = reinterpret_cast<uint8_t*>(text_.data());
  for (const Field& field : fields_) {
    pairs_.push_back({at, at + field.name, field.name, field.value,
                      NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE});
    at += field.name + field.value;
  }
  return pairs_;
}

}  // namespace foxfire::server::http2
