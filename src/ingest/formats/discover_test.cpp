#include "ingest/formats/discover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/str.h"
#include "sim/assert_ok.h"

namespace tailrace::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

bool IsReserved(std::string_view word) { return word == "USER" || word == "YEAR" || word == "TIME"; }

std::vector<std::string> Columns(const InputSchema& schema) {
  std::vector<std::string> columns;
  for (const InputColumn& column : schema.columns) {
    columns.push_back(StrCat(column.name, " ", column.type.ToString(), " ", column.mapping));
  }
  return columns;
}

TEST(DiscoverTest, CleansNamesAsTheServiceDid) {
  EXPECT_EQ(CleanColumnName("USER", 0, IsReserved), "COL_USER");
  EXPECT_EQ(CleanColumnName("USER@DOMAIN", 0, IsReserved), "COL_USERDOMAIN");
  EXPECT_EQ(CleanColumnName("@@", 0, IsReserved), "COL_0");
  EXPECT_EQ(CleanColumnName("year", 0, IsReserved), "COL_year");
  EXPECT_EQ(CleanColumnName("time", 0, IsReserved), "COL_time");
  EXPECT_EQ(CleanColumnName("4you", 0, IsReserved), "COL_4you");
  EXPECT_EQ(CleanColumnName("client_ip", 0, IsReserved), "client_ip");
  EXPECT_EQ(CleanColumnName(std::string(101, 'x'), 0, IsReserved).substr(0, 5), "COL_x");
}

TEST(DiscoverTest, ProposesTypesForTheJsonAccessLog) {
  const std::vector<std::string_view> samples = {
      R"({"request_time":"[27/Oct/2000:09:27:09 -0400]","client_ip":"203.0.113.7","status":"200","size":"5000000000",)"
      R"("load":"0.5","zip":"01234","ok":true,"at":"2018-08-01T20:17:20.797945","none":null,"user":"x"})",
      R"({"request_time":"[27/Oct/2000:09:27:10 -0400]","client_ip":"203.0.113.100","status":"404","size":"7",)"
      R"("load":"3","zip":"99999","ok":false,"at":"2018-08-01 20:17:20","tags":[1],"geo":{"lat":1.5,"deep":{"a":1}}})"};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Discovery discovery, Discover(samples, {.is_reserved = IsReserved}));
  EXPECT_EQ(discovery.schema.format, "json");
  EXPECT_THAT(
      Columns(discovery.schema),
      ElementsAre("request_time VARCHAR(64) $.request_time", "client_ip VARCHAR(16) $.client_ip",
                  "status INTEGER $.status", "size BIGINT $.size", "load DOUBLE $.load", "zip VARCHAR(16) $.zip",
                  "ok BOOLEAN $.ok", "at TIMESTAMP $.at", "none VARCHAR(16) $.none", "COL_user VARCHAR(4) $.user",
                  "tags VARCHAR(4) $.tags[0:]", "lat DOUBLE $.geo.lat", "deep VARCHAR(16) $.geo.deep"));
  ASSERT_EQ(discovery.rows.size(), 2u);
  EXPECT_EQ(discovery.rows[1][2], "404");
  EXPECT_THAT(discovery.notes, testing::Contains(HasSubstr("\"request_time\": log times stay text")));
}

TEST(DiscoverTest, FindsCsvWithItsHeader) {
  const std::vector<std::string_view> samples = {"InvoiceNo,year,Price,Country\r\n536365,2010,2.55,\"A, B\"\r\n",
                                                 "C536366,2011,3.39,France\r\n"};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Discovery discovery, Discover(samples, {.is_reserved = IsReserved}));
  EXPECT_EQ(discovery.schema.format, "csv");
  EXPECT_TRUE(discovery.csv_header);
  EXPECT_THAT(Columns(discovery.schema),
              ElementsAre("InvoiceNo VARCHAR(16) ", "COL_year INTEGER ", "Price DOUBLE ", "Country VARCHAR(16) "));
}

TEST(DiscoverTest, FindsLogFormatsAndFallsBackToText) {
  const std::vector<std::string_view> log = {
      R"(1.2.3.4 - - [27/Oct/2000:09:27:09 -0400] "GET / HTTP/1.0" 200 10 "-" "Mozilla")"};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Discovery combined, Discover(log));
  EXPECT_EQ(combined.schema.format, "combined");
  EXPECT_EQ(combined.schema.columns[3].type, data::Type::Timestamp());
  EXPECT_EQ(combined.schema.columns[5].type, data::Type::Integer());

  const std::vector<std::string_view> prose = {"the quick brown fox", "jumps over"};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const Discovery text, Discover(prose));
  EXPECT_THAT(Columns(text.schema), ElementsAre("log VARCHAR(64) "));
  EXPECT_EQ(text.rows[1][0], "jumps over");

  EXPECT_FALSE(Discover({}).ok());
}

}  // namespace
}  // namespace tailrace::ingest
