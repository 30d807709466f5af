#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "api/http/message.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"

namespace tailrace::api::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 8080;          // 0: any free one; see Server::port.
  std::string certificate_file;  // PEM; with key_file: TLS on this port.
  std::string key_file;
  bool plain_too = false;  // With a certificate: plain HTTP is served on the same port as well.
  size_t connections_max = 4096;
  size_t header_bytes_max = 64 << 10;
  size_t body_bytes_max = 16 << 20;
  size_t stream_queue_bytes_max = 8 << 20;            // A peer that leaves more than this unread is disconnected.
  std::chrono::milliseconds request_timeout{30'000};  // From a request's first byte to its last.
  std::chrono::milliseconds idle_timeout{75'000};     // Between requests.
  std::chrono::milliseconds write_timeout{60'000};    // A peer that takes nothing of an answer for so long is dropped.
  size_t all_bodies_bytes_max = 1 << 30;              // Of all requests that are there at once; then 503.
};

// Serves HTTP/1.1 and HTTP/2 (prior knowledge, or ALPN under TLS) on one port from one I/O thread of its own.
// Malformed, oversized and slow requests get 400, 413, 431, 408, and 503 when there are too many at once; the
// connection is closed. Source  RFC 9110, RFC 9112; HTTP/2 by nghttp2, RFC 9113.
class Server {
 public:
  // Binds and begins to serve. Errors: kUnavailable (address in use), kPermissionDenied, kInvalidArgument (address,
  // certificate). `clock` and `metrics` are borrowed.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Handler handler, const Clock& clock,
                                               MetricsRegistry& metrics);
  virtual ~Server() = default;
  virtual uint16_t port() const = 0;
  virtual size_t connections() const = 0;  // Open ones.
  // Stops accepting, lets requests in flight finish until `limit` has passed, then closes everything and joins.
  virtual void Stop(std::chrono::milliseconds limit) = 0;
};

}  // namespace tailrace::api::http
