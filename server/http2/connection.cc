#include "server/http2/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "common/check.h"
#include "common/log.h"
#include "server/http2/connection_callbacks.h"
#include "server/http2/proxied_call.h"

namespace foxfire::server::http2 {
namespace {

constexpr int kReadsATurn = 2;  // then other connections have theirs
constexpr size_t kPiecesAWrite = 128;
// A stalled stream must not stop its neighbours: the stream windows bound memory, not this one.
constexpr int32_t kConnectionWindow = 0x7fffffff;
// A peer that is gone without a word is noticed after so long with unacknowledged data, or idle.
// The first one also ends peers that take nothing for so long (tcp(7)): a stopped process, a long
// pause of a JVM.
constexpr int kUserTimeoutMillis = 180'000;
constexpr int kKeepaliveIdleSeconds = 60;
constexpr int kKeepaliveIntervalSeconds = 10;

void TuneSocket(int fd) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepaliveIdleSeconds, sizeof kKeepaliveIdleSeconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepaliveIntervalSeconds,
             sizeof kKeepaliveIntervalSeconds);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMillis, sizeof kUserTimeoutMillis);
}

// Frames that may wait for a client that does not read: refusals and acknowledgements are as cheap
// for it as its reading is optional.
constexpr size_t kQueuedAtLeast = 1000;
constexpr size_t kQueuedPerStream = 8;

}  // namespace

Connection::Connection(LoopParts& parts, std::unique_ptr<SocketTransport> transport, Role role)
    : parts_(parts), transport_(std::move(transport)), out_(parts.memory) {
  TuneSocket(transport_->fd());
  session_ = NewSession(*this, role == Role::kServer, parts.options.header_bytes);
  if (role == Role::kServer) {
    most_queued_ = kQueuedAtLeast + kQueuedPerStream * parts.options.streams_per_connection;
  }
}

Connection::~Connection() {
  CHECK(calls_ == nullptr);
  nghttp2_session_del(session_);
  if (read_block_ != nullptr) Unref(read_block_);
}

bool Connection::Begin(std::span<const nghttp2_settings_entry> settings) {
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  if (const auto watched = parts_.loop.Watch(transport_->fd(), *this); !watched) {
    Close(watched.error().message);
    return false;
  }
  MarkDirty();
  return true;
}

void Connection::OnIo(uint32_t events) {
  if (dead_) return;
  if ((events & EPOLLOUT) != 0) {
    if (connecting_ && (events & (EPOLLERR | EPOLLHUP)) == 0) {
      connecting_ = false;
      OnConnected();
      MarkDirty();
    }
    if (blocked_) {
      blocked_ = false;
      MarkDirty();
    }
  }
  // No more edges will come for what is still to be read: read to the end.
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0 && !readable_) {
    readable_ = true;
    parts_.turn.MarkReadable(*this);
  }
}

void Connection::ReadTurn() {
  bool again = true;
  for (int i = 0; i < kReadsATurn && again && !dead_; ++i) ReadOnce(again);
  if (dead_) return;
  if (blocked_ && transport_->ReadsArePartial()) {
    blocked_ = false;  // TLS may have waited for what has just been read
    MarkDirty();
  }
  if (again) {
    parts_.turn.MarkReadable(*this);
  } else {
    readable_ = false;
  }
}

void Connection::ReadOnce(bool& again) {
  BlockPool& pool = reads_much_ ? parts_.memory.large() : parts_.memory.medium();
  if (read_block_ != nullptr && (read_block_->references > 1 || read_block_->pool != &pool)) {
    Unref(read_block_);
    read_block_ = nullptr;
  }
  if (read_block_ == nullptr) read_block_ = pool.Get();
  const IoOutcome read = transport_->Read({read_block_->data(), pool.capacity()});
  switch (read.kind) {
    case IoOutcome::Kind::kWouldBlock:
      again = false;
      break;
    case IoOutcome::Kind::kClosed:
      return Close("the peer closed the connection");
    case IoOutcome::Kind::kFailed:
      return Close(read.why, read.error_number);
    case IoOutcome::Kind::kDone:
      reads_much_ = read.bytes >= LoopMemory::kMediumBlock;
      TakeBytes(read.bytes);
      if (dead_) return;
      // A short read has drained the socket: the next byte is a new edge.
      if (read.bytes < pool.capacity() && !hung_up_ && !transport_->ReadsArePartial())
        again = false;
  }
  // An idle connection holds no block.
  if (!again && !dead_ && read_block_ != nullptr) {
    Unref(read_block_);
    read_block_ = nullptr;
  }
}

void Connection::TakeBytes(size_t size) {
  const std::span<const uint8_t> bytes(read_block_->data(), size);
  MarkDirty();
  const ssize_t taken = nghttp2_session_mem_recv(session_, bytes.data(), bytes.size());
  if (taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
    return OnFlood(nghttp2_strerror(static_cast<int>(taken)));
  }
  if (taken < 0) return Close(nghttp2_strerror(static_cast<int>(taken)));
  if (!dead_) AfterRead();
}

void Connection::MarkDirty() {
  if (dirty_ || dead_) return;
  dirty_ = true;
  parts_.turn.MarkDirty(*this);
}

void Connection::FlushTurn() {
  dirty_ = false;
  if (dead_ || connecting_) return;
  if (!blocked_) BeforeSend();
  while (!blocked_) {
    if (const int error = nghttp2_session_send(session_); error != 0) {
      return Close(nghttp2_strerror(error));
    }
    if (dead_) return;  // the end of a stream was the end of the connection
    if (out_.empty()) break;
    Write();
    if (dead_) return;
  }
  if (most_queued_ > 0 && nghttp2_session_get_outbound_queue_size(session_) > most_queued_) {
    return OnFlood("answers that it does not read");
  }
  if (out_.empty() && nghttp2_session_want_read(session_) == 0 &&
      nghttp2_session_want_write(session_) == 0) {
    Close("done");
  }
}

void Connection::Write() {
  std::array<iovec, kPiecesAWrite> pieces;
  while (!out_.empty()) {
    const size_t count = std::min(out_.count(), pieces.size());
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) {
      pieces[i] = {out_[i].data, out_[i].size};
      size += out_[i].size;
    }
    const IoOutcome written = transport_->Write({pieces.data(), count});
    if (written.kind == IoOutcome::Kind::kClosed || written.kind == IoOutcome::Kind::kFailed) {
      return Close(written.why, written.error_number);
    }
    if (written.kind == IoOutcome::Kind::kWouldBlock) {
      blocked_ = true;
      return;
    }
    out_.Drop(written.bytes);
    if (written.bytes < size && !transport_->ReadsArePartial()) {
      blocked_ = true;  // the next free room is a new edge
      return;
    }
  }
}

void Connection::Close(const std::string& why, int error_number) {
  if (dead_) return;
  dead_ = true;
  parts_.loop.Forget(transport_->fd(), *this);
  OnClosed(why, error_number);
  transport_.reset();
  parts_.turn.Bury(*this);
}

void Connection::Attach(ProxiedCall& call, int32_t stream) {
  CallSide& side = SideOf(call);
  side.connection = this;
  side.stream = stream;
  side.previous = nullptr;
  side.next = calls_;
  if (calls_ != nullptr) SideOf(*calls_).previous = &call;
  calls_ = &call;
}

void Connection::Detach(ProxiedCall& call) {
  CallSide& side = SideOf(call);
  if (side.previous != nullptr) {
    SideOf(*side.previous).next = side.next;
  } else {
    calls_ = side.next;
  }
  if (side.next != nullptr) SideOf(*side.next).previous = side.previous;
  side.connection = nullptr;
  side.announced = 0;
  side.deferred = false;
}

ProxiedCall* Connection::CallOf(int32_t stream) const {
  return static_cast<ProxiedCall*>(nghttp2_session_get_stream_user_data(session_, stream));
}

void Connection::Credit(int32_t stream, size_t bytes) {
  if (dead_ || bytes == 0) return;
  nghttp2_session_consume(session_, stream, bytes);
  MarkDirty();
}

void Connection::CreditClosedStream(size_t bytes) {
  if (dead_ || bytes == 0) return;
  nghttp2_session_consume_connection(session_, bytes);
  MarkDirty();
}

void Connection::ResetStream(int32_t stream, uint32_t error_code) {
  if (dead_) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, error_code);
  MarkDirty();
}

void Connection::WidenWindow(int32_t stream) {
  if (dead_) return;
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, stream,
                                        static_cast<int32_t>(parts_.options.wide_window));
  MarkDirty();
}

}  // namespace foxfire::server::http2
