#include "sql/functions/log_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/functions/call_for_test.h"

namespace tailrace::sql {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int64_t kNowUnixMs = 1'717'200'000'000;  // 2024-06-01

// "NAME=value NAME=NULL ..." of the row, "NULL", or the error.
std::string Row(std::string_view name, const std::vector<TestValue>& args, int64_t now_unix_ms = kNowUnixMs) {
  const TestCall call = Call(name, args, {}, true, {.now_unix_ms = now_unix_ms});
  if (!call.text.empty()) return call.text;
  std::string text;
  for (size_t i = 0; i < call.type.row->fields.size(); ++i) {
    const data::Column& child = *call.column->children()[i];
    const data::Field& field = call.type.row->fields[i];
    EXPECT_EQ(child.type(), field.type);
    text += StrCat(i == 0 ? "" : " ", field.name, "=",
                   child.null(1) ? "NULL" : data::ToSqlText(field.type, child.ValueAt(1)));
  }
  return text;
}

TEST(RegexLogParseTest, MatchesWholeThenFinds) {
  constexpr std::string_view kPattern = ".*([E].).*([R].*)";
  EXPECT_EQ(Row("REGEX_LOG_PARSE", {Text("HEALTHCARE"), Text(kPattern)}), "COLUMN1=EA COLUMN2=RE");
  EXPECT_EQ(Row("REGEX_LOG_PARSE", {Text("ENERGY"), Text(kPattern)}), "COLUMN1=EN COLUMN2=RGY");
  EXPECT_EQ(Row("REGEX_LOG_PARSE", {Text("RETAIL"), Text(kPattern)}), "NULL");
  EXPECT_EQ(Row("REGEX_LOG_PARSE", {Null(), Text(kPattern)}), "NULL");
  EXPECT_EQ(Row("REGEX_LOG_PARSE", {Text("xx id=7 yy"), Text("id=(\\d+)(z)?")}), "COLUMN1=7 COLUMN2=NULL");
  EXPECT_EQ(Row("REGEX_LOG_PARSE", {Text("7 a"), Text("(\\d) (\\w)"), Text("n INTEGER, c TYPE VARCHAR(3)")}),
            "N=7 C=a");
  EXPECT_THAT(Row("REGEX_LOG_PARSE", {Text("7"), Text("\\d")}), HasSubstr("0 columns, but 0 groups"));
  EXPECT_THAT(Row("REGEX_LOG_PARSE", {Text("7"), Text("(\\d)"), Text("a, b")}), HasSubstr("2 columns, but 1 groups"));
  EXPECT_THAT(Row("REGEX_LOG_PARSE", {Text("x"), Text("(\\w)"), Text("n INTEGER")}), StartsWith("ERROR CAST_FAILED"));
  EXPECT_THAT(Call("REGEX_LOG_PARSE", {Text("x"), Text("(x)")}, {}, false).text,
              HasSubstr("must be a character literal"));
}

TEST(FastRegexLogParseTest, IsAnErrorWithoutMatch) {
  EXPECT_EQ(Row("FAST_REGEX_LOG_PARSE", {Text("Mary____had_a_little_lamb"), Text("(.*)_+(.*)")}),
            "COLUMN1=Mary COLUMN2=had_a_little_lamb");
  EXPECT_EQ(Row("FAST_REGEX_LOG_PARSER", {Text("a-b"), Text("(a)-(b)")}), "COLUMN1=a COLUMN2=b");
  EXPECT_THAT(Row("FAST_REGEX_LOG_PARSE", {Text("Mary_had"), Text("(.*)_+(._.*)")}),
              StartsWith("ERROR LOG_PARSE_MISMATCH"));
}

TEST(FixedColumnLogParseTest, CutsAtPlaces) {
  EXPECT_EQ(
      Row("FIXED_COLUMN_LOG_PARSE", {Text("  1   true"), Text("a TYPE INTEGER START 0 FOR 3, b TYPE BOOLEAN START 4")}),
      "A=1 B=TRUE");
  EXPECT_EQ(Row("FIXED_COLUMN_LOG_PARSE",
                {Text("  1   true 423.345 "),
                 Text("a TYPE INTEGER START 0 FOR 3, b TYPE BOOLEAN START 4 FOR 6, c TYPE NUMERIC(5,2) START 10")}),
            "A=1 B=TRUE C=423.35");
  EXPECT_EQ(Row("FIXED_COLUMN_LOG_PARSE", {Text("abcdef"), Text("x VARCHAR(9) START 0, y VARCHAR(9) START 2")}),
            "X=ab Y=cdef");
  EXPECT_EQ(Row("FIXED_COLUMN_LOG_PARSE", {Text("ab"), Text("x VARCHAR(9) START 0, y VARCHAR(9) START 2")}),
            "X=ab Y=NULL");
  EXPECT_THAT(Row("FIXED_COLUMN_LOG_PARSE", {Text("ab"), Text("y VARCHAR(9) NOT NULL START 2")}),
              HasSubstr("no value for Y"));
  EXPECT_THAT(Row("FIXED_COLUMN_LOG_PARSE", {Text("ab"), Text("x VARCHAR(9)")}), HasSubstr("has no START"));
}

TEST(VariableColumnLogParseTest, SplitsAtDelimiters) {
  const auto row = [](std::string_view line, const TestValue& columns, std::string_view delimiter) {
    return Row("VARIABLE_COLUMN_LOG_PARSE", {Text(line), columns, Text(delimiter)});
  };
  EXPECT_EQ(row("x,y,z", Text("COL_1 TYPE VARCHAR(16), COL_2 TYPE VARCHAR(16), COL_3 TYPE VARCHAR(16)"), ","),
            "COL_1=x COL_2=y COL_3=z");
  EXPECT_EQ(row("x\ty", Int(3), "\t"), "COLUMN1=x COLUMN2=y COLUMN3=NULL");
  EXPECT_EQ(row("x::y::z", Int(2), "::"), "COLUMN1=x COLUMN2=y");
  EXPECT_EQ(row("a,,7", Text("\"n\" TYPE VARCHAR(4), i INTEGER, j INTEGER"), ","), "n=a I=NULL J=7");
  EXPECT_EQ(row("abcdef", Text("a VARCHAR(3)"), ","), "A=abc");
  EXPECT_EQ(row("24/May/2004:22:01:02|x", Text("\"name\" TYPE TIMESTAMP 'dd/MMM/yyyy:HH:mm:ss', r VARCHAR(2)"), "|"),
            "name=2004-05-24 22:01:02 R=x");
  EXPECT_THAT(row("x", Text("t TIMESTAMP 'yyyy'"), ","), StartsWith("ERROR FORMAT_MISMATCH"));
  EXPECT_THAT(row("x", Text("i INTEGER"), ","), StartsWith("ERROR CAST_FAILED"));
  EXPECT_THAT(row("x", Text("a TYPE NOPE"), ","), HasSubstr("unknown column type"));
  EXPECT_THAT(row("x", Text("a VARCHAR(3) 'yyyy'"), ","), HasSubstr("only DATE, TIME and TIMESTAMP"));
  EXPECT_THAT(row("x", Text("a VARCHAR(3) b"), ","), StartsWith("REFUSED"));
  EXPECT_THAT(row("x", Text(""), ","), HasSubstr("column name expected"));
  EXPECT_THAT(row("x", Int(0), ","), HasSubstr("allowed 1 to 1000"));
  EXPECT_THAT(row("x", Int(2), ""), HasSubstr("delimiter is not empty"));
}

TEST(VariableColumnLogParseTest, EscapesAndQuotes) {
  const auto row = [](std::string_view line, std::string_view escape, std::string_view quote) {
    return Row("VARIABLE_COLUMN_LOG_PARSE", {Text(line), Int(2), Text(","), Text(escape), Text(quote)});
  };
  EXPECT_EQ(Row("VARIABLE_COLUMN_LOG_PARSE", {Text("a\\,b,c"), Int(2), Text(","), Text("\\")}),
            "COLUMN1=a,b COLUMN2=c");
  EXPECT_EQ(row("\"a,b\",c", "\\", "\""), "COLUMN1=a,b COLUMN2=c");
  EXPECT_EQ(row("\"say \"\"hi\"\"\",c", "", "\""), "COLUMN1=say \"hi\" COLUMN2=c");
  EXPECT_EQ(row("<a,b>,<c>", "", "<>"), "COLUMN1=a,b COLUMN2=c");
  EXPECT_EQ(row("it's,x", "", "'"), "COLUMN1=it's COLUMN2=x");
  EXPECT_EQ(row("\"open, end", "", "\""), "COLUMN1=open, end COLUMN2=NULL");
}

TEST(SysLogParseTest, ReadsTheTime) {
  EXPECT_EQ(Row("SYS_LOG_PARSE", {Text("May  7 22:01:02 web1 sshd[7]: hello")}),
            "COLUMN1=2024-05-07 22:01:02 COLUMN2=web1 sshd[7]: hello");
  EXPECT_EQ(Row("SYS_LOG_PARSE", {Text("<34>May 17 22:01:02 web1 x")}), "COLUMN1=2024-05-17 22:01:02 COLUMN2=web1 x");
  EXPECT_EQ(Row("SYS_LOG_PARSE", {Text("Dec 31 23:59:59 web1 x")}), "COLUMN1=2023-12-31 23:59:59 COLUMN2=web1 x");
  EXPECT_EQ(Row("SYS_LOG_PARSE", {Text("not a log line at all")}), "NULL");
  EXPECT_EQ(Row("SYS_LOG_PARSE", {Text("May 7")}), "NULL");
}

TEST(W3cLogParseTest, ReadsAccessLogs) {
  constexpr std::string_view kLine =
      "192.168.254.30 - John [24/May/2004:22:01:02 -0700] \"GET /icons/apache_pb.gif HTTP/1.1\" 304 0";
  EXPECT_EQ(Row("W3C_LOG_PARSE", {Text(kLine), Text("COMMON")}),
            "COLUMN1=192.168.254.30 COLUMN2=- COLUMN3=John COLUMN4=[24/May/2004:22:01:02 -0700] "
            "COLUMN5=GET /icons/apache_pb.gif HTTP/1.1 COLUMN6=304 COLUMN7=0");
  EXPECT_EQ(Row("W3C_LOG_PARSE", {Text(StrCat("www.x.org ", kLine)), Text("common with vhost")}),
            "COLUMN1=www.x.org COLUMN2=192.168.254.30 COLUMN3=- COLUMN4=John COLUMN5=[24/May/2004:22:01:02 -0700] "
            "COLUMN6=GET /icons/apache_pb.gif HTTP/1.1 COLUMN7=304 COLUMN8=0");
  const std::string extended = StrCat(kLine, " \"http://r/\" \"Mozilla \\\"5\\\"\"");
  EXPECT_THAT(Row("W3C_LOG_PARSE", {Text(extended), Text("NCSA EXTENDED")}),
              HasSubstr("COLUMN8=http://r/ COLUMN9=Mozilla \\\"5\\\""));
  EXPECT_EQ(Row("W3C_LOG_PARSE", {Text("http://a ---> /b"), Text("REFERER")}), "COLUMN1=http://a COLUMN2=/b");
  EXPECT_EQ(Row("W3C_LOG_PARSE", {Text("Mozilla/5.0 (X11)"), Text("AGENT")}), "COLUMN1=Mozilla/5.0 (X11)");
  EXPECT_EQ(Row("W3C_LOG_PARSE", {Text("[24/May/2004:22:01:02 -0700] 7"), Text("[%t] %400,501D")}),
            "COLUMN1=24/May/2004:22:01:02 -0700 COLUMN2=7");
  EXPECT_EQ(Row("W3C_LOG_PARSE", {Text("100% 5"), Text("100%% %{x}i")}), "COLUMN1=5");
  EXPECT_EQ(Row("W3C_LOG_PARSE", {Text("something else"), Text("COMMON")}), "NULL");
  EXPECT_EQ(Row("W3C_LOG_PARSE",
                {Text("a, -, 03/20/01, 7:55:20, W3SVC2, S, b, 4502, 163, 3223, 200, 0, GET, /x.gif, q,"), Text("iis")}),
            "COLUMN1=a COLUMN2=- COLUMN3=03/20/01 COLUMN4=7:55:20 COLUMN5=W3SVC2 COLUMN6=S COLUMN7=b COLUMN8=4502 "
            "COLUMN9=163 COLUMN10=3223 COLUMN11=200 COLUMN12=0 COLUMN13=GET COLUMN14=/x.gif COLUMN15=q");
  EXPECT_THAT(Row("W3C_LOG_PARSE", {Text(kLine), Text("%h%l")}), HasSubstr("two specifiers without text"));
  EXPECT_THAT(Row("W3C_LOG_PARSE", {Text(kLine), Text("%y")}), HasSubstr("unknown specifier"));
}

}  // namespace
}  // namespace tailrace::sql
