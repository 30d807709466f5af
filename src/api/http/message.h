#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailrace::api::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// A whole request. Header names are lower case; their values are trimmed.
struct Request {
  std::string method;
  std::string target;                                      // As sent: "/streams/orders?limit=10".
  std::string path;                                        // Decoded: "/streams/orders".
  std::vector<std::pair<std::string, std::string>> query;  // Decoded, in order.
  Headers headers;
  std::string body;
  std::string peer;  // "127.0.0.1:54321"
  bool http2 = false;
  bool tls = false;

  // Nothing when there is no such header; the first when there are several.
  std::optional<std::string_view> Header(std::string_view lower_case_name) const;
  std::optional<std::string_view> Query(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;  // Content-Length, Date, Connection and Transfer-Encoding are the server's business.
  std::string body;

  static Response Json(int status, std::string body);
  static Response Text(int status, std::string body);
};

// One request and its answer. Answer once: either Respond, or BeginStream, any number of Write, and Finish.
// Threads: every call is safe from any thread. What is written after the peer has gone is dropped.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  // Moves the request's body out, which request() then lacks: parsers that work in place save a copy. Once, before
  // other threads see the exchange.
  virtual std::string TakeBody() = 0;
  virtual void Respond(Response response) = 0;
  virtual void BeginStream(Response head) = 0;  // The body comes through Write.
  virtual void Write(std::string bytes) = 0;
  virtual void Finish() = 0;
  virtual bool closed() const = 0;
  // Bytes written and not yet taken by the peer: a producer stops while this is large.
  virtual size_t queued_bytes() const = 0;
};
using ExchangePtr = std::shared_ptr<Exchange>;

// Called on the server's I/O thread with each request; must not block. Work that blocks moves to another thread and
// answers from there.
using Handler = std::function<void(ExchangePtr)>;

std::string_view ReasonPhrase(int status);
// Splits and decodes `request.target` into path and query. False when the escapes are malformed.
bool DecodeTarget(Request& request);
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);
// "Wed, 25 Nov 2026 18:00:00 GMT", RFC 9110 section 5.6.7.
std::string HttpDate(int64_t unix_ms);

}  // namespace tailrace::api::http
