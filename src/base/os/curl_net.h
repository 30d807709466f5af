#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/net.h"

namespace tailrace {

struct CurlNetOptions {
  std::string ca_file;  // Trusted certificates, PEM; empty: the system's.
  std::string user_agent = "tailrace";
  size_t idle_max = 16;  // Idle handles kept, each with its open connections.
};

// Net over libcurl. Calls take an idle handle, so a thread that calls again and again finds its connection open.
// Redirects are not followed. Mail with a user goes over TLS unless the server is on this machine.
// The process must ignore SIGPIPE.
// Errors  those of Net, and kLimitExceeded: the response is larger than the request allows.
class CurlNet final : public Net {
 public:
  explicit CurlNet(CurlNetOptions options = {});
  ~CurlNet() override;
  CurlNet(const CurlNet&) = delete;
  CurlNet& operator=(const CurlNet&) = delete;

  Result<HttpResponse> Http(const HttpRequest& request) override;
  Status SendMail(const MailServer& server, const Mail& mail) override;

  // The program ends: calls under way fail within a second, later ones at once, with kUnavailable. Threads: any.
  void EndCalls() { ended_ = true; }

 private:
  class Lease;

  const CurlNetOptions options_;
  std::atomic<bool> ended_{false};
  std::mutex mutex_;
  std::vector<void*> idle_;  // CURL handles.
};

}  // namespace tailrace
