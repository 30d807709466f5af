#pragma once

#include <string>

namespace tailrace::app {
class Runtime;
}

namespace tailrace::api {

class RateMeter;

// The overview of docs/http-api.md: what a page shows first, as one JSON object. `rates` is updated by the call.
std::string BuildOverview(app::Runtime& runtime, const std::string& version, RateMeter& rates);

}  // namespace tailrace::api
