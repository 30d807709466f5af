#include "ingest/generate/access_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/str.h"
#include "ingest/formats/decoder_testing.h"

namespace tailrace::ingest {
namespace {

constexpr uint64_t kLines = 5'000;
constexpr int64_t kTime = 972'638'829'000;  // 2000-10-27 09:27:09 UTC

std::vector<std::string> LinesOf(const AccessLogGenerator& generator) {
  std::vector<std::string> lines;
  for (uint64_t i = 0; i < kLines; ++i) lines.push_back(generator.Line(i, FromUnixMs(kTime)));
  return lines;
}

TEST(AccessLogGeneratorTest, WritesJsonWithTheFieldsInTheirOrder) {
  const AccessLogGenerator generator({.seed = 3, .format = AccessLogFormat::kJson});
  const std::string line = generator.Line(5, FromUnixMs(kTime));
  EXPECT_THAT(line, testing::MatchesRegex(
                        "\\{\"request_time\":\"\\[27/Oct/2000:09:27:09 \\+0000\\]\",\"client_ip\":\"[0-9.]+\","
                        "\"client_hostname\":\"www.example.com\",\"server_ip\":\"192.0.2.10\",\"request\":\"/[^\"]*\","
                        "\"http_method\":\"[A-Z]+\",\"status\":\"[0-9]+\",\"size\":\"[0-9]+\","
                        "\"userAgent\":\".*\",\"referer\":\".*\"\\}\n"));
  EXPECT_EQ(AccessLogGenerator({.seed = 3, .format = AccessLogFormat::kJson}).Line(5, FromUnixMs(kTime)), line);
}

TEST(AccessLogGeneratorTest, EveryLineDecodesInItsFormat) {
  const std::pair<AccessLogFormat, const char*> formats[] = {
      {AccessLogFormat::kJson, "json"}, {AccessLogFormat::kCombined, "combined"}, {AccessLogFormat::kCommon, "common"}};
  std::vector<std::string> first_rows;
  for (const auto& [format, name] : formats) {
    SCOPED_TRACE(name);
    const AccessLogGenerator generator({.seed = 3, .format = format, .errors = 0.1, .ipv6 = 0.2, .health_checks = 0.1});
    const InputSchema schema = MakeSchema(name, {{"client_ip", "VARCHAR(64)"}, {"status", "INTEGER"}});
    const Decoded decoded = DecodeTexts(schema, LinesOf(generator));
    EXPECT_TRUE(decoded.errors.empty());
    ASSERT_EQ(decoded.batch.rows(), kLines);
    first_rows.push_back(RowText(decoded.batch, 17));
    std::map<int64_t, uint64_t> statuses;
    for (const int64_t status : decoded.batch.columns[1]->int64s()) ++statuses[status];
    EXPECT_NEAR(static_cast<double>(statuses[500] + statuses[503]) / kLines, 0.09, 0.02);
  }
  EXPECT_EQ(first_rows[0], first_rows[1]);  // The same requests in every format.
  EXPECT_EQ(first_rows[0], first_rows[2]);
}

TEST(AccessLogGeneratorTest, AFewClientsAreBusy) {
  const AccessLogGenerator generator({.seed = 1, .clients = 100, .exponent = 1.0});
  std::map<std::string, uint64_t> requests;
  for (uint64_t i = 0; i < kLines; ++i) ++requests[generator.Make(i).client_ip];
  // Of 100 ranks the first has the share 1 / (1 + 1/2 + ... + 1/100) = 0.193.
  EXPECT_NEAR(static_cast<double>(requests[generator.ClientIp(0)]) / kLines, 0.193, 0.02);
  EXPECT_NEAR(static_cast<double>(requests[generator.ClientIp(9)]) / kLines, 0.0193, 0.008);
}

}  // namespace
}  // namespace tailrace::ingest
