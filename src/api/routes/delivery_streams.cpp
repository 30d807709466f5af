#include <boost/json.hpp>

#include "api/overview.h"
#include "api/routes/routes.h"
#include "app/runtime.h"

namespace tailrace::api {

using RouteResult = Result<std::optional<http::Response>>;

RouteResult GetDeliveryStreams(RouteCall& call) {
  return http::Response::Json(200, boost::json::serialize(DeliveryOverview(call.services().runtime)) + "\n");
}

}  // namespace tailrace::api
