#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace tailrace::app {
class Runtime;
}

namespace tailrace::api {

class RateMeter;

// The overview of docs/http-api.md: what a page shows first, as one JSON object. `rates` is updated by the call.
std::string BuildOverview(app::Runtime& runtime, const std::string& version, RateMeter& rates);

// All delivery streams with their state, as a list of docs/http-api.md.
boost::json::array DeliveryOverview(app::Runtime& runtime);

// What fills the stream from elsewhere, as an object of docs/http-api.md; null when nothing does.
boost::json::value StreamSource(const app::Runtime& runtime, const std::string& stream);

}  // namespace tailrace::api
