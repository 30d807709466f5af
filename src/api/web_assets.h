#pragma once

#include <span>
#include <string_view>

namespace tailrace::api {

// One file of the dashboard, embedded when the program was built.
struct WebAsset {
  std::string_view path;  // "/index.html"
  std::string_view content_type;
  std::string_view body;
  std::string_view gzip_body;  // Empty when it would not be smaller.
  std::string_view etag;       // With its quotes.
  bool immutable = false;      // The name holds a hash of the content.
};

// Made by cmake/EmbedWeb.cmake from web/dist; one page that says how to build it when that is missing.
std::span<const WebAsset> WebAssets();

}  // namespace tailrace::api
