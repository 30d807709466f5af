#include "api/router.h"

#include "api/error_map.h"
#include "app/running_application.h"
#include "app/runtime.h"
#include "base/str.h"

namespace tailrace::api {
namespace {

// The parts of a path between its slashes, one after the other; "" and "/" have one, which is empty.
class PathParts {
 public:
  explicit PathParts(std::string_view path) : rest_(path.empty() ? path : path.substr(1)) {}
  bool done() const { return done_; }
  std::string_view rest() const { return rest_; }  // What Next has not given yet.
  std::string_view Next() {
    const size_t end = rest_.find('/');
    const std::string_view part = rest_.substr(0, end);
    done_ = end == std::string_view::npos;
    rest_.remove_prefix(done_ ? rest_.size() : end + 1);
    return part;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

// The values of the pattern's {names}, when the path is of its form. Most are not: nothing is allocated for those.
std::optional<std::vector<std::string>> Match(std::string_view pattern, std::string_view raw_path) {
  PathParts expected(pattern);
  PathParts given(raw_path);
  std::vector<std::string> parameters;
  while (!expected.done()) {
    const std::string_view form = expected.Next();
    if (form.ends_with("*}")) {
      parameters.emplace_back(given.rest());
      return parameters;
    }
    if (given.done()) return std::nullopt;
    const std::string_view part = given.Next();
    if (form.starts_with('{')) {
      auto value = http::PercentDecode(part, false);
      if (!value.has_value() || value->empty()) return std::nullopt;
      parameters.push_back(std::move(*value));
    } else if (form != part) {
      return std::nullopt;
    }
  }
  if (!given.done()) return std::nullopt;
  return parameters;
}

// A page of another site can send requests here from its visitor's browser; the Origin header tells it.
bool FromAnotherSite(const http::Request& request) {
  const auto origin = request.Header("origin");
  if (!origin.has_value() || *origin == "null") return origin.has_value();
  const auto host = request.Header("host");
  const size_t scheme = origin->find("://");
  return scheme == std::string_view::npos || !host.has_value() || origin->substr(scheme + 3) != *host;
}

void AddSecurityHeaders(http::Response& response) {
  response.headers.emplace_back("x-content-type-options", "nosniff");
  response.headers.emplace_back("referrer-policy", "no-referrer");
}

}  // namespace

std::string RouteCall::Query(std::string_view name, std::string_view fallback) const {
  return std::string(request().Query(name).value_or(fallback));
}

Result<int64_t> RouteCall::QueryNumber(std::string_view name, int64_t min, int64_t max, int64_t fallback) const {
  const auto text = request().Query(name);
  if (!text.has_value() || text->empty()) return fallback;
  const auto number = ParseInt64(*text);
  if (!number.has_value() || *number < min || *number > max) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat(name, "='", *text, "' is not a whole number from ", min, " to ", max)};
  }
  return *number;
}

Result<app::RunningApplication*> RouteCall::Application() {
  application_ = services_.runtime.FindApplication(parameter(0));
  if (application_ == nullptr) {
    std::vector<std::string> names;
    for (const auto& running : services_.runtime.applications()) names.push_back(running->name());
    return Error{ErrorCode::kNotFound, StrCat("no application ", parameter(0), "; running: ", Join(names, ", "))};
  }
  return application_.get();
}

Router::Router(Services& services, size_t threads) : services_(services) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

Router::~Router() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Router::Handle(http::ExchangePtr exchange) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() < kQueueMax && !stopping_) queue_.push_back(std::move(exchange));
  }
  // Not with the lock held: whoever wakes would sleep again at once.
  if (exchange == nullptr) return wake_.notify_one();
  exchange->Respond(ErrorResponse({ErrorCode::kUnavailable, "too many requests are waiting"}));
}

void Router::Work() {
  while (true) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const http::ExchangePtr exchange = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    Run(exchange);
  }
}

void Router::Run(const http::ExchangePtr& exchange) {
  const http::Request& request = exchange->request();
  const std::string_view raw_path = std::string_view(request.target).substr(0, request.target.find('?'));
  bool other_method = false;
  for (const Route& route : Routes()) {
    auto parameters = Match(route.path, raw_path);
    if (!parameters.has_value()) continue;
    const bool head = request.method == "HEAD" && route.method == "GET";
    if (route.method != request.method && !head) {
      other_method = true;
      continue;
    }
    http::Response response;
    if (route.method != "GET" && FromAnotherSite(request)) {
      response = ErrorResponse({ErrorCode::kPermissionDenied, "the request comes from a page of another site"});
    } else {
      RouteCall call(exchange, std::move(*parameters), services_);
      auto result = route.run(call);
      if (result.ok() && !result->has_value()) return;
      response = result.ok() ? std::move(**result) : ErrorResponse(result.error());
    }
    AddSecurityHeaders(response);
    return exchange->Respond(std::move(response));
  }
  http::Response response =
      other_method
          ? ErrorResponse({ErrorCode::kInvalidArgument, StrCat(request.method, " is not offered for ", request.path)})
          : ErrorResponse({ErrorCode::kNotFound, StrCat("nothing at ", request.path)});
  if (other_method) response.status = 405;
  AddSecurityHeaders(response);
  exchange->Respond(std::move(response));
}

}  // namespace tailrace::api
