#include <cstdint>

#include "api/aws/authentication.h"
#include "api/aws/keys.h"
#include "api/aws/sealed_token.h"
#include "base/sigv4.h"

// Authorization headers, presigned queries, dates, key files and tokens.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tailrace;
  using namespace tailrace::api;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const aws::TokenSealer kSealer(std::string(aws::TokenSealer::kKeyBytes, 'k'));
  (void)kSealer.Unseal(text).has_value();
  (void)aws::ParseAccessKeys(text).ok();
  aws::AccessKeys keys;
  keys.emplace("K", aws::AccessKey{"name", Secret("secret"), ""});
  const aws::AuthenticationRules rules{.keys = std::move(keys)};
  const size_t half = size / 2;
  http::Request request{.method = "POST",
                        .target = std::string(text.substr(half)),
                        .headers = {{"host", "h"},
                                    {"authorization", std::string(text.substr(0, half))},
                                    {"x-amz-date", std::string(text.substr(half, 16))}}};
  (void)http::DecodeTarget(request);
  (void)aws::Authenticate(request, "00", FromUnixMs(0), "kinesis", rules).has_value();
  request.headers.erase(request.headers.begin() + 1);
  (void)aws::Authenticate(request, "00", FromUnixMs(0), "kinesis", rules).has_value();
  return 0;
}
