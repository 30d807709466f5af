#include "api/api_server.h"

#include "api/live_push.h"
#include "api/router.h"
#include "app/runtime.h"

namespace tailrace::api {
namespace {

constexpr size_t kWorkerThreads = 3;

}  // namespace

// In the order in which they are made; the server goes first when they end.
struct ApiServer::Parts {
  Parts(app::Runtime& runtime, std::string version)
      : live(runtime, version), services{runtime, live, version}, router(services, kWorkerThreads) {}

  LivePush live;
  Services services;
  Router router;
  std::unique_ptr<http::Server> server;
};

ApiServer::ApiServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ApiServer::~ApiServer() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<ApiServer>> ApiServer::Start(http::ServerOptions options, app::Runtime& runtime,
                                                    std::string version) {
  auto parts = std::make_unique<Parts>(runtime, std::move(version));
  Router& router = parts->router;
  const app::Runtime::Environment& environment = runtime.environment();
  TAILRACE_ASSIGN_OR_RETURN(
      parts->server,
      http::Server::Start(
          std::move(options), [&router](http::ExchangePtr exchange) { router.Handle(std::move(exchange)); },
          environment.clock, environment.metrics));
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(parts)));
}

uint16_t ApiServer::port() const { return parts_->server->port(); }

void ApiServer::Stop(std::chrono::milliseconds limit) {
  parts_->live.Stop();
  if (parts_->server != nullptr) parts_->server->Stop(limit);
}

}  // namespace tailrace::api
