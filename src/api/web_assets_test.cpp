#include "api/web_assets.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tailrace::api {
namespace {

const WebAsset* Find(std::string_view path) {
  const auto assets = WebAssets();
  const auto found = std::ranges::find(assets, path, &WebAsset::path);
  return found == assets.end() ? nullptr : &*found;
}

TEST(WebAssetsTest, ThePageIsThere) {
  const WebAsset* const page = Find("/index.html");
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(page->body.starts_with("<!doctype html>"));
  EXPECT_TRUE(page->body.ends_with("</html>\n"));
  EXPECT_FALSE(page->immutable);
}

TEST(WebAssetsTest, EveryFileHasWhatAServerNeeds) {
  for (const WebAsset& asset : WebAssets()) {
    SCOPED_TRACE(asset.path);
    EXPECT_TRUE(asset.path.starts_with('/'));
    EXPECT_FALSE(asset.content_type.empty());
    EXPECT_FALSE(asset.body.empty());
    EXPECT_TRUE(asset.gzip_body.empty() || asset.gzip_body.starts_with("\x1f\x8b"));
    EXPECT_LT(asset.gzip_body.size(), asset.body.size());
    EXPECT_EQ(asset.etag.size(), 34u);
    EXPECT_EQ(asset.immutable, asset.path.starts_with("/assets/"));
  }
}

}  // namespace
}  // namespace tailrace::api
