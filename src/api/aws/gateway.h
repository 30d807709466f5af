#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/aws/authentication.h"
#include "api/aws/service.h"
#include "api/http/message.h"
#include "api/worker_pool.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/rng.h"

namespace tailrace::api::aws {

struct GatewayOptions {
  AuthenticationRules authentication;
  std::string account = "000000000000";
  std::string region = "us-east-1";  // When the signature names none.
  bool loopback = true;              // The server listens on a loopback address only.
};

// The AWS face of the server: takes every request in the AWS protocol, on any path, checks it in the services' own
// order and hands it to its service.
//
// Without keys everything signed is let in on a loopback address, and nothing elsewhere. A page of a web site can reach
// loopback too, through its visitor's browser: without keys, pages of this machine only are answered.
//
// Threads  Handle: the I/O thread. Add: before the first request.
class Gateway {
 public:
  // Borrowed: `clock`, `metrics` and `workers`, which run operations that block.
  Gateway(GatewayOptions options, const Clock& clock, MetricsRegistry& metrics, WorkerPool& workers, Rng rng);
  ~Gateway();  // Waits for the calls under way; the server has stopped and is still there.

  void Add(Service service);
  // Whether a request is for Handle; all others are for the router.
  static bool Recognises(const http::Request& request);
  void Handle(http::ExchangePtr exchange);

 private:
  class GatewayCall;
  // A service with the counters of its operations, in their order.
  struct Registered {
    Service service;
    std::vector<Counter*> requests;
  };
  struct Selected {
    const Registered* registered = nullptr;
    const Operation* operation = nullptr;
    Counter* requests = nullptr;
  };

  std::optional<Selected> Select(std::string_view target) const;
  bool KnowsService(const http::Request& request) const;
  void Admit(const http::ExchangePtr& exchange);
  Answer<Identity> Identify(const http::Request& request, std::string_view body_sha256,
                            std::string_view signing_name) const;
  // Of the body as received; empty when keys are not checked, which need it.
  std::string BodySha256(const http::Request& request) const;
  void TellCallerIdentity(const http::ExchangePtr& exchange);
  Answer<std::string> DecodedBody(http::Exchange& exchange) const;
  void Run(const Selected& selected, const std::shared_ptr<GatewayCall>& call);
  void Refuse(const http::ExchangePtr& exchange, Encoding encoding, const AwsError& error);
  void RespondRaw(const http::ExchangePtr& exchange, int status, std::string content_type, std::string body);
  http::Headers AnswerHeaders(const http::Request& request);
  std::string RandomBytes(size_t count);
  void CountError(const std::string& type);

  const GatewayOptions options_;
  const Clock& clock_;
  MetricsRegistry& metrics_;
  WorkerPool& workers_;
  std::vector<std::unique_ptr<const Registered>> services_;
  std::mutex mutex_;  // Guards what follows.
  Rng rng_;
  std::map<std::string, Counter*> errors_;  // By type.
  size_t calls_ = 0;                        // Not answered yet.
  std::condition_variable answered_;
};

}  // namespace tailrace::api::aws
