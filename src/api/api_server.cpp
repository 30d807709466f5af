#include "api/api_server.h"

#include "api/live_push.h"
#include "api/router.h"
#include "app/runtime.h"
#include "base/rng.h"

namespace tailrace::api {
namespace {

constexpr size_t kWorkerThreads = 3;

}  // namespace

// In the order in which they are made. What answers requests ends before the server, whose exchanges it holds.
struct ApiServer::Parts {
  Parts(aws::GatewayOptions aws, app::Runtime& runtime, std::string version)
      : live(runtime, version),
        services{runtime, live, version},
        router(services, kWorkerThreads),
        gateway(std::move(aws), runtime.environment().clock, runtime.environment().metrics,
                Rng(runtime.environment().seed)) {}

  std::unique_ptr<http::Server> server;
  LivePush live;
  Services services;
  Router router;
  aws::Gateway gateway;
};

ApiServer::ApiServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ApiServer::~ApiServer() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<ApiServer>> ApiServer::Start(ApiOptions options, app::Runtime& runtime, std::string version) {
  auto parts = std::make_unique<Parts>(std::move(options.aws), runtime, std::move(version));
  const auto handle = [&router = parts->router, &gateway = parts->gateway](http::ExchangePtr exchange) {
    if (aws::Gateway::Recognises(exchange->request())) return gateway.Handle(std::move(exchange));
    router.Handle(std::move(exchange));
  };
  const app::Runtime::Environment& environment = runtime.environment();
  TAILRACE_ASSIGN_OR_RETURN(
      parts->server, http::Server::Start(std::move(options.http), handle, environment.clock, environment.metrics));
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(parts)));
}

uint16_t ApiServer::port() const { return parts_->server->port(); }

void ApiServer::Stop(std::chrono::milliseconds limit) {
  parts_->live.Stop();
  if (parts_->server != nullptr) parts_->server->Stop(limit);
}

}  // namespace tailrace::api
