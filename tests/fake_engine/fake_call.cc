#include "tests/fake_engine/fake_call.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "tests/fake_engine/seen_request.h"

namespace foxfire::fake {
namespace {

// No status that an engine ends with on purpose.
constexpr int kCrashStatus = 42;

grpc::Status SessionChanged() {
  return {grpc::StatusCode::INTERNAL, "[INVALID_HANDLE.SESSION_CHANGED] says the engine"};
}

}  // namespace

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

FakeCall::FakeCall(grpc::GenericCallbackServerContext& context, CallScript script, Json own,
                   Counters& counters)
    : context_(context),
      script_(std::move(script)),
      method_(context.method()),
      seen_(DescribeCall(context)),
      counters_(counters) {
  seen_["engine"] = std::move(own);
  counters_.CallBegan(method_);
  for (const auto& [name, value] : script_.initial_metadata)
    context_.AddInitialMetadata(name, value);
  for (const auto& [name, value] : script_.trailers) context_.AddTrailingMetadata(name, value);
  if (script_.act == ActWhen::kStart) Act();
  ReadNext();
}

void FakeCall::ReadNext() {
  if (read_ < script_.read_most) return StartRead(&read_buffer_);
  Act();
}

void FakeCall::OnReadDone(bool ok) {
  if (!ok) {
    if (script_.act != ActWhen::kStart) Act();
    return;
  }
  const std::string message = ToString(read_buffer_);
  read_buffer_.Clear();
  ++read_;
  counters_.MessageRead(method_, message.size());
  const Identity identity = ReadIdentity(message);
  if (IsForAnother(identity.observed)) return FinishOnce(SessionChanged());
  if (method_.ends_with("/ReleaseSession")) {
    counters_.SessionReleased(identity.user_id, identity.session_id);
  } else {
    counters_.SessionSeen(identity.user_id, identity.session_id);
  }
  {
    MutexLock lock(mutex_);
    messages_.push_back(DescribeMessage(message));
  }
  if (script_.act == ActWhen::kFirstMessage && read_ == 1) Act();
  ReadNext();
}

// As Spark does from 4.0 on; the id is that of the engine, because the echo tells it.
bool FakeCall::IsForAnother(const std::string& observed) const {
  const bool compares = method_.ends_with("/Config") || method_.ends_with("/ExecutePlan");
  return compares && read_ == 1 && !observed.empty() && observed != seen_["engine"]["engine_id"];
}

// Starts the writing side, once.
void FakeCall::Act() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(acting_, true)) return;
  }
  Next();
}

void FakeCall::Next() {
  if (!script_.initial_metadata.empty() && !std::exchange(flushed_, true))
    return StartSendInitialMetadata();
  if (script_.echo && !std::exchange(echoed_, true)) return Send(Echo());
  if (sent_ == script_.messages) return End();
  if (script_.pace_ms > 0 && sent_ > 0) {
    const auto due = std::chrono::system_clock::now() + std::chrono::milliseconds(script_.pace_ms);
    MutexLock lock(mutex_);  // against OnCancel
    return alarm_.Set(due, [this](bool /*ok*/) { SendNumbered(); });
  }
  SendNumbered();
}

void FakeCall::SendNumbered() {
  const size_t index = sent_++;
  Send(MessageBody(index, script_.message_bytes));
}

std::string FakeCall::Echo() {
  Json echo = seen_;
  MutexLock lock(mutex_);
  echo["messages"] = messages_;
  return ToText(echo);
}

void FakeCall::Send(const std::string& body) {
  write_size_ = body.size();
  write_buffer_ = ToBuffer(body);
  StartWrite(&write_buffer_);
}

void FakeCall::OnSendInitialMetadataDone(bool ok) {
  ok ? Next() : FinishOnce(grpc::Status::CANCELLED);
}

void FakeCall::OnWriteDone(bool ok) {
  if (!ok) return FinishOnce(grpc::Status::CANCELLED);
  counters_.MessageSent(method_, write_size_);
  Next();
}

void FakeCall::End() {
  switch (script_.ending) {
    case Ending::kFinish:
      return FinishOnce({static_cast<grpc::StatusCode>(script_.status), script_.status_message});
    case Ending::kExit:
      _exit(kCrashStatus);
    case Ending::kDisconnect:
      Disconnect(context_.peer(), 0);
      break;
    case Ending::kCancel:
      context_.TryCancel();
      break;
    case Ending::kHang:
      break;
  }
  {
    MutexLock lock(mutex_);
    hanging_ = true;
    if (!cancelled_) return;
  }
  FinishOnce(grpc::Status::CANCELLED);
}

void FakeCall::OnCancel() {
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
    alarm_.Cancel();
    // Otherwise an operation is under way, or reading ends, and that one finishes the call.
    if (!hanging_) return;
  }
  FinishOnce(grpc::Status::CANCELLED);
}

void FakeCall::FinishOnce(const grpc::Status& status) {
  {
    MutexLock lock(mutex_);
    if (std::exchange(finished_, true)) return;
  }
  Finish(status);
}

void FakeCall::OnDone() {
  bool cancelled = false;
  {
    MutexLock lock(mutex_);
    cancelled = cancelled_;
  }
  counters_.CallEnded(method_, cancelled);
  delete this;
}

}  // namespace foxfire::fake
