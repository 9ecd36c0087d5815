// Bytes in and out of a connected socket, plain or through TLS.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/unique_fd.h"

namespace foxfire::server::http2 {

// What a non-blocking read or write has done.
struct IoOutcome {
  enum class Kind { kDone, kWouldBlock, kClosed, kFailed };
  Kind kind = Kind::kDone;
  size_t bytes = 0;      // if kDone
  std::string why = {};  // if kFailed
  int error_number = 0;  // if kFailed: the socket's errno, 0 for an error of TLS
};

// Owns the socket. Confined to one loop.
class SocketTransport {
 public:
  virtual ~SocketTransport() = default;

  virtual IoOutcome Read(std::span<uint8_t> into) = 0;
  virtual IoOutcome Write(std::span<const iovec> pieces) = 0;
  // True for TLS: a read may have more although it has given less than was asked for, and a write
  // may have to wait for a read.
  virtual bool ReadsArePartial() const = 0;
  int fd() const { return fd_.get(); }

 protected:
  explicit SocketTransport(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

// `fd`: a connected or connecting stream socket in non-blocking mode.
std::unique_ptr<SocketTransport> MakePlainTransport(UniqueFd fd);

}  // namespace foxfire::server::http2
