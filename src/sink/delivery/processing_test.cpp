#include "sink/delivery/processing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "sim/assert_ok.h"
#include "sink/delivery/compression.h"

namespace tailrace::sink::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Outcome {
  std::vector<std::string> items;
  std::vector<std::string> failures;  // Messages.
};

Outcome Process(const Processing& processing, const std::vector<std::string>& records) {
  const auto processor = Processor::Make(processing, {});
  EXPECT_TRUE(processor.ok());
  Span span;
  for (const std::string& record : records) span.records.push_back({.data = record});
  Delivery delivery;
  EXPECT_TRUE((*processor)->Run(span, delivery).ok());
  Outcome outcome;
  for (const Item& item : delivery.items) outcome.items.push_back(item.data);
  for (const Failure& failure : delivery.failures) outcome.failures.push_back(failure.message);
  return outcome;
}

TEST(ProcessorTest, EndsRecordsAsAsked) {
  EXPECT_THAT(Process({.newline = NewlineRule::kNever}, {"a", "b\n", ""}).items, ElementsAre("a", "b\n", ""));
  EXPECT_THAT(Process({.newline = NewlineRule::kIfMissing}, {"a", "b\n", ""}).items, ElementsAre("a\n", "b\n", "\n"));
  EXPECT_THAT(Process({.newline = NewlineRule::kAlways}, {"a", "b\n"}).items, ElementsAre("a\n", "b\n\n"));
}

TEST(ProcessorTest, SplitsJson) {
  const Outcome outcome =
      Process({.split = SplitRule::kJson, .newline = NewlineRule::kAlways},
              {R"({"a":"}{"} {"b":[1,2]}  {"c":1.50})", R"([{"d":1},{"e":2}])", "{\"f\":", "7 8", ""});
  EXPECT_THAT(outcome.items, ElementsAre("{\"a\":\"}{\"}\n", "{\"b\":[1,2]}\n", "{\"c\":1.50}\n", "{\"d\":1}\n",
                                         "{\"e\":2}\n", "7\n", "8\n"));
  EXPECT_THAT(outcome.failures, ElementsAre(HasSubstr("no JSON")));
}

TEST(ProcessorTest, SplitsAtADelimiterUpTo500Parts) {
  EXPECT_THAT(Process({.split = SplitRule::kDelimited, .split_delimiter = "||"}, {"a||b||||c||"}).items,
              ElementsAre("a", "b", "c"));
  std::string many;
  for (int i = 0; i < 501; ++i) many += "x\n";
  EXPECT_EQ(Process({.split = SplitRule::kDelimited, .split_delimiter = "\n"}, {many}).items.size(), 1U);
  EXPECT_EQ(Process({.split = SplitRule::kDelimited, .split_delimiter = "\n"}, {many.substr(2)}).items.size(), 500U);
}

TEST(ProcessorTest, TakesMessagesOutOfCloudWatchDocuments) {
  const std::string document =
      R"({"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","message":"one"},{"id":"2","message":"two\n"}]})";
  const std::string test = R"({"messageType":"CONTROL_MESSAGE","logEvents":[{"message":"probe"}]})";
  const Processing processing{.gunzip = true, .cloud_watch_messages = true, .newline = NewlineRule::kIfMissing};
  const auto packed = [](const std::string& text) { return Compress(ObjectCompression::kGzip, text, "").value_or(""); };
  const Outcome outcome = Process(processing, {packed(document), packed(test), "not gzip", packed("{}")});
  EXPECT_THAT(outcome.items, ElementsAre("one\n", "two\n"));
  EXPECT_EQ(outcome.failures.size(), 2U);
}

// Made by aws-kinesis-agg 1.2.3 (PyPI): {"n":1} with key a, {"n":2} with key b, {"n":3} with key a and the greatest
// hash key, and nothing with key a and hash key 0.
std::string FourParts() {
  std::string bytes;
  EXPECT_TRUE(
      FromHex("f3899ac20a01610a0162122733343032383233363639323039333834363334363333373436303734333137363832313134353512"
              "01301a0b08001a077b226e223a317d1a0b08011a077b226e223a327d1a0d080010001a077b226e223a337d1a06080010011a0063"
              "667c471b7f45391c751cb85462cc1d",
              bytes));
  return bytes;
}

TEST(ProcessorTest, TakesAggregatedRecordsApartFirst) {
  EXPECT_THAT(Process({.split = SplitRule::kDelimited, .split_delimiter = ":", .newline = NewlineRule::kAlways},
                      {FourParts(), "plain"})
                  .items,
              ElementsAre("{\"n\"\n", "1}\n", "{\"n\"\n", "2}\n", "{\"n\"\n", "3}\n", "plain\n"));
  EXPECT_THAT(Process({}, {FourParts()}).items, ElementsAre(R"({"n":1})", R"({"n":2})", R"({"n":3})", ""));
  std::string damaged = FourParts();
  damaged.back() ^= 1;
  EXPECT_THAT(Process({}, {damaged}).items, ElementsAre(damaged));
}

TEST(ProcessorTest, GivesUpPartsOfAnAggregatedRecordThatBelongToAnotherShard) {
  // The hash keys are 0.05, 0.57, 1 and 0 of the way.
  const stream::HashKeyRange upper_half{.first = stream::HashKey{1} << 127};
  TAILRACE_ASSERT_OK_AND_ASSIGN(
      const auto processor,
      Processor::Make({}, {.range_of = [&](stream::ShardId) { return std::optional(upper_half); }}));
  Span span;
  span.records.push_back({.data = FourParts()});
  Delivery delivery;
  TAILRACE_ASSERT_OK(processor->Run(span, delivery));
  ASSERT_EQ(delivery.items.size(), 2U);
  EXPECT_EQ(delivery.items[0].data, R"({"n":2})");
  EXPECT_EQ(delivery.items[0].part, 1U);
  EXPECT_EQ(delivery.items[1].data, R"({"n":3})");
  ASSERT_EQ(delivery.failures.size(), 2U);
  EXPECT_EQ(delivery.failures[0].item.data, R"({"n":1})");
  EXPECT_EQ(delivery.failures[0].code, "Processing.ForeignShard");
}

TEST(PartitionQueryTest, RunsJq) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(
      const auto query,
      PartitionQuery::Compile("{customer: .c.id, year: .t|strftime(\"%Y\"), big: (.n > 5|tostring)}"));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const PartitionKeys keys, query->Run(R"({"c":{"id":"x/1"},"t":1543021200,"n":7})"));
  EXPECT_THAT(keys, ElementsAre(std::pair("big", "true"), std::pair("customer", "x/1"), std::pair("year", "2018")));
  EXPECT_THAT(query->Run("{").error().message, HasSubstr("no JSON"));
  EXPECT_THAT(query->Run("7").error().message, HasSubstr("jq: Cannot index number"));
  EXPECT_THAT(query->Run(R"({"c":{"id":null},"t":1,"n":1})").error().message, HasSubstr("customer is null"));
  EXPECT_THAT(query->Run(R"({"c":{"id":""},"t":1,"n":1})").error().message, HasSubstr("has 0 bytes"));
  // It goes on after an error.
  TAILRACE_EXPECT_OK(query->Run(R"({"c":{"id":"y"},"t":0,"n":1})"));
}

TEST(PartitionQueryTest, TellsWhatDoesNotCompile) {
  const auto query = PartitionQuery::Compile("{customer: .c.id");
  ASSERT_FALSE(query.ok());
  EXPECT_THAT(query.error().message, HasSubstr("syntax error"));
}

TEST(PartitionQueryTest, ReadsNoFilesAndNoEnvironment) {
  for (const char* const program : {"import \"/etc/passwd\" as $p; {p: \"x\"}", "include \"x\"; {p: \"x\"}",
                                    "{p: env.HOME}", "{p: $ENV.HOME}", "{p: \"\\(env.HOME)\"}", "{p: input}", "halt"}) {
    const auto query = PartitionQuery::Compile(program);
    ASSERT_FALSE(query.ok()) << program;
    EXPECT_THAT(query.error().message, HasSubstr("is not allowed"));
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto query, PartitionQuery::Compile("{env: .env, input: .a.input}"));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const PartitionKeys keys, query->Run(R"({"env":"test","a":{"input":"x"}})"));
  EXPECT_THAT(keys, ElementsAre(std::pair("env", "test"), std::pair("input", "x")));
}

}  // namespace
}  // namespace tailrace::sink::delivery
