#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "base/str.h"
#include "sink/delivery/destination.h"

namespace tailrace::sink::delivery {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kTimeout{60'000};
constexpr Milliseconds kPollInterval{1'000};

// Sends a span to the HTTP Event Collector and waits until its indexers have acknowledged it.
//
// State   The acknowledgement that is waited for, in memory: after a restart the span is sent again.
// Source  Splunk documentation, "About HTTP Event Collector Indexer Acknowledgment".
class Splunk final : public Destination {
 public:
  Splunk(SplunkConfig config, const DeliveryEnvironment& environment)
      : config_(std::move(config)), environment_(environment) {}

  Limits limits() const override { return {5 << 20, 100'000}; }
  bool gives_up() const override { return true; }
  std::string_view error_type() const override { return "splunk-failed"; }
  std::string last_code() const override { return last_code_; }

  Result<Milliseconds> Deliver(Delivery& delivery, Taken& taken) override {
    if (sent_id_ != delivery.id) {
      TAILRACE_ASSIGN_OR_RETURN(const bool accepted, Send(delivery));
      return accepted ? kPollInterval : Milliseconds(0);
    }
    TAILRACE_ASSIGN_OR_RETURN(const bool acknowledged, Acknowledged(delivery));
    if (!acknowledged) return kPollInterval;
    sent_id_.clear();
    taken.objects += 1;
    taken.records += delivery.items.size();
    taken.bytes += sent_bytes_;
    delivery.items.clear();
    return Milliseconds(0);
  }

 private:
  Error Fail(std::string_view code, std::string_view message) {
    last_code_ = code;
    sent_id_.clear();
    return Error{ErrorCode::kUnavailable, StrCat(code, ": ", message)};
  }

  HttpRequest Request(const Delivery& delivery, std::string_view path) const {
    std::string base = config_.url;
    while (base.ends_with('/')) base.pop_back();
    HttpRequest request{.method = "POST", .url = StrCat(base, path), .timeout = kTimeout};
    // Acknowledgements are counted per channel: one for each delivery stream.
    request.headers = {{"Authorization", StrCat("Splunk ", config_.token.Reveal())},
                       {"X-Splunk-Request-Channel", UuidOf(StrCat("channel/", delivery.stream_name))}};
    return request;
  }

  // False: the collector will never take it; the items are failures now.
  Result<bool> Send(Delivery& delivery) {
    HttpRequest request = Request(delivery, config_.raw ? "/services/collector/raw" : "/services/collector/event");
    for (const Item& item : delivery.items) request.body += item.data;
    sent_bytes_ = request.body.size();
    const auto response = environment_.net.Http(request);
    if (!response.ok()) {
      return Fail(response.error().code == ErrorCode::kTimeout ? "Splunk.ConnectionTimeout" : "Splunk.ConnectionClosed",
                  response.error().message);
    }
    boost::system::error_code code;
    const json::value answer = json::parse(response->body, code);
    const json::object* const members = !code && answer.is_object() ? &answer.as_object() : nullptr;
    std::string text = StrCat("HTTP ", response->status);
    if (members != nullptr && members->contains("text") && members->at("text").is_string()) {
      text += StrCat(": ", Utf8Prefix(std::string_view(members->at("text").as_string()), 200));
    }
    if (response->status == 401 || response->status == 403) return Fail("Splunk.InvalidToken", text);
    if (response->status == 400) {
      for (Item& item : delivery.items) {
        const std::string event_id = StrCat(item.sequence, ".", item.part);
        delivery.failures.push_back(
            {std::move(item), std::string(error_type()), "Splunk.InvalidDataFormat", text, {{"EventId", event_id}}});
      }
      delivery.items.clear();
      return false;
    }
    if (response->status != 200) return Fail("Splunk.ServerError", text);
    const json::value* const id = members == nullptr ? nullptr : members->if_contains("ackId");
    if (id == nullptr || !id->is_int64()) {
      return Fail("Splunk.AckDisabled", "the answer has no ackId: enable indexer acknowledgement for the token");
    }
    ack_id_ = id->as_int64();
    sent_id_ = delivery.id;
    ack_deadline_ = environment_.clock.Monotonic() + config_.acknowledgement_timeout;
    return true;
  }

  Result<bool> Acknowledged(const Delivery& delivery) {
    HttpRequest request = Request(delivery, "/services/collector/ack");
    request.body = StrCat("{\"acks\":[", ack_id_, "]}");
    const auto response = environment_.net.Http(request);
    boost::system::error_code code;
    bool acknowledged = false;
    if (response.ok() && response->status == 200) {
      const json::value answer = json::parse(response->body, code);
      const json::value* const acks = !code && answer.is_object() ? answer.as_object().if_contains("acks") : nullptr;
      const json::value* const ack =
          acks != nullptr && acks->is_object() ? acks->as_object().if_contains(std::to_string(ack_id_)) : nullptr;
      acknowledged = ack != nullptr && ack->is_bool() && ack->as_bool();
    }
    if (acknowledged) return true;
    if (environment_.clock.Monotonic() < ack_deadline_) return false;
    return Fail("Splunk.AckTimeout", StrCat("no acknowledgement within ", config_.acknowledgement_timeout.count(),
                                            " ms; the records are sent again"));
  }

  const SplunkConfig config_;
  const DeliveryEnvironment environment_;
  std::string sent_id_;  // Of the delivery whose acknowledgement is waited for; empty: none.
  uint64_t sent_bytes_ = 0;
  int64_t ack_id_ = 0;
  std::chrono::nanoseconds ack_deadline_{};
  std::string last_code_;
};

}  // namespace

std::unique_ptr<Destination> MakeSplunk(const SplunkConfig& config, const DeliveryEnvironment& environment) {
  return std::make_unique<Splunk>(config, environment);
}

}  // namespace tailrace::sink::delivery
