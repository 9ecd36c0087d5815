// nghttp2's C callbacks, bound to Connection's methods.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>

namespace foxfire::server::http2 {

class Connection;
class ProxiedCall;

// A session whose callbacks end at `connection`, which must outlive it. `header_bytes`: the largest
// header list that is taken, as announced to the peer.
nghttp2_session* NewSession(Connection& connection, bool is_server, uint32_t header_bytes);

// The body of a call's messages, whichever way they go.
nghttp2_data_provider BodyOf(ProxiedCall& call);

}  // namespace foxfire::server::http2
