#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tailrace {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // Absolute, http or https.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds timeout{10'000};
  uint64_t response_bytes_max = 4 << 20;
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct MailServer {
  std::string url;  // smtp://host:port or smtps://host:port
  std::string user;
  std::string password;
  bool require_tls = false;  // STARTTLS or fail.
  std::chrono::milliseconds timeout{10'000};
};

struct Mail {
  std::string from;             // Plain address: alerts@example.org
  std::vector<std::string> to;  // Plain addresses.
  std::string message;          // Complete RFC 5322 message, CR LF line ends.
};

// Outgoing calls. They block: call them from an I/O thread. Threads: safe from any thread.
// Errors: kUnavailable (no connection, no name), kTimeout, kPermissionDenied (mail login refused), kInvalidArgument
// (bad URL, mail refused for good), kLimitExceeded (response too large). An HTTP status is a response, whatever it is.
// Messages never hold secrets.
class Net {
 public:
  virtual ~Net() = default;
  virtual Result<HttpResponse> Http(const HttpRequest& request) = 0;
  virtual Status SendMail(const MailServer& server, const Mail& mail) = 0;
};

}  // namespace tailrace
