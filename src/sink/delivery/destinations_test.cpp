#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "sim/assert_ok.h"
#include "sink/delivery/s3_store.h"
#include "sink/delivery/world_test.h"

namespace tailrace::sink::delivery {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

DeliveryDefinition To(DestinationConfig destination) {
  DeliveryDefinition definition{.name = "web", .buffer_interval = seconds(10), .destination = std::move(destination)};
  definition.retry = minutes(5);
  definition.backup = ArchiveConfig{.store = DirectoryStoreConfig{"/archive"}};
  return definition;
}

HttpResponse Json(int status, std::string body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

// What an endpoint that takes everything answers.
HttpResponse Taken200(const HttpRequest& request) {
  return Json(200, StrCat("{\"requestId\":\"", HeaderOf(request, "X-Amz-Firehose-Request-Id"), "\",\"timestamp\":1}"));
}

struct WorldWith : DeliveryWorld {
  explicit WorldWith(const DeliveryDefinition& definition) {
    EXPECT_TRUE(OpenStream().ok());
    EXPECT_TRUE(OpenDelivery(definition).ok());
  }
};

TEST(HttpEndpointTest, SendsTheContractsRequest) {
  HttpEndpointConfig http{.url = "https://partner.test/in?x=1", .access_key = Secret("key")};
  http.common_attributes = {{"site", "shop"}};
  WorldWith world(To(http));
  world.net.SetAnswer([](const HttpRequest& request) { return Taken200(request); });
  ASSERT_TRUE(world.Put("one").ok());
  ASSERT_TRUE(world.Put("").ok());
  world.Pass(seconds(11));
  ASSERT_EQ(world.net.requests.size(), 1U);
  const HttpRequest& request = world.net.requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, http.url);
  EXPECT_EQ(request.timeout, seconds(180));
  EXPECT_EQ(HeaderOf(request, "X-Amz-Firehose-Protocol-Version"), "1.0");
  EXPECT_EQ(HeaderOf(request, "X-Amz-Firehose-Access-Key"), "key");
  EXPECT_EQ(HeaderOf(request, "X-Amz-Firehose-Source-Arn"), "arn:aws:firehose:local:000000000000:deliverystream/web");
  EXPECT_EQ(HeaderOf(request, "X-Amz-Firehose-Common-Attributes"), "{\"commonAttributes\":{\"site\":\"shop\"}}");
  EXPECT_EQ(HeaderOf(request, "Content-Encoding"), "");
  const auto body = boost::json::parse(request.body).as_object();
  EXPECT_EQ(body.at("requestId").as_string(), HeaderOf(request, "X-Amz-Firehose-Request-Id"));
  EXPECT_EQ(body.at("timestamp").as_int64(), DeliveryWorld::kStartUnixMs + 10'000);
  EXPECT_EQ(boost::json::serialize(body.at("records")), R"([{"data":"b25l"},{"data":""}])");
}

// The same request id in every try; back-off doubles with a jitter of 15 %; then the records go to the backup.
TEST(HttpEndpointTest, TriesAgainUntilItsTimeIsOverAndBacksUp) {
  WorldWith world(To(HttpEndpointConfig{.url = "https://partner.test/in"}));
  std::vector<int64_t> tries_ms;
  world.net.SetAnswer([&](const HttpRequest&) -> Result<HttpResponse> {
    tries_ms.push_back(ToUnixMs(world.clock.Now()));
    return Json(503, R"({"errorMessage":"closed today"})");
  });
  ASSERT_TRUE(world.Put("one").ok());
  world.Pass(minutes(8), Milliseconds(50));
  ASSERT_GE(tries_ms.size(), 7U);
  for (size_t i = 1; i < tries_ms.size(); ++i) {
    const double expected = std::min(1'000.0 * static_cast<double>(1 << (i - 1)), 120'000.0);
    EXPECT_NEAR(static_cast<double>(tries_ms[i] - tries_ms[i - 1]), expected, expected * 0.15 + 60) << i;
  }
  // The last try begins before the retry time is over, which begins at the first failure.
  EXPECT_LT(tries_ms[tries_ms.size() - 2] - tries_ms[0], 300'000);
  for (const HttpRequest& request : world.net.requests) {
    EXPECT_EQ(HeaderOf(request, "X-Amz-Firehose-Request-Id"),
              HeaderOf(world.net.requests[0], "X-Amz-Firehose-Request-Id"));
  }
  const auto objects = world.Objects();
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_THAT(objects.begin()->first, HasSubstr("/archive/http-endpoint-failed/2023/11/14/22/web-1-2023"));
  const auto document = boost::json::parse(objects.begin()->second).as_object();
  EXPECT_EQ(document.at("errorCode").as_string(), "HttpEndpoint.DestinationException");
  EXPECT_THAT(std::string(document.at("errorMessage").as_string()), HasSubstr("HTTP 503: closed today"));
  EXPECT_EQ(document.at("attemptsMade").as_int64(), static_cast<int64_t>(tries_ms.size()));
  EXPECT_EQ(document.at("arrivalTimestamp").as_int64(), DeliveryWorld::kStartUnixMs);
  EXPECT_EQ(document.at("rawData").as_string(), "b25l");
  EXPECT_EQ(world.delivery->status().waiting_records, 0U);
  EXPECT_EQ(world.delivery->status().failed_records, 1U);
}

// Only a 200 with the request's id and a whole number as time counts.
TEST(HttpEndpointTest, TakesNoOtherAnswerForSuccess) {
  const auto id = [](const HttpRequest& request) { return HeaderOf(request, "X-Amz-Firehose-Request-Id"); };
  const std::vector<std::function<HttpResponse(const HttpRequest&)>> wrong = {
      [&](const HttpRequest& r) { return Json(201, StrCat("{\"requestId\":\"", id(r), "\",\"timestamp\":1}")); },
      [&](const HttpRequest& r) { return Json(302, StrCat("{\"requestId\":\"", id(r), "\",\"timestamp\":1}")); },
      [&](const HttpRequest& r) { return Json(200, StrCat("{\"requestId\":\"", id(r), "\",\"timestamp\":\"1\"}")); },
      [&](const HttpRequest& r) { return Json(200, StrCat("{\"requestId\":\"", id(r), "\"}")); },
      [&](const HttpRequest&) { return Json(200, "{\"requestId\":\"other\",\"timestamp\":1}"); },
      [&](const HttpRequest&) { return Json(200, ""); },
      [&](const HttpRequest& r) {
        return HttpResponse{.status = 200, .body = StrCat("{\"requestId\":\"", id(r), "\",\"timestamp\":1}")};
      },
  };
  for (size_t i = 0; i < wrong.size(); ++i) {
    WorldWith world(To(HttpEndpointConfig{.url = "https://partner.test/in"}));
    world.net.SetAnswer([&](const HttpRequest& request) { return wrong[i](request); });
    ASSERT_TRUE(world.Put("one").ok());
    world.Pass(seconds(11));
    EXPECT_EQ(world.delivery->status().state, "retrying") << i;
    world.net.SetAnswer([](const HttpRequest& request) { return Taken200(request); });
    world.Pass(seconds(10));
    EXPECT_EQ(world.delivery->status().records, 1U) << i;
  }
}

// 413 is final; the records are not sent again, and here they are kept among the errors.
TEST(HttpEndpointTest, DoesNotRepeatWhatIsTooLarge) {
  WorldWith world(To(HttpEndpointConfig{.url = "https://partner.test/in"}));
  world.net.SetAnswer([](const HttpRequest&) { return Json(413, ""); });
  ASSERT_TRUE(world.Put("one").ok());
  world.Pass(minutes(2));
  EXPECT_EQ(world.net.requests.size(), 1U);
  EXPECT_EQ(world.Objects().size(), 1U);
}

TEST(HttpEndpointTest, BacksUpEverythingWhenAsked) {
  DeliveryDefinition definition = To(HttpEndpointConfig{.url = "https://partner.test/in"});
  definition.backup_all = true;
  WorldWith world(definition);
  world.net.SetAnswer([](const HttpRequest& request) { return Taken200(request); });
  ASSERT_TRUE(world.Put("one").ok());
  ASSERT_TRUE(world.Put("two").ok());
  world.Pass(seconds(11));
  const auto objects = world.Objects();
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects.begin()->second, "onetwo");
}

TEST(SplunkTest, SendsAgainWhenNoAcknowledgementComes) {
  WorldWith world(To(SplunkConfig{.url = "https://splunk.test:8088", .token = Secret("t")}));
  int sent = 0;
  bool acknowledge = false;
  std::set<std::string> channels;
  world.net.SetAnswer([&](const HttpRequest& request) -> Result<HttpResponse> {
    channels.insert(HeaderOf(request, "X-Splunk-Request-Channel"));
    EXPECT_EQ(HeaderOf(request, "Authorization"), "Splunk t");
    if (request.url.ends_with("/services/collector/raw")) {
      EXPECT_EQ(request.body, "one");
      return Json(200, StrCat("{\"text\":\"Success\",\"code\":0,\"ackId\":", sent++, "}"));
    }
    EXPECT_EQ(request.url, "https://splunk.test:8088/services/collector/ack");
    return Json(200, StrCat("{\"acks\":{\"", sent - 1, "\":", acknowledge, "}}"));
  });
  ASSERT_TRUE(world.Put("one").ok());
  world.Pass(seconds(11) + seconds(170));
  EXPECT_EQ(sent, 1);
  EXPECT_EQ(world.delivery->status().state, "delivering");
  world.Pass(seconds(20));
  EXPECT_EQ(sent, 2);
  EXPECT_THAT(world.delivery->status().error, HasSubstr("Splunk.AckTimeout"));
  acknowledge = true;
  world.Pass(seconds(5));
  EXPECT_EQ(world.delivery->status().records, 1U);
  EXPECT_EQ(world.delivery->status().error, "");
  EXPECT_EQ(channels.size(), 1U);
}

TEST(SplunkTest, TellsWhatIsWrong) {
  const std::vector<std::pair<HttpResponse, std::string>> answers = {
      {Json(403, R"({"text":"Invalid token","code":4})"), "Splunk.InvalidToken: HTTP 403: Invalid token"},
      {Json(503, R"({"text":"Server is busy","code":9})"), "Splunk.ServerError: HTTP 503: Server is busy"},
      {Json(200, R"({"text":"Success","code":0})"), "Splunk.AckDisabled"},
  };
  for (const auto& [answer, message] : answers) {
    WorldWith world(To(SplunkConfig{.url = "https://splunk.test:8088", .token = Secret("t")}));
    world.net.SetAnswer([&](const HttpRequest&) { return answer; });
    ASSERT_TRUE(world.Put("one").ok());
    world.Pass(seconds(12));
    EXPECT_THAT(world.delivery->status().error, HasSubstr(message));
  }
  WorldWith world(To(SplunkConfig{.url = "https://splunk.test:8088", .token = Secret("t")}));
  world.net.SetAnswer([&](const HttpRequest&) { return Json(400, R"({"text":"No data","code":5})"); });
  ASSERT_TRUE(world.Put("one").ok());
  world.Pass(seconds(12));
  EXPECT_EQ(world.net.requests.size(), 1U);
  EXPECT_THAT(world.Objects().begin()->second,
              AllOf(HasSubstr("Splunk.InvalidDataFormat"), HasSubstr("\"EventId\":\"0.0\"")));
}

TEST(OpenSearchTest, RotatesIndexesAndKeepsIdsOverTries) {
  OpenSearchConfig search{.url = "http://search.test:9200/", .index = "web", .rotation = IndexRotation::kWeek};
  WorldWith world(To(search));
  world.clock.SetNow(FromUnixMs(1704063600123));  // Sunday 2023-12-31: its week is the first of 2024.
  std::vector<std::string> bodies;
  world.net.SetAnswer([&](const HttpRequest& request) -> Result<HttpResponse> {
    EXPECT_EQ(request.url, "http://search.test:9200/_bulk");
    bodies.push_back(request.body);
    if (bodies.size() == 1) return Json(503, "");
    return Json(200, R"({"items":[{"index":{"status":201}}]})");
  });
  ASSERT_TRUE(world.Put("{\"n\":\n1}").ok());
  world.Pass(seconds(15));
  ASSERT_EQ(bodies.size(), 2U);
  EXPECT_EQ(bodies[0], bodies[1]);
  EXPECT_THAT(bodies[0], AllOf(HasSubstr("{\"index\":{\"_index\":\"web-2024-w01\",\"_id\":\""),
                               HasSubstr("-0-0-0\"}}\n{\"n\": 1}\n")));
  EXPECT_EQ(world.delivery->status().records, 1U);
}

TEST(OpenSearchTest, HalvesARequestThatIsTooLarge) {
  WorldWith world(To(OpenSearchConfig{.url = "http://search.test", .index = "web"}));
  size_t documents = 0;
  world.net.SetAnswer([&](const HttpRequest& request) -> Result<HttpResponse> {
    if (request.body.size() > 200'000) return Json(413, "");
    std::string items;
    const auto count = std::ranges::count(request.body, '\n') / 2;
    for (int i = 0; i < count; ++i) items += StrCat(i == 0 ? "" : ",", "{\"index\":{\"status\":200}}");
    documents += static_cast<size_t>(count);
    return Json(200, StrCat("{\"items\":[", items, "]}"));
  });
  const std::string record = StrCat("{\"fill\":\"", std::string(10'000, 'x'), "\"}");
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(world.Put(record).ok());
  world.Pass(seconds(12));
  EXPECT_EQ(documents, 60U);
  EXPECT_EQ(world.delivery->status().records, 60U);
}

TEST(DirectoryStoreTest, KeysStayWithinTheFolder) {
  EXPECT_EQ(FilePathOfKey("a//b/c").value_or(""), "a/b/c");
  EXPECT_EQ(FilePathOfKey("../../etc/passwd").value_or(""), "%2E./%2E./etc/passwd");
  EXPECT_EQ(FilePathOfKey("/./x").value_or(""), "%2E/x");
  EXPECT_EQ(FilePathOfKey(".tailrace-partial/x").value_or(""), "%2Etailrace-partial/x");
  EXPECT_EQ(FilePathOfKey(std::string("a\0b", 3)).value_or(""), "a%00b");
  EXPECT_FALSE(FilePathOfKey("").ok());
  EXPECT_FALSE(FilePathOfKey("///").ok());
  EXPECT_FALSE(FilePathOfKey(std::string(256, 'x')).ok());
}

TEST(S3ClientTest, TellsKindsOfFailure) {
  sim::SimClock clock{FromUnixMs(DeliveryWorld::kStartUnixMs)};
  FakeNet net;
  S3Client client(
      {.bucket = "b", .endpoint = "http://s3.test/", .access_key_id = "k", .secret_access_key = Secret("s")}, net,
      clock);
  const auto put = [&](int status, const std::string& code) {
    net.SetAnswer([=](const HttpRequest&) {
      return HttpResponse{.status = status,
                          .body = StrCat("<Error><Code>", code, "</Code><Message>a &lt; b</Message></Error>")};
    });
    return client.Put("a b/+c", "x", "text/plain").error();
  };
  EXPECT_EQ(put(404, "NoSuchBucket").code, ErrorCode::kNotFound);
  EXPECT_EQ(put(403, "AccessDenied").code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(put(503, "SlowDown").code, ErrorCode::kUnavailable);
  // What is wrong with the request, and not with the name, is no reason to give records up.
  EXPECT_EQ(put(400, "AuthorizationHeaderMalformed").code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(put(400, "KeyTooLongError").code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(put(400, "X").message, "S3 bucket b: HTTP 400 X: a < b");
  EXPECT_EQ(net.requests.back().url, "http://s3.test/b/a%20b/%2Bc");
}

// An answer with a good status may still hold an error; then the parts are taken back.
TEST(S3ClientTest, AnUploadInPartsThatFailsLeavesNothing) {
  sim::SimClock clock{FromUnixMs(DeliveryWorld::kStartUnixMs)};
  FakeNet net([](const HttpRequest& request) -> Result<HttpResponse> {
    if (request.url.ends_with("?uploads=")) return HttpResponse{.status = 200, .body = "<UploadId>u&amp;1</UploadId>"};
    if (request.method == "PUT") return HttpResponse{.status = 200, .headers = {{"ETag", "\"e\""}}};
    if (request.method == "POST")
      return HttpResponse{.status = 200, .body = "<Error><Code>InternalError</Code></Error>"};
    return HttpResponse{.status = 204};
  });
  S3Client client({.bucket = "b", .endpoint = "http://s3.test", .part_bytes = 5 << 20}, net, clock);
  EXPECT_EQ(client.Put("k", std::string(11 << 20, 'x'), "text/plain").error().code, ErrorCode::kUnavailable);
  std::vector<std::string> calls;
  for (const HttpRequest& request : net.requests) {
    calls.push_back(StrCat(request.method, " ", request.url.substr(15), " ", request.body.size() >> 20));
  }
  EXPECT_THAT(calls,
              testing::ElementsAre("POST b/k?uploads= 0", "PUT b/k?partNumber=1&uploadId=u%261 5",
                                   "PUT b/k?partNumber=2&uploadId=u%261 5", "PUT b/k?partNumber=3&uploadId=u%261 1",
                                   "POST b/k?uploadId=u%261 0", "DELETE b/k?uploadId=u%261 0"));
}

}  // namespace
}  // namespace tailrace::sink::delivery
