#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "api/aws/gateway.h"
#include "api/http/server.h"
#include "api/kinesis/kinesis.h"
#include "base/result.h"

namespace tailrace::app {
class Runtime;
}

namespace tailrace::api {

struct ApiOptions {
  http::ServerOptions http;
  aws::GatewayOptions aws;
  kinesis::KinesisOptions kinesis;
};

// The dashboard, the HTTP API, the AWS services and the metrics of a runtime, on one port.
class ApiServer {
 public:
  // `runtime` is borrowed. Errors: those of http::Server::Start and of the data folder.
  static Result<std::unique_ptr<ApiServer>> Start(ApiOptions options, app::Runtime& runtime, std::string version);
  ~ApiServer();
  uint16_t port() const;
  void Stop(std::chrono::milliseconds limit);

 private:
  struct Parts;
  explicit ApiServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tailrace::api
