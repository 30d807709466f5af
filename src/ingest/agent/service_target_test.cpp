#include "ingest/agent/service_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/str.h"
#include "ingest/agent/agent_harness_test.h"
#include "sim/sim.h"

namespace tailrace::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = RecordResult::Kind;

constexpr int64_t kNowUnixMs = 1'767'323'045'000;  // 2026-01-02T03:04:05Z

// Answers in turn what it was told to, the last answer again and again, and keeps the requests.
class ScriptedNet final : public Net {
 public:
  Result<HttpResponse> Http(const HttpRequest& request) override {
    requests.push_back(request);
    const Result<HttpResponse> answer = answers.front();
    if (answers.size() > 1) answers.erase(answers.begin());
    return answer;
  }
  Status SendMail(const MailServer&, const Mail&) override { return Error{ErrorCode::kUnsupported, "no mail"}; }

  std::vector<HttpRequest> requests;
  std::vector<Result<HttpResponse>> answers;
};

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (EqualsIgnoreCase(header, name)) return value;
  }
  return "";
}

class ServiceTargetTest : public testing::Test {
 protected:
  ServiceTargetTest() : clock_(FromUnixMs(kNowUnixMs)) {}

  std::unique_ptr<ServiceTarget> Make(DestinationKind kind) {
    return std::make_unique<ServiceTarget>(
        ServiceTargetOptions{.kind = kind, .destination = "s", .endpoint = {"http://127.0.0.1:4567/", "us-east-1"}},
        [this]() -> Result<AgentCredentials> {
          ++looked_for_keys_;
          return AgentCredentials{.keys = {.access_key_id = "AKIDEXAMPLE",
                                           .secret_access_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")},
                                  .source = "the test"};
        },
        net_, clock_);
  }
  // The kinds and messages of the results: "stored", "retry: why".
  std::vector<std::string> Put(ServiceTarget& target, std::vector<TargetRecord> records) {
    const auto results = target.Put("producer", 1, records);
    if (!results.ok()) return {results.error().message};
    std::vector<std::string> texts;
    for (const RecordResult& result : *results) {
      texts.push_back(result.kind == Kind::kStored ? "stored" : StrCat("retry: ", result.message));
    }
    return texts;
  }

  sim::SimClock clock_;
  ScriptedNet net_;
  int looked_for_keys_ = 0;
};

TEST_F(ServiceTargetTest, PutsRecordsIntoAStreamSigned) {
  net_.answers = {HttpResponse{.status = 200,
                               .body = R"({"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"a"},)"
                                       R"({"SequenceNumber":"2","ShardId":"a"}]})"}};
  const auto target = Make(DestinationKind::kStream);
  EXPECT_THAT(Put(*target, {{"p", "hello"}, {"q\"", "\n"}}), ElementsAre("stored", "stored"));
  ASSERT_EQ(net_.requests.size(), 1u);
  const HttpRequest& request = net_.requests[0];
  EXPECT_EQ(request.url, "http://127.0.0.1:4567/");
  EXPECT_EQ(request.body, R"({"StreamName":"s","Records":[{"Data":"aGVsbG8=","PartitionKey":"p"},)"
                          R"({"Data":"Cg==","PartitionKey":"q\""}]})");
  EXPECT_EQ(HeaderOf(request, "x-amz-target"), "Kinesis_20131202.PutRecords");
  EXPECT_EQ(HeaderOf(request, "content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(HeaderOf(request, "x-amz-date"), "20260102T030405Z");
  EXPECT_THAT(HeaderOf(request, "authorization"), HasSubstr("Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/"));
  EXPECT_FALSE(target->LastSequence("producer")->has_value());
}

TEST_F(ServiceTargetTest, PutsRecordsIntoADeliveryStream) {
  net_.answers = {HttpResponse{.status = 200, .body = R"({"FailedPutCount":0,"RequestResponses":[{"RecordId":"1"}]})"}};
  const auto target = Make(DestinationKind::kDelivery);
  EXPECT_THAT(Put(*target, {{"p", "hello"}}), ElementsAre("stored"));
  EXPECT_EQ(net_.requests[0].body, R"({"DeliveryStreamName":"s","Records":[{"Data":"aGVsbG8="}]})");
  EXPECT_EQ(HeaderOf(net_.requests[0], "x-amz-target"), "Firehose_20150804.PutRecordBatch");
  EXPECT_THAT(HeaderOf(net_.requests[0], "authorization"), HasSubstr("/us-east-1/firehose/"));
  EXPECT_EQ(target->limits().record_bytes_max, 1'024'000u);
}

TEST_F(ServiceTargetTest, TellsWhichRecordsToSendAgain) {
  net_.answers = {HttpResponse{
      .status = 200,
      .body = R"({"FailedRecordCount":1,"Records":[{"SequenceNumber":"1","ShardId":"a"},)"
              R"({"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded"}]})"}};
  EXPECT_THAT(Put(*Make(DestinationKind::kStream), {{"p", "1"}, {"p", "2"}}),
              ElementsAre("stored", "retry: ProvisionedThroughputExceededException: Rate exceeded"));
}

TEST_F(ServiceTargetTest, GivesTheServicesWordsAndACure) {
  const auto target = Make(DestinationKind::kStream);
  net_.answers = {HttpResponse{.status = 400,
                               .body = R"({"__type":"com.amazonaws.kinesis#ResourceNotFoundException",)"
                                       R"("message":"Stream s under account 1 not found."})"}};
  const std::string missing = Put(*target, {{"p", "1"}})[0];
  EXPECT_THAT(missing, HasSubstr("400 ResourceNotFoundException: Stream s under account 1 not found. (create s"));
  EXPECT_EQ(looked_for_keys_, 1);

  net_.answers = {HttpResponse{.status = 400, .body = R"({"__type":"ExpiredTokenException","message":"old"})"}};
  EXPECT_THAT(Put(*target, {{"p", "1"}})[0], HasSubstr("the keys are those of the test"));
  Put(*target, {{"p", "1"}});
  EXPECT_EQ(looked_for_keys_, 2);  // They may be new ones.

  for (const HttpResponse& odd :
       {HttpResponse{.status = 503, .body = "<html>"}, HttpResponse{.status = 200, .body = "{}"},
        HttpResponse{.status = 200, .body = R"({"Records":[]})"}}) {
    net_.answers = {odd};
    EXPECT_EQ(target->Put("", 1, std::vector<TargetRecord>{{"p", "1"}}).error().code, ErrorCode::kUnavailable);
  }
  net_.answers = {Result<HttpResponse>(Error{ErrorCode::kTimeout, "no answer"})};
  EXPECT_THAT(Put(*target, {{"p", "1"}}), ElementsAre("no answer"));
}

// The whole way with the flow's rules: what failed inside an answer is sent again alone, before anything new.
TEST_F(ServiceTargetTest, SendsFailedRecordsAgainBeforeNewOnes) {
  sim::SimDisk disk(Rng(1), {});
  ASSERT_TRUE(disk.MakeDirectories("/log").ok());
  ASSERT_TRUE(disk.MakeDirectories("/state").ok());
  const auto target = Make(DestinationKind::kStream);
  AgentHarness harness(disk, clock_, *target, OneFlow("/log/a", R"("initialPosition":"START_OF_FILE")"));
  const std::string good = R"({"SequenceNumber":"1","ShardId":"a"})";
  const std::string bad = R"({"ErrorCode":"InternalFailure","ErrorMessage":"busy"})";
  net_.answers = {HttpResponse{.status = 200, .body = StrCat(R"({"Records":[)", good, ",", bad, ",", good, "]}")},
                  HttpResponse{.status = 500, .body = R"({"__type":"InternalFailure"})"},
                  HttpResponse{.status = 200, .body = StrCat(R"({"Records":[)", good, "]}")}};
  ASSERT_TRUE(AppendTo(disk, "/log/a", "1\n2\n3\n").ok());
  harness.Start();
  harness.Run(std::chrono::milliseconds(1500));
  ASSERT_TRUE(AppendTo(disk, "/log/a", "4\n").ok());
  harness.Notify();
  harness.Run(std::chrono::seconds(3));
  ASSERT_EQ(net_.requests.size(), 4u);
  EXPECT_THAT(net_.requests[0].body, HasSubstr(R"("MQo=")"));
  for (const size_t again : {1u, 2u}) {
    EXPECT_THAT(net_.requests[again].body, HasSubstr(R"("Records":[{"Data":"Mgo=",)"));
    EXPECT_THAT(net_.requests[again].body, testing::Not(HasSubstr("},{")));
  }
  EXPECT_THAT(net_.requests[3].body, HasSubstr(R"("Data":"NAo=")"));
  EXPECT_EQ(harness.flow().sent.records, 4u);
  EXPECT_EQ(harness.flow().sent.retries, 2u);
}

}  // namespace
}  // namespace tailrace::ingest
