#include "ingest/formats/log_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "ingest/formats/decoder_testing.h"
#include "ingest/formats/log_line.h"

namespace tailrace::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(LogDecoderTest, ReadsCombinedLines) {
  const InputSchema schema = MakeSchema("combined", {{"host", "VARCHAR(40)"},
                                                     {"authuser", "VARCHAR(40)"},
                                                     {"datetime", "TIMESTAMP"},
                                                     {"request", "VARCHAR(80)"},
                                                     {"path", "VARCHAR(80)"},
                                                     {"q", "VARCHAR(80)", "query"},
                                                     {"response", "INTEGER"},
                                                     {"bytes", "INTEGER"},
                                                     {"referrer", "VARCHAR(80)"},
                                                     {"agent", "VARCHAR(80)"}});
  const Decoded decoded =
      DecodeTexts(schema, {R"(123.45.67.89 - - [27/Oct/2000:09:27:09 -0400] )"
                           R"("GET /java/a.html?x=1 HTTP/1.0" 200 10450 "-" "Moz \"q\"")"
                           "\n",
                           R"(2001:db8::1 - jo doe [27/Oct/2000:09:27:09 +0000] "-" 408 - "-" "-" 0.003)"});
  EXPECT_THAT(decoded.errors, IsEmpty());
  EXPECT_THAT(RowTexts(decoded.batch),
              ElementsAre("123.45.67.89|NULL|2000-10-27 13:27:09|GET /java/a.html?x=1 HTTP/1.0|/java/a.html|x=1|"
                          "200|10450|NULL|Moz \"q\"",
                          "2001:db8::1|jo doe|2000-10-27 09:27:09|NULL|NULL|NULL|408|NULL|NULL|NULL"));
}

TEST(LogDecoderTest, ReadsCommonLinesAndReportsOthers) {
  const InputSchema schema = MakeSchema("common", {{"host", "VARCHAR(40)"}, {"status", "INTEGER"}});
  const Decoded decoded = DecodeTexts(schema, {"a - - [27/Oct/2000:09:27:09 -0400] \"GET / HTTP/1.0\" 200 5\n"
                                               "garbage\n"
                                               "b - - [27/Oct/2000:09:27:09 -0400] \"GET / HTTP/1.0\" 404 -\n"});
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("a|200", "b|404"));
  ASSERT_EQ(decoded.errors.size(), 1u);
  EXPECT_EQ(decoded.errors[0].bytes, "garbage");
}

TEST(LogDecoderTest, RefusesAColumnThatIsNoField) {
  const auto decoder = MakeDecoder(MakeSchema("common", {{"agent", "VARCHAR(40)"}}));
  ASSERT_FALSE(decoder.ok());
  EXPECT_THAT(decoder.error().message, HasSubstr("the common log format has no field \"agent\""));
}

// Lines with a few characters changed: where the quick way takes one, the careful way gives the same fields.
TEST(LogLineTest, TheQuickWayAgreesWithTheCarefulOne) {
  constexpr std::string_view kLines[] = {
      R"(1.2.3.4 - - [27/Oct/2000:09:27:09 -0400] "GET /a.html?x=1 HTTP/1.0" 200 10450 "-" "Mozilla/5.0 (X11) Fox")",
      R"(2001:db8::1 i jo [27/Oct/2000:09:27:09 +0000] "-" 408 - "https://a.example/" "" 0.003)"};
  constexpr std::string_view kBytes = "\" []-\\\n9a\x80";
  Rng rng(1);
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string line(kLines[rng.Below(2)]);
    for (uint64_t changes = rng.Below(3); changes > 0; --changes) {
      const char byte = kBytes[rng.Below(kBytes.size())];
      const size_t at = rng.Below(line.size());
      if (rng.Chance(0.5)) {
        line[at] = byte;
      } else {
        rng.Chance(0.5) ? line.insert(at, 1, byte) : line.erase(at, 1);
      }
    }
    for (const bool combined : {true, false}) {
      LogLine quick;
      LogLine careful;
      const LineQuotes quotes = FindLineQuotes(line);
      if (!quotes.plain || !SplitPlainLogLine(line, quotes, {.combined = combined}, quick)) continue;
      ++taken;
      ASSERT_TRUE(SplitLogLine(line, {.combined = combined}, careful)) << line;
      EXPECT_EQ(quick, careful) << line;
    }
  }
  EXPECT_GT(taken, 10'000);
}

TEST(LogLineTest, ReadsTimes) {
  EXPECT_EQ(ParseLogTime("01/Jan/1970:00:00:01 +0000"), 1000);
  EXPECT_EQ(ParseLogTime("[01/Jan/1970:01:00:00 +0100]"), 0);
  EXPECT_EQ(ParseLogTime("01/Jan/1970:00:00:00"), 0);
  EXPECT_EQ(ParseLogTime("31/Feb/1970:00:00:00 +0000"), std::nullopt);
  EXPECT_EQ(ParseLogTime("01/Xyz/1970:00:00:00 +0000"), std::nullopt);
  EXPECT_EQ(ParseLogTime("01/Jan/1970:24:00:00 +0000"), std::nullopt);
}

}  // namespace
}  // namespace tailrace::ingest
