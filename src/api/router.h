#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/http/message.h"
#include "base/result.h"

namespace tailrace::app {
class Runtime;
class RunningApplication;
}  // namespace tailrace::app

namespace tailrace::api {

class LivePush;

// What routes work with. Borrowed.
struct Services {
  app::Runtime& runtime;
  LivePush& live;
  std::string version;
};

// One request on its way through a route.
class RouteCall {
 public:
  RouteCall(http::ExchangePtr exchange, std::vector<std::string> parameters, Services& services)
      : exchange_(std::move(exchange)), parameters_(std::move(parameters)), services_(services) {}

  const http::Request& request() const { return exchange_->request(); }
  Services& services() { return services_; }
  const http::ExchangePtr& exchange() const { return exchange_; }
  // The n-th {name} of the route's path.
  const std::string& parameter(size_t index) const { return parameters_[index]; }
  std::string Query(std::string_view name, std::string_view fallback = "") const;
  // Errors: kInvalidArgument: not a whole number from `min` to `max`.
  Result<int64_t> QueryNumber(std::string_view name, int64_t min, int64_t max, int64_t fallback) const;

  // The application named by the first parameter; it lives as long as this call. Errors: kNotFound.
  Result<app::RunningApplication*> Application();

 private:
  http::ExchangePtr exchange_;
  std::vector<std::string> parameters_;
  Services& services_;
  std::shared_ptr<app::RunningApplication> application_;
};

// A route gives its response, or nothing when it has taken the exchange over (event streams).
struct Route {
  std::string_view method;
  std::string_view path;  // "/api/apps/{app}/alarms"; {name} stands for one part, at the end {name*} for the rest.
  std::string_view summary;
  Result<std::optional<http::Response>> (*run)(RouteCall& call);
};

// Every route, once. docs/http-api.md describes them; a test holds it against this list.
std::span<const Route> Routes();

// Finds the route of a request and runs it on a worker thread, so that routes may block.
// Errors become JSON responses; what changes something and comes from
// a page of another web site is refused.
class Router {
 public:
  Router(Services& services, size_t threads);
  ~Router();
  void Handle(http::ExchangePtr exchange);

 private:
  static constexpr size_t kQueueMax = 1'000;

  void Work();
  void Run(const http::ExchangePtr& exchange);

  Services& services_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<http::ExchangePtr> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tailrace::api
