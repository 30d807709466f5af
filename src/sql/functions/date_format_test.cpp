#include "sql/functions/date_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/functions/call_for_test.h"

namespace tailrace::sql {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kNowUnixMs = 1'717'200'000'000;  // 2024-06-01

std::string Parse(std::string_view format, std::string_view text) {
  const auto compiled = DateFormat::Compile(format);
  if (!compiled.ok()) return compiled.error().message;
  const auto unix_ms = compiled->Parse(text, kNowUnixMs);
  return unix_ms ? data::TimestampToText(*unix_ms) : "no row";
}

std::string FormatAs(std::string_view format, std::string_view timestamp) {
  return DateFormat::Compile(format).value().Format(data::ParseTimestamp(timestamp, true).value());
}

struct Row {
  const char* format;
  const char* text;
  const char* result;
};

// The dialect's table for CHAR_TO_TIMESTAMP, line by line.
constexpr Row kTable[] = {
    {"yyyy-MM-dd hh:mm:ss", "2009-09-16 03:15:24", "2009-09-16 03:15:24"},
    {"yyyy-MM-dd", "2009-09-16 03:15:24", "2009-09-16 00:00:00"},
    {"yyyy-hh-mm", "2009-09-16 03:15:24", "2009-01-01 09:16:00"},
    {"yyyy", "2009-09-16 03:15:24", "2009-01-01 00:00:00"},
    {"yyyy hh", "2009-09-16 03:15:24", "no row"},
    {"yyyy-hh", "2009-09-16 03:15:24", "2009-01-01 09:00:00"},
    {"yyyy hh", "2009 09 16 03:15:24", "2009-01-01 09:00:00"},
    {"yyyy/hh", "2009/09/16 03:15:24", "2009-01-01 09:00:00"},
    {"yyyy-mm", "2009-09-16 03:15:24", "2009-01-01 00:09:00"},
    {"yyyy-MM", "2009-09-16 03:15:24", "2009-09-01 00:00:00"},
    {"yyyy-MM hh", "2009-09-16 03:15:24", "no row"},
    {"yyyy-MM hh:", "2009-09-16 03:15:24", "no row"},
    {"yyyy-MM- mm", "2009-09-16 03:15:24", "no row"},
    {"yyyy-MM   mm", "2009-09-16 03:15:24", "no row"},
    {"yyyy-MM   hh", "2009-09-16 03:15:24", "no row"},
    {"yyyy-MM-dd hh", "2009-09-16 03:15:24", "2009-09-16 03:00:00"},
    {"yyyy-MM-dd ss", "2009-09-16 03:15:24", "2009-09-16 00:00:03"},
    {"yyyy-MM-dd mm", "2009-09-16 03:15:24", "2009-09-16 00:03:00"},
    {"yyyy-mm", "2012-02-08 07:23:19", "2012-01-01 00:02:00"},
    {"yyyy-ss-mm", "2012-02-08 07:23:19", "2012-01-01 00:08:02"},
    {"MMM dd, yyyy", "March 7, 2010", "2010-03-07 00:00:00"},
    {"MMM dd,", "March 7, 2010", "1970-03-07 00:00:00"},
    {"MMM dd,y", "March 7, 2010", "2010-03-07 00:00:00"},
    {"MMM dd,y", "March 7, 10", "2010-03-07 00:00:00"},
    {"M-d", "2-8", "1970-02-08 00:00:00"},
    {"M-d", "2-8-2012", "1970-02-08 00:00:00"},
    {"M-d", "2012-2-8", "no row"},
    {"MM-dd-yyyy", "06-23-2012 10:11:12", "2012-06-23 00:00:00"},
    {"dd-MM-yy hh:mm:ss", "23-06-11 10:11:12", "2011-06-23 10:11:12"},
    {"MM-dd-yy ss:hh:mm", "06-23-11 12:10:11", "2011-06-23 10:11:12"},
    {"yy-dd-MM ss:hh:mm", "06-23-11 12:10:11", "2006-11-23 10:11:12"},
    {"dd-MM-yy hh:mm", "23-06-11 10:11:12", "2011-06-23 10:11:00"},
    {"dd-MM-yy hh:mm", "23-06-1 10:11:12", "0001-06-23 10:11:00"},
    {"MM/dd/yy hh:mm:ss", "12/19/11 10:11:12", "2011-12-19 10:11:12"},
    {"MM/dd/yy hh:mm:ss", "12/19/11 12:11:10", "2011-12-19 00:11:10"},
    {"MM/dd/yy hh:mm:ss", "2009/09/16 03:15:24", "no row"},
    {"MM/dd/yy hh:mm:ss", "09/16/11 03:15:24", "2011-09-16 03:15:24"},
    {"MM/dd/yy HH:mm:ss", "12/19/11 12:59:59", "2011-12-19 12:59:59"},
    {"MM/dd/yy HH:mm:ss", "12/19/11 21:08:07", "2011-12-19 21:08:07"},
    {"y/MM/dd HH:mm:ss", "2011/12/19 00:11:12", "2011-12-19 00:11:12"},
    {"y/MM/dd HH:mm:ss", "12/11/19 00:11:12", "2012-11-19 00:11:12"},
    {"y/MM/dd HH:mm:ss", "12/19/11 00:11:12", "no row"},
    {"y/MM/dd HH:mm:ss", "2011-12-19 12:11:12", "no row"},
    {"hh:mm:ss", "12:09:08", "1970-01-01 00:09:08"},
    {"hh:mm:ss", "00:09:08", "1970-01-01 00:09:08"},
    {"HH:mm:ss", "12:09:08", "1970-01-01 12:09:08"},
    {"HH:mm:ss", "00:09:08", "1970-01-01 00:09:08"},
    {"yyyy", "09-16 03:15", "0009-01-01 00:00:00"},
    {"yyyy", "16 03:15", "0016-01-01 00:00:00"},
    // Strict ranges.
    {"yyyy-MM-dd", "2009-13-16", "no row"},
    {"yyyy-MM-dd", "2009-02-30", "no row"},
    {"MM", "2012", "no row"},
    {"hh:mm", "13:00", "no row"},
    {"HH:mm", "24:00", "no row"},
    {"kk:mm", "24:00", "1970-01-01 00:00:00"},
    {"kk:mm", "00:00", "no row"},
    {"mm:ss", "00:60", "no row"},
    {"yyyy", "0000", "no row"},
    {"yyyy", "", "no row"},
    {"yyyy", "abc", "no row"},
    // Milliseconds are a number, not a fraction.
    {"ss.S", "07.5", "1970-01-01 00:00:07.005"},
    {"ss.SSS", "07.797945", "no row"},
    // Adjacent numeric fields, blanks before fields.
    {"yyyyMMddHHmmss", "20180102030405", "2018-01-02 03:04:05"},
    {"yyyyMMdd", "2018010", "no row"},
    {"HH:mm:ss z", "22:01:02    -0700", "1970-01-02 05:01:02"},
    {"HH:mm:ssz", "22:01:02 -0700", "1970-01-02 05:01:02"},
    {"MMM d", "May  7", "1970-05-07 00:00:00"},
    // Names and quotations.
    {"d MMMM yyyy", "3 sep 2020", "2020-09-03 00:00:00"},
    {"EEE, d MMM yyyy", "Thu, 1 Nov 2018", "2018-11-01 00:00:00"},
    {"EEE, d MMM yyyy", "Friday, 1 Nov 2018", "no row"},
    {"yyyy-MM-dd'T'HH:mm:ss'Z'", "2018-08-01T20:17:20Z", "2018-08-01 20:17:20"},
    {"hh 'o''clock' a", "02 o'clock pm", "1970-01-01 14:00:00"},
    {"hh a", "12 AM", "1970-01-01 00:00:00"},
    {"yyyy G", "0044 BC", "-043-01-01 00:00:00"},
    // Zones.
    {"dd/MMM/yyyy:HH:mm:ss z", "24/May/2004:22:01:02 -0700", "2004-05-25 05:01:02"},
    {"HH:mm z", "10:00 PDT", "1970-01-01 17:00:00"},
    {"HH:mm z", "10:00 Pacific Standard Time", "1970-01-01 18:00:00"},
    {"HH:mm z", "10:00 GMT-08:00", "1970-01-01 18:00:00"},
    {"HH:mm z", "10:00 GMT", "1970-01-01 10:00:00"},
    {"HH:mm Z", "10:00 +0530", "1970-01-01 04:30:00"},
    {"HH:mm Z", "10:00 nowhere", "no row"},
    {"yyyy-MM-dd HH:mm z", "2004-07-01 12:00 Europe/Berlin", "2004-07-01 10:00:00"},
    {"yyyy-MM-dd HH:mm z", "2004-01-01 12:00 Europe/Berlin", "2004-01-01 11:00:00"},
    {"HH:mmX", "10:00Z", "1970-01-01 10:00:00"},
    {"HH:mmX", "10:00-07", "1970-01-01 17:00:00"},
    {"HH:mmXX", "10:00-0730", "1970-01-01 17:30:00"},
    {"HH:mmXXX", "10:00-07:30", "1970-01-01 17:30:00"},
    {"HH:mmXXX", "10:00-0730", "no row"},
    // Weeks and days of the year. 2024-01-01 was a Monday; weeks begin on Sunday.
    {"yyyy DDD", "2024 060", "2024-02-29 00:00:00"},
    {"yyyy DDD", "2023 366", "no row"},
    {"YYYY ww EEE", "2024 01 Sun", "2023-12-31 00:00:00"},
    {"YYYY ww u", "2024 02 7", "2024-01-07 00:00:00"},
    {"yyyy MM W EEE", "2024 01 1 Sat", "2024-01-06 00:00:00"},
    {"yyyy MM F EEE", "2024 01 2 Wed", "2024-01-10 00:00:00"},
};

TEST(DateFormatTest, ParsesTheDialectsTable) {
  for (const Row& row : kTable) EXPECT_EQ(Parse(row.format, row.text), row.result) << row.format << " | " << row.text;
}

TEST(DateFormatTest, OtherDelimitersWorkTheSame) {
  for (const char* delimiter : {"/", "-", "|", "@", "#", "_", "."}) {
    const std::string format = StrCat("yyyy", delimiter, "MM", delimiter, "dd");
    EXPECT_EQ(Parse(format, StrCat("2009", delimiter, "09", delimiter, "16")), "2009-09-16 00:00:00") << delimiter;
  }
}

TEST(DateFormatTest, PlacesTwoDigitYearsAroundNow) {
  EXPECT_EQ(Parse("yy", "43"), "2043-01-01 00:00:00");
  EXPECT_EQ(Parse("yy", "45"), "1945-01-01 00:00:00");
  EXPECT_EQ(Parse("yyyy", "45"), "0045-01-01 00:00:00");
  EXPECT_EQ(Parse("yy", "145"), "0145-01-01 00:00:00");
}

TEST(DateFormatTest, RefusesIllegalFormats) {
  EXPECT_THAT(Parse("yyyy-bb", ""), HasSubstr("no field has the letter 'b'"));
  EXPECT_THAT(Parse("yyyy 'T", ""), HasSubstr("quotation without end"));
}

TEST(DateFormatTest, Formats) {
  constexpr const char* kTime = "2018-11-01 00:50:07.009";
  EXPECT_EQ(FormatAs("yyyy-MM-dd hh:mm:ss", kTime), "2018-11-01 12:50:07");
  EXPECT_EQ(FormatAs("yyyy-MM-dd hh:mm:ss", "2018-11-01 12:50:00"), "2018-11-01 12:50:00");
  EXPECT_EQ(FormatAs("yy y yyyyy", kTime), "18 2018 02018");
  EXPECT_EQ(FormatAs("M MM MMM MMMM", kTime), "11 11 Nov November");
  EXPECT_EQ(FormatAs("E EEEE u", kTime), "Thu Thursday 4");
  EXPECT_EQ(FormatAs("H k K h a", kTime), "0 24 0 12 AM");
  EXPECT_EQ(FormatAs("s SSS S", kTime), "7 009 9");
  EXPECT_EQ(FormatAs("D w W F", kTime), "305 44 1 1");
  EXPECT_EQ(FormatAs("z zzzz Z X G", kTime), "UTC Coordinated Universal Time +0000 Z AD");
  EXPECT_EQ(FormatAs("'o''clock' ''", kTime), "o'clock '");
  EXPECT_EQ(FormatAs("YYYY-ww", "2018-12-31"), "2019-01");
}

TEST(FormatFunctionsTest, ConvertsAndReports) {
  EvalContext context{.now_unix_ms = kNowUnixMs};
  EXPECT_EQ(Call("CHAR_TO_TIMESTAMP", {Text("dd-MM-yy"), Text("23-06-11")}, {}, true, context).text,
            "2011-06-23 00:00:00");
  EXPECT_EQ(CallText("CHAR_TO_DATE", {Text("yyyy-MM-dd HH"), Text("2009-09-16 03:15:24")}), "2009-09-16");
  EXPECT_EQ(CallText("CHAR_TO_TIME", {Text("yyyy-MM-dd HH"), Text("2009-09-16 03:15:24")}), "03:00:00");
  EXPECT_EQ(CallText("CHAR_TO_TIMESTAMP", {Text("yyyy"), Text("x")}),
            "ERROR FORMAT_MISMATCH: 'x' does not fit the format 'yyyy'");
  EXPECT_EQ(CallText("CHAR_TO_TIMESTAMP", {Text("yyyy"), Null()}), "NULL");
  EXPECT_EQ(CallText("CHAR_TO_TIMESTAMP", {Text("b"), Text("x")}),
            "REFUSED date format 'b': no field has the letter 'b'");
  EXPECT_EQ(Call("CHAR_TO_TIMESTAMP", {Text("b"), Text("x")}, {}, false).text,
            "ERROR INVALID_FORMAT: date format 'b': no field has the letter 'b'");
  EXPECT_EQ(Call("CHAR_TO_TIMESTAMP", {Text("yyyy"), Text("2009")}, {}, false).text, "2009-01-01 00:00:00");
  EXPECT_EQ(CallText("TIMESTAMP_TO_CHAR", {Text("yyyy"), {data::Type::Timestamp(), {}}}), "null");
  EXPECT_EQ(CallText("TIMESTAMP_TO_CHAR", {Null(), Ts("2018-11-01 00:50:00")}), "NULL");
  EXPECT_EQ(CallText("DATE_TO_CHAR", {Text("dd/MM/yy"), Date("2008-08-23")}), "23/08/08");
  EXPECT_EQ(CallText("TIME_TO_CHAR", {Text("HH-mm"), Time("21:05:00")}), "21-05");
  EXPECT_EQ(CallText("TIME_TO_CHAR", {Text("HH-mm"), Date("2008-08-23")}),
            "REFUSED Cannot apply 'TIME_TO_CHAR' to arguments of type 'TIME_TO_CHAR(<VARCHAR(5)>, <DATE>)'");
}

}  // namespace
}  // namespace tailrace::sql
