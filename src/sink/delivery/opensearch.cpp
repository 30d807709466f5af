#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "base/hash.h"
#include "base/str.h"
#include "sink/delivery/destination.h"

namespace tailrace::sink::delivery {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kTimeout{60'000};
constexpr uint64_t kResponseBytesMax = 64 << 20;
constexpr size_t kBulkBytesMax = 5 << 20;
constexpr size_t kBulkBytesMin = 64 << 10;
constexpr size_t kBulkRecordsMax = 5'000;

// What is put behind the index name, in the letters of TimePattern. Weeks are those of the United States.
std::string_view RotationPattern(IndexRotation rotation) {
  switch (rotation) {
    case IndexRotation::kNone:
      return "";
    case IndexRotation::kHour:
      return "-yyyy-MM-dd-HH";
    case IndexRotation::kDay:
      return "-yyyy-MM-dd";
    case IndexRotation::kWeek:
      return "-YYYY-'w'ww";
    case IndexRotation::kMonth:
      return "-yyyy-MM";
  }
  return "";
}

// Indexes each item as one document with the _bulk API. Documents have ids from their records' places, so one that is
// sent twice is there once.
//
// Source  OpenSearch documentation, "Bulk".
class OpenSearch final : public Destination {
 public:
  OpenSearch(OpenSearchConfig config, TimePattern rotation, const DeliveryEnvironment& environment)
      : config_(std::move(config)), rotation_(std::move(rotation)), environment_(environment) {}

  Limits limits() const override { return {100 << 20, 100'000}; }
  bool gives_up() const override { return true; }
  std::string_view error_type() const override { return "AmazonOpenSearchService-failed"; }
  std::string last_code() const override { return last_code_; }

  Result<Milliseconds> Deliver(Delivery& delivery, Taken& taken) override {
    std::vector<Item> again;  // What the cluster was too busy for.
    std::string why;
    Status sent = Ok();
    while (!delivery.items.empty() && sent.ok()) sent = SendSome(delivery, again, why, taken);
    std::ranges::move(again, std::back_inserter(delivery.items));
    TAILRACE_TRY(sent);
    if (!delivery.items.empty()) return Fail("429", why);
    return Milliseconds(0);
  }

 private:
  Error Fail(std::string_view code, std::string_view message) {
    last_code_ = code;
    return Error{ErrorCode::kUnavailable, StrCat("OpenSearch: ", message)};
  }

  void Refuse(Delivery& delivery, Item item, std::string_view code, std::string message) const {
    std::vector<std::pair<std::string, std::string>> details = {{"esDocumentId", IdOf(delivery, item)},
                                                                {"esIndexName", IndexOf(item)}};
    delivery.failures.push_back(
        {std::move(item), std::string(error_type()), std::string(code), std::move(message), std::move(details)});
  }

  std::string IndexOf(const Item& item) const { return config_.index + rotation_.Format(item.arrival, "UTC"); }
  static std::string IdOf(const Delivery& delivery, const Item& item) {
    return StrCat(delivery.stream_id.substr(0, 16), "-", item.shard, "-", item.sequence, "-", item.part);
  }

  // A document on one line; nothing when it is none. JSON has raw line ends between its values only.
  static std::optional<std::string> Document(const std::string& data) {
    boost::system::error_code code;
    const json::value parsed = json::parse(data, code);
    if (code || !parsed.is_object()) return std::nullopt;
    std::string line = data;
    std::ranges::replace(line, '\n', ' ');
    std::ranges::replace(line, '\r', ' ');
    return line;
  }

  // Sends the first items in one request and takes them off the delivery.
  Status SendSome(Delivery& delivery, std::vector<Item>& again, std::string& why, Taken& taken) {
    std::string body;
    std::vector<size_t> sent;
    std::vector<size_t> no_documents;
    size_t count = 0;
    while (count < delivery.items.size() && body.size() < bulk_bytes_ && sent.size() < kBulkRecordsMax) {
      const Item& item = delivery.items[count++];
      const auto document = Document(item.data);
      if (!document.has_value()) {
        no_documents.push_back(count - 1);
        continue;
      }
      json::object action{{"_index", IndexOf(item)}};
      if (config_.document_ids) action["_id"] = IdOf(delivery, item);
      body += StrCat("{\"index\":", json::serialize(action), "}\n", *document, "\n");
      sent.push_back(count - 1);
    }
    if (!sent.empty()) {
      TAILRACE_ASSIGN_OR_RETURN(const HttpResponse response, Post(body));
      if (response.status == 413 && bulk_bytes_ > kBulkBytesMin) {
        bulk_bytes_ /= 2;
        return Ok();
      }
      if (response.status != 200) return Fail(StrCat(response.status), StrCat("HTTP ", response.status));
      TAILRACE_TRY(TakeAnswers(response.body, sent, delivery, again, why, taken));
      taken.objects += 1;
      taken.bytes += body.size();
    }
    for (const size_t index : no_documents) {
      Refuse(delivery, std::move(delivery.items[index]), "400", "record is no JSON object");
    }
    delivery.items.erase(delivery.items.begin(), delivery.items.begin() + static_cast<ptrdiff_t>(count));
    return Ok();
  }

  Result<HttpResponse> Post(const std::string& body) {
    std::string base = config_.url;
    while (base.ends_with('/')) base.pop_back();
    HttpRequest request{
        .method = "POST", .url = base + "/_bulk", .timeout = kTimeout, .response_bytes_max = kResponseBytesMax};
    request.headers.emplace_back("Content-Type", "application/x-ndjson");
    if (!config_.user.empty()) {
      request.headers.emplace_back("Authorization",
                                   "Basic " + ToBase64(StrCat(config_.user, ":", config_.password.Reveal())));
    }
    request.body = body;
    auto response = environment_.net.Http(request);
    if (!response.ok()) return Fail("ConnectionFailed", response.error().message);
    return response;
  }

  // One answer a document, in order.
  Status TakeAnswers(const std::string& body, const std::vector<size_t>& sent, Delivery& delivery,
                     std::vector<Item>& again, std::string& why, Taken& taken) {
    boost::system::error_code code;
    const json::value parsed = json::parse(body, code);
    const json::value* const list = !code && parsed.is_object() ? parsed.as_object().if_contains("items") : nullptr;
    if (list == nullptr || !list->is_array() || list->as_array().size() != sent.size()) {
      return Fail("InvalidResponse", "the answer to _bulk does not have one item a document");
    }
    for (size_t i = 0; i < sent.size(); ++i) {
      const json::value& entry = list->as_array()[i];
      const json::value* const result = entry.is_object() ? entry.as_object().if_contains("index") : nullptr;
      const json::value* const status =
          result != nullptr && result->is_object() ? result->as_object().if_contains("status") : nullptr;
      const int64_t number = status != nullptr && status->is_int64() ? status->as_int64() : 500;
      if (number >= 200 && number < 300) {
        taken.records += 1;
        continue;
      }
      std::string message = StrCat("HTTP ", number);
      if (result != nullptr && result->is_object() && result->as_object().contains("error")) {
        message = Utf8Prefix(json::serialize(result->as_object().at("error")), 1'000);
      }
      if (number == 429 || number >= 500) {
        again.push_back(std::move(delivery.items[sent[i]]));
        why = message;
      } else {
        Refuse(delivery, std::move(delivery.items[sent[i]]), StrCat(number), std::move(message));
      }
    }
    return Ok();
  }

  const OpenSearchConfig config_;
  const TimePattern rotation_;
  const DeliveryEnvironment environment_;
  size_t bulk_bytes_ = kBulkBytesMax;
  std::string last_code_;
};

}  // namespace

std::unique_ptr<Destination> MakeOpenSearch(const OpenSearchConfig& config, const DeliveryEnvironment& environment) {
  auto rotation = TimePattern::Parse(RotationPattern(config.rotation));
  return std::make_unique<OpenSearch>(config, std::move(rotation).value(), environment);
}

}  // namespace tailrace::sink::delivery
