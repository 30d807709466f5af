#include "api/api_server.h"

#include "api/firehose/firehose.h"
#include "api/live_push.h"
#include "api/router.h"
#include "app/running_application.h"
#include "app/runtime.h"
#include "base/rng.h"
#include "base/str.h"

namespace tailrace::api {
namespace {

constexpr size_t kWorkerThreads = 3;
constexpr size_t kAwsWorkerThreads = 4;
constexpr size_t kAwsWaitingMax = 4'000;

// The application that has the stream among its own, or the delivery stream that reads it; empty when none does.
std::string UserOfStream(app::Runtime& runtime, const std::string& stream) {
  for (const auto& running : runtime.applications()) {
    for (const app::StreamConfig& config : running->application().definition().config.streams) {
      if (config.name == stream) return running->name();
    }
  }
  for (const sink::delivery::DeliveryDescription& delivery : runtime.delivery_streams().List()) {
    if (delivery.definition.source_stream == stream) return StrCat("delivery stream ", delivery.definition.name);
  }
  return "";
}

}  // namespace

// In the order in which they are made. What answers requests ends before the server, whose exchanges it holds.
struct ApiServer::Parts {
  Parts(aws::GatewayOptions aws, app::Runtime& runtime, std::string version)
      : live(runtime, version),
        services{runtime, live, version},
        router(services, kWorkerThreads),
        workers(kAwsWorkerThreads, kAwsWaitingMax),
        gateway(std::move(aws), runtime.environment().clock, runtime.environment().metrics, workers,
                Rng(runtime.environment().seed)) {}

  std::unique_ptr<http::Server> server;
  LivePush live;
  Services services;
  Router router;
  WorkerPool workers;
  std::unique_ptr<kinesis::Kinesis> kinesis;
  aws::Gateway gateway;
};

ApiServer::ApiServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ApiServer::~ApiServer() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<ApiServer>> ApiServer::Start(ApiOptions options, app::Runtime& runtime, std::string version) {
  auto parts = std::make_unique<Parts>(std::move(options.aws), runtime, std::move(version));
  const app::Runtime::Environment& environment = runtime.environment();
  TAILRACE_ASSIGN_OR_RETURN(
      parts->kinesis,
      kinesis::Kinesis::Open(options.kinesis,
                             {runtime.streams(), environment.disk, environment.clock, parts->workers,
                              [&runtime](const std::string& stream) { return UserOfStream(runtime, stream); }},
                             runtime.data_folder() + "/kinesis"));
  parts->gateway.Add(parts->kinesis->MakeService());
  parts->gateway.Add(firehose::MakeService(runtime.delivery_streams()));
  const auto handle = [&router = parts->router, &gateway = parts->gateway](http::ExchangePtr exchange) {
    if (aws::Gateway::Recognises(exchange->request())) return gateway.Handle(std::move(exchange));
    router.Handle(std::move(exchange));
  };
  TAILRACE_ASSIGN_OR_RETURN(
      parts->server, http::Server::Start(std::move(options.http), handle, environment.clock, environment.metrics));
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(parts)));
}

uint16_t ApiServer::port() const { return parts_->server->port(); }

void ApiServer::Stop(std::chrono::milliseconds limit) {
  parts_->live.Stop();
  if (parts_->kinesis != nullptr) parts_->kinesis->Stop();
  if (parts_->server != nullptr) parts_->server->Stop(limit);
}

}  // namespace tailrace::api
