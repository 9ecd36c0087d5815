#include "server/http2/recent_calls.h"

#include "server/http2/call_table.h"

namespace foxfire::server::http2 {

void RecentCalls::Add(uint64_t call) {
  since_last_look_.push_back(call);
  if (!will_look_) LookLater();
}

void RecentCalls::LookLater() {
  will_look_ = true;
  loop_.RunAfter(kMoment, [this] { Look(); });
}

void RecentCalls::Look() {
  for (const uint64_t id : before_) {
    if (ProxiedCall* const call = calls_.Find(id)) call->AfterAMoment();
  }
  before_.clear();
  before_.swap(since_last_look_);
  will_look_ = false;
  if (!before_.empty()) LookLater();
}

}  // namespace foxfire::server::http2
