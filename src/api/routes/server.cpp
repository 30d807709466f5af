#include "api/live_push.h"
#include "api/routes/routes.h"
#include "api/web_assets.h"
#include "app/running_application.h"
#include "app/runtime.h"
#include "base/str.h"

namespace tailrace::api {
namespace {

using RouteResult = Result<std::optional<http::Response>>;

}  // namespace

RouteResult GetLive(RouteCall&) { return http::Response::Text(200, "ok\n"); }

RouteResult GetReady(RouteCall& call) {
  bool ready = true;
  std::string lines;
  for (const auto& running : call.services().runtime.applications()) {
    const app::ApplicationStatus status = running->CurrentStatus();
    const bool good = status.error.empty();
    ready = ready && good;
    lines += StrCat(status.name, ": ", status.state, good ? "" : ": ", status.error, "\n");
  }
  size_t damaged = 0;
  for (const auto& stream : call.services().runtime.streams().List()) damaged += stream.damage.has_value() ? 1 : 0;
  lines += damaged == 0 ? "streams: ok\n" : StrCat("streams: ", damaged, " damaged, see /api/streams\n");
  std::string body = ready ? "ready\n" : "not ready\n";
  if (call.request().Query("verbose").has_value()) body += lines;
  return http::Response::Text(ready ? 200 : 503, std::move(body));
}

RouteResult GetMetrics(RouteCall& call) {
  http::Response response = http::Response::Text(200, call.services().runtime.environment().metrics.ToPrometheusText());
  response.headers = {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}};
  return response;
}

RouteResult GetStatus(RouteCall& call) { return http::Response::Json(200, call.services().live.Overview() + "\n"); }

RouteResult GetEvents(RouteCall& call) {
  if (!call.services().live.AddEvents(call.exchange())) {
    return Error{ErrorCode::kUnavailable, StrCat("more than ", LivePush::kListenersMax, " listeners")};
  }
  return std::optional<http::Response>();
}

RouteResult GetAsset(RouteCall& call) {
  const std::string path = call.request().path == "/" ? "/index.html" : call.request().path;
  for (const WebAsset& asset : WebAssets()) {
    if (asset.path != path) continue;
    http::Response response{.status = 200, .headers = {{"content-type", std::string(asset.content_type)}}};
    response.headers.emplace_back("etag", std::string(asset.etag));
    response.headers.emplace_back("cache-control",
                                  asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
    response.headers.emplace_back("content-security-policy",
                                  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                                  "frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    if (call.request().Header("if-none-match") == asset.etag) {
      response.status = 304;
      return response;
    }
    const bool gzip = !asset.gzip_body.empty() &&
                      call.request().Header("accept-encoding").value_or("").find("gzip") != std::string_view::npos;
    if (gzip) response.headers.emplace_back("content-encoding", "gzip");
    response.headers.emplace_back("vary", "accept-encoding");
    response.body = std::string(gzip ? asset.gzip_body : asset.body);
    return response;
  }
  return Error{ErrorCode::kNotFound, StrCat("nothing at ", call.request().path)};
}

}  // namespace tailrace::api
