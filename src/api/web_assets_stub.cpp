#include "api/web_assets.h"
namespace tailrace::api {
std::span<const WebAsset> WebAssets() {
  static constexpr WebAsset a[] = {{"/index.html", "text/html", "<p>build web</p>", "", "\"0\"", false}};
  return a;
}
}  // namespace tailrace::api
