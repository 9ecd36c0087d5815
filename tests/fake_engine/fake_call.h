// One call of the fake engine, played as its script says.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <string>
#include <vector>

#include "common/json.h"
#include "common/mutex.h"
#include "tests/fake_engine/call_script.h"
#include "tests/fake_engine/counters.h"

namespace foxfire::fake {

std::string ToString(const grpc::ByteBuffer& buffer);
grpc::ByteBuffer ToBuffer(const std::string& bytes);

// Ends the TCP connection of a gRPC peer ("ipv4:127.0.0.1:4711") without a goodbye; all of this
// process's connections from `own_port` if `peer` is empty.
void Disconnect(const std::string& peer, int own_port);

// Reads the request, does what the script says, and deletes itself in OnDone. gRPC calls the
// reactions from its own threads, OnCancel at the same time as others.
class FakeCall final : public grpc::ServerGenericBidiReactor {
 public:
  // Both borrowed, must outlive this. `own`: what the echo tells of the engine.
  FakeCall(grpc::GenericCallbackServerContext& context, CallScript script, Json own,
           Counters& counters);

  void OnReadDone(bool ok) override;
  void OnSendInitialMetadataDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void ReadNext();
  void Act();
  void Next();
  void Send(const std::string& body);
  void SendNumbered();
  void End();
  void FinishOnce(const grpc::Status& status);
  // Its client has had answers from another engine.
  bool IsForAnother(const std::string& observed) const;
  std::string Echo();

  grpc::GenericCallbackServerContext& context_;
  const CallScript script_;
  const std::string method_;
  Json seen_;
  Counters& counters_;

  grpc::ByteBuffer read_buffer_;  // touched only between StartRead and OnReadDone
  grpc::Alarm alarm_;
  size_t read_ = 0;                // of the reading side
  grpc::ByteBuffer write_buffer_;  // of the writing side, like the next two
  size_t write_size_ = 0;
  size_t sent_ = 0;
  bool echoed_ = false;
  bool flushed_ = false;

  Mutex mutex_;
  Json messages_ GUARDED_BY(mutex_) = Json::array();
  bool acting_ GUARDED_BY(mutex_) = false;
  bool hanging_ GUARDED_BY(mutex_) = false;
  bool cancelled_ GUARDED_BY(mutex_) = false;
  bool finished_ GUARDED_BY(mutex_) = false;
};

}  // namespace foxfire::fake
