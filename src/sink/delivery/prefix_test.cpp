#include "sink/delivery/prefix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/str.h"
#include "sim/assert_ok.h"

namespace tailrace::sink::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Use = PrefixExpression::Use;

constexpr int64_t kTimeMs = 1543021199000;  // 2018-11-24T00:59:59Z

std::string Evaluated(std::string_view text, Use use = Use::kData, const PartitionKeys& keys = {},
                      const std::string& zone = "UTC") {
  const auto parsed = PrefixExpression::Parse(text, use);
  if (!parsed.ok()) return "error: " + parsed.error().message;
  int draws = 0;
  const auto result = parsed->Evaluate(
      {.time = FromUnixMs(kTimeMs), .zone = zone, .error_type = "processing-failed", .partition = &keys, .random = [&] {
         return StrCat("random", ++draws);
       }});
  return result.ok() ? *result : "error: " + result.error().message;
}

TEST(TimePatternTest, WritesTimesAsJavaDoes) {
  std::ifstream file(std::string(TAILRACE_SOURCE_DIR) + "/tests/data/java-times.tsv");
  std::string line;
  std::getline(file, line);  // What the file is.
  std::getline(file, line);
  const std::string header = line;
  const std::vector<std::string_view> patterns = Split(header, '\t');
  size_t compared = 0;
  while (std::getline(file, line)) {
    const std::vector<std::string_view> fields = Split(line, '\t');
    ASSERT_EQ(fields.size(), patterns.size());
    for (size_t i = 2; i < fields.size(); ++i) {
      TAILRACE_ASSERT_OK_AND_ASSIGN(const TimePattern pattern, TimePattern::Parse(patterns[i]));
      EXPECT_EQ(pattern.Format(FromUnixMs(*ParseInt64(fields[0])), std::string(fields[1])), fields[i])
          << patterns[i] << " at " << fields[0] << " in " << fields[1];
      ++compared;
    }
  }
  EXPECT_GT(compared, 1'000U);
}

TEST(TimePatternTest, RefusesWhatJavaRefuses) {
  for (const char* const pattern : {"bbb", "'open", "{", "#", "MMMMMM", "ddd", "VVV", "OO", "aa", "HHH", "fff"}) {
    EXPECT_FALSE(TimePattern::Parse(pattern).ok()) << pattern;
  }
}

// The table of the developer guide, for 2018-11-24T00:59:59Z.
TEST(PrefixExpressionTest, EvaluatesTheNamespaces) {
  EXPECT_EQ(Evaluated("myFirehosePrefix/!{timestamp:yyyy/MM/dd/HH}/"), "myFirehosePrefix/2018/11/24/00/");
  EXPECT_EQ(Evaluated("a/!{timestamp:'year='yyyy}/b"), "a/year=2018/b");
  EXPECT_EQ(Evaluated("!{firehose:random-string}/!{firehose:random-string}"), "random1/random2");
  EXPECT_EQ(Evaluated("e/!{firehose:error-output-type}/", Use::kErrors), "e/processing-failed/");
  EXPECT_EQ(Evaluated("c=!{partitionKeyFromQuery:c}/", Use::kData, {{"c", "17850"}}), "c=17850/");
  EXPECT_EQ(Evaluated("!{timestamp:HH}", Use::kData, {}, "America/New_York"), "19");
  EXPECT_EQ(Evaluated("!{timestamp:HH:mm}", Use::kData, {}, "+05:30"), "06:29");
  EXPECT_EQ(Evaluated("plain}text{"), "plain}text{");
  EXPECT_EQ(Evaluated(""), "");
}

TEST(PrefixExpressionTest, RefusesWhatIsWrong) {
  EXPECT_THAT(Evaluated("!{timestamp:yyyy"), HasSubstr("no closing brace"));
  EXPECT_THAT(Evaluated("!{now:yyyy}"), HasSubstr("namespace is one of"));
  EXPECT_THAT(Evaluated("!{timestamp:}"), HasSubstr("!{namespace:value}"));
  EXPECT_THAT(Evaluated("!{firehose:other}"), HasSubstr("random-string and error-output-type"));
  EXPECT_THAT(Evaluated("!{firehose:error-output-type}"), HasSubstr("error prefix alone"));
  EXPECT_THAT(Evaluated("!{partitionKeyFromQuery:c}", Use::kErrors), HasSubstr("not allowed in the error prefix"));
  EXPECT_THAT(Evaluated("!{partitionKeyFromQuery:c}"), HasSubstr("partition key c has no value"));
  EXPECT_THAT(Evaluated(std::string(1025, 'x')), HasSubstr("at most 1024"));
  EXPECT_THAT(Evaluated(std::string(513, 'x')), HasSubstr("at most 512"));
  EXPECT_EQ(Evaluated(std::string(512, 'x')).size(), 512U);
}

std::string Completed(const Result<PrefixExpression>& prefix) {
  if (!prefix.ok()) return "error: " + prefix.error().message;
  return prefix->Evaluate({.time = FromUnixMs(kTimeMs), .error_type = "splunk-failed", .random = [] { return "r"; }})
      .value_or("error");
}

TEST(PrefixExpressionTest, CompletesPrefixesAsTheServiceDoes) {
  EXPECT_EQ(Completed(DataPrefix("")), "2018/11/24/00/");
  EXPECT_EQ(Completed(DataPrefix("raw")), "raw2018/11/24/00/");  // No slash is put between.
  EXPECT_EQ(Completed(DataPrefix("raw/!{timestamp:yyyy}/")), "raw/2018/");
  EXPECT_EQ(Completed(ErrorPrefix("", "")), "splunk-failed/2018/11/24/00/");
  EXPECT_EQ(Completed(ErrorPrefix("raw/", "")), "raw/splunk-failed/2018/11/24/00/");
  EXPECT_EQ(Completed(ErrorPrefix("raw/", "bad/")), "bad/splunk-failed/2018/11/24/00/");
  EXPECT_EQ(Completed(ErrorPrefix("!{timestamp:yyyy}/", "e/!{firehose:error-output-type}/")), "e/splunk-failed/");
  EXPECT_THAT(Completed(ErrorPrefix("!{timestamp:yyyy}/", "")), HasSubstr("needs an error prefix"));
  EXPECT_THAT(Completed(ErrorPrefix("x/", "!{timestamp:yyyy}/")), HasSubstr("must hold !{firehose:error-output-type}"));
}

TEST(PrefixExpressionTest, ListsItsPartitionKeys) {
  const auto parsed = PrefixExpression::Parse(
      "!{partitionKeyFromQuery:b}/!{partitionKeyFromQuery:a}/!{partitionKeyFromQuery:b}", Use::kData);
  TAILRACE_ASSERT_OK(parsed);
  EXPECT_THAT(parsed->partition_keys(), ElementsAre("b", "a"));
}

TEST(TimeZoneTest, KnowsNamesAndOffsets) {
  for (const char* const zone : {"UTC", "Europe/Berlin", "-11:00", "GMT"}) TAILRACE_EXPECT_OK(CheckTimeZone(zone));
  for (const char* const zone : {"Berlin", "+5:00", "+19:00", ""}) EXPECT_FALSE(CheckTimeZone(zone).ok()) << zone;
}

}  // namespace
}  // namespace tailrace::sink::delivery
