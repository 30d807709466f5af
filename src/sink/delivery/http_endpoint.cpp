#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/hash.h"
#include "base/str.h"
#include "sink/delivery/compression.h"
#include "sink/delivery/destination.h"

namespace tailrace::sink::delivery {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kTimeout{180'000};
constexpr uint64_t kResponseBytesMax = 1 << 20;
constexpr uint64_t kRequestBytesMax = 47 << 20;  // Of data: 64 MiB when it is base64.
constexpr size_t kRequestRecordsMax = 10'000;

// One POST a span, as Amazon Data Firehose's HTTP endpoint contract has it.
//
// Source  Amazon Data Firehose Developer Guide, "HTTP endpoint delivery request and response specifications".
class HttpEndpoint final : public Destination {
 public:
  HttpEndpoint(HttpEndpointConfig config, const DeliveryEnvironment& environment)
      : config_(std::move(config)), environment_(environment) {}

  Limits limits() const override { return {kRequestBytesMax, kRequestRecordsMax}; }
  bool gives_up() const override { return true; }
  std::string_view error_type() const override { return "http-endpoint-failed"; }
  std::string last_code() const override { return last_code_; }

  Result<Milliseconds> Deliver(Delivery& delivery, Taken& taken) override {
    while (!delivery.items.empty()) {
      const size_t count = NextRequest(delivery.items);
      const std::span<const Item> items(delivery.items.data(), count);
      // The first item names the request: the same records have the same id in every try.
      const std::string id =
          delivery.Uuid(StrCat("request/", items[0].shard, "/", items[0].sequence, "/", items[0].part));
      TAILRACE_ASSIGN_OR_RETURN(HttpRequest request, Request(delivery, items, id));
      const uint64_t bytes = request.body.size();
      const auto response = environment_.net.Http(request);
      if (!response.ok()) return Fail(CodeOf(response.error().code), response.error().message);
      if (response->status == 413) {
        for (Item& item : std::span(delivery.items).first(count)) {
          delivery.failures.push_back({std::move(item),
                                       std::string(error_type()),
                                       "HttpEndpoint.DestinationException",
                                       "the endpoint answered 413: the request is too large for it",
                                       {}});
        }
      } else {
        TAILRACE_TRY(CheckResponse(*response, id));
        taken.objects += 1;
        taken.records += count;
        taken.bytes += bytes;
      }
      delivery.items.erase(delivery.items.begin(), delivery.items.begin() + static_cast<ptrdiff_t>(count));
    }
    return Milliseconds(0);
  }

 private:
  // How many items go into the next request. A record that was split may have made more of them than one may hold.
  static size_t NextRequest(const std::vector<Item>& items) {
    uint64_t bytes = 0;
    size_t count = 0;
    while (count < items.size() && count < kRequestRecordsMax) {
      bytes += items[count].data.size();
      if (count > 0 && bytes > kRequestBytesMax) break;
      ++count;
    }
    return count;
  }

  Result<HttpRequest> Request(const Delivery& delivery, std::span<const Item> items, const std::string& id) const {
    std::string body =
        StrCat("{\"requestId\":\"", id, "\",\"timestamp\":", ToUnixMs(environment_.clock.Now()), ",\"records\":[");
    for (const Item& item : items) {
      if (body.back() == '}') body += ',';
      body += StrCat("{\"data\":\"", ToBase64(item.data), "\"}");
    }
    body += "]}";
    HttpRequest request{
        .method = "POST", .url = config_.url, .timeout = kTimeout, .response_bytes_max = kResponseBytesMax};
    request.headers = {{"Content-Type", "application/json"},
                       {"X-Amz-Firehose-Protocol-Version", "1.0"},
                       {"X-Amz-Firehose-Request-Id", id},
                       {"X-Amz-Firehose-Source-Arn", delivery.stream_arn}};
    if (!config_.access_key.empty()) {
      request.headers.emplace_back("X-Amz-Firehose-Access-Key", config_.access_key.Reveal());
    }
    if (!config_.common_attributes.empty()) {
      json::object attributes;
      for (const auto& [name, value] : config_.common_attributes) attributes[name] = value;
      request.headers.emplace_back("X-Amz-Firehose-Common-Attributes",
                                   json::serialize(json::object{{"commonAttributes", std::move(attributes)}}));
    }
    if (config_.gzip) {
      TAILRACE_ASSIGN_OR_RETURN(body, Compress(ObjectCompression::kGzip, body, ""));
      request.headers.emplace_back("Content-Encoding", "gzip");
    }
    request.body = std::move(body);
    return request;
  }

  static std::string_view CodeOf(ErrorCode code) {
    if (code == ErrorCode::kTimeout) return "HttpEndpoint.RequestTimeout";
    if (code == ErrorCode::kLimitExceeded) return "HttpEndpoint.ResponseTooLarge";
    return "HttpEndpoint.ConnectionFailed";
  }

  Error Fail(std::string_view code, std::string_view message) {
    last_code_ = code;
    return Error{ErrorCode::kUnavailable, StrCat(code, ": ", message)};
  }

  // Only a 200 that says the request's own id and a time counts as taken.
  Status CheckResponse(const HttpResponse& response, const std::string& id) {
    boost::system::error_code code;
    const json::value parsed = json::parse(response.body, code);
    const json::object* const answer = !code && parsed.is_object() ? &parsed.as_object() : nullptr;
    if (response.status != 200) {
      const json::value* const text = answer == nullptr ? nullptr : answer->if_contains("errorMessage");
      return Fail("HttpEndpoint.DestinationException",
                  StrCat("HTTP ", response.status,
                         text != nullptr && text->is_string()
                             ? StrCat(": ", Utf8Prefix(std::string_view(text->as_string()), 200))
                             : ""));
    }
    const auto invalid = [&](std::string_view why) { return Fail("HttpEndpoint.InvalidResponseFromDestination", why); };
    const auto type = std::ranges::find_if(
        response.headers, [](const auto& header) { return EqualsIgnoreCase(header.first, "content-type"); });
    const std::string_view type_text =
        type == response.headers.end() ? "" : Trim(std::string_view(type->second).substr(0, type->second.find(';')));
    if (!EqualsIgnoreCase(type_text, "application/json")) return invalid("the answer is not application/json");
    if (answer == nullptr) return invalid("the answer is no JSON object");
    const json::value* const request_id = answer->if_contains("requestId");
    if (request_id == nullptr || !request_id->is_string() || std::string_view(request_id->as_string()) != id) {
      return invalid("requestId in the answer is not the request's");
    }
    const json::value* const timestamp = answer->if_contains("timestamp");
    if (timestamp == nullptr || !(timestamp->is_int64() || timestamp->is_uint64())) {
      return invalid("timestamp in the answer is no whole number");
    }
    return Ok();
  }

  const HttpEndpointConfig config_;
  const DeliveryEnvironment environment_;
  std::string last_code_;
};

}  // namespace

std::unique_ptr<Destination> MakeHttpEndpoint(const HttpEndpointConfig& config,
                                              const DeliveryEnvironment& environment) {
  return std::make_unique<HttpEndpoint>(config, environment);
}

}  // namespace tailrace::sink::delivery
