#include "ingest/formats/json_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/str.h"
#include "ingest/formats/decoder_testing.h"

namespace tailrace::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The value `json` in a column of `type`, as text; "error" when the row went to the errors.
std::string Convert(const std::string& type, const std::string& json) {
  const Decoded decoded = DecodeTexts(MakeSchema("json", {{"v", type}}), {StrCat(R"({"v":)", json, "}")});
  if (!decoded.errors.empty()) {
    EXPECT_EQ(decoded.errors[0].name, kCoercionError);
    EXPECT_THAT(decoded.errors[0].message, HasSubstr("column \"v\""));
    EXPECT_EQ(decoded.batch.rows(), 0u);
    return "error";
  }
  EXPECT_EQ(decoded.batch.rows(), 1u);
  return RowText(decoded.batch, 0);
}

TEST(JsonDecoderTest, ConvertsToNumbersAsTheTableSays) {
  EXPECT_EQ(Convert("INTEGER", "null"), "NULL");
  EXPECT_EQ(Convert("INTEGER", "true"), "1");
  EXPECT_EQ(Convert("INTEGER", "false"), "0");
  EXPECT_EQ(Convert("INTEGER", "-17"), "-17");
  EXPECT_EQ(Convert("INTEGER", "123.0"), "123");
  EXPECT_EQ(Convert("INTEGER", "1e3"), "1000");
  EXPECT_EQ(Convert("INTEGER", "123.4"), "error");
  EXPECT_EQ(Convert("INTEGER", "2147483647"), "2147483647");
  EXPECT_EQ(Convert("INTEGER", "2147483648"), "error");
  EXPECT_EQ(Convert("TINYINT", "-128"), "-128");
  EXPECT_EQ(Convert("TINYINT", "128"), "error");
  EXPECT_EQ(Convert("SMALLINT", "32768"), "error");
  EXPECT_EQ(Convert("BIGINT", "9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(Convert("BIGINT", "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(Convert("BIGINT", "9223372036854775808"), "error");
  EXPECT_EQ(Convert("INTEGER", R"("200")"), "200");
  EXPECT_EQ(Convert("INTEGER", R"("abc")"), "error");
  EXPECT_EQ(Convert("INTEGER", R"("")"), "error");
  EXPECT_EQ(Convert("INTEGER", "[1]"), "error");
  EXPECT_EQ(Convert("INTEGER", R"({"a":1})"), "error");
  EXPECT_EQ(Convert("DECIMAL(5,2)", "2.5"), "2.50");
  EXPECT_EQ(Convert("DECIMAL(5,2)", "2.555"), "error");
  EXPECT_EQ(Convert("DECIMAL(5,2)", "999.99"), "999.99");
  EXPECT_EQ(Convert("DECIMAL(5,2)", "1000"), "error");
  EXPECT_EQ(Convert("DOUBLE", "0.5"), "0.5");
  EXPECT_EQ(Convert("DOUBLE", R"("1.5e2")"), "150.0");
  EXPECT_EQ(Convert("DOUBLE", "1e999"), "error");
  EXPECT_EQ(Convert("REAL", "1e39"), "error");
}

TEST(JsonDecoderTest, ConvertsToTextAsTheTableSays) {
  EXPECT_EQ(Convert("VARCHAR(8)", "null"), "NULL");
  EXPECT_EQ(Convert("VARCHAR(8)", "true"), "true");
  EXPECT_EQ(Convert("VARCHAR(4)", "false"), "fals");
  EXPECT_EQ(Convert("VARCHAR(8)", "1.50"), "1.50");
  EXPECT_EQ(Convert("VARCHAR(3)", R"("abcdef")"), "abc");
  EXPECT_EQ(Convert("VARCHAR(3)", R"("äöüß")"), "äöü");
  EXPECT_EQ(Convert("CHAR(4)", R"("ab")"), "ab  ");
  EXPECT_EQ(Convert("VARCHAR(64)", R"([1, {"a":"b"}])"), R"([1, {"a":"b"}])");
  EXPECT_EQ(Convert("VARCHAR(64)", R"({"a": 1} )"), R"({"a": 1})");
  EXPECT_EQ(Convert("VARCHAR(64)", R"("a\"b\\c\u00e9")"), "a\"b\\cé");
}

TEST(JsonDecoderTest, ConvertsToBooleanAndDatetimeAndBinaryAsTheTableSays) {
  EXPECT_EQ(Convert("BOOLEAN", "true"), "TRUE");
  EXPECT_EQ(Convert("BOOLEAN", "0"), "FALSE");
  EXPECT_EQ(Convert("BOOLEAN", "0.1"), "TRUE");
  EXPECT_EQ(Convert("BOOLEAN", R"("TrUe")"), "TRUE");
  EXPECT_EQ(Convert("BOOLEAN", R"("yes")"), "FALSE");
  EXPECT_EQ(Convert("BOOLEAN", "[]"), "error");
  EXPECT_EQ(Convert("DATE", R"("1992-02-14")"), "1992-02-14");
  EXPECT_EQ(Convert("DATE", "true"), "error");
  EXPECT_EQ(Convert("TIMESTAMP", R"("1992-02-14 18:35:44.0")"), "1992-02-14 18:35:44");
  EXPECT_EQ(Convert("TIMESTAMP", R"("2018-08-01T20:17:20Z")"), "2018-08-01 20:17:20");
  EXPECT_EQ(Convert("TIMESTAMP", R"("2018-08-01T20:17:20+02:00")"), "2018-08-01 18:17:20");
  EXPECT_EQ(Convert("TIMESTAMP", "5"), "error");
  EXPECT_EQ(Convert("TIMESTAMP", R"("soon")"), "error");
  EXPECT_EQ(Convert("VARBINARY(4)", "1"), "error");
  EXPECT_EQ(Convert("VARBINARY(4)", R"("3F")"), "error");
  EXPECT_EQ(Convert("VARBINARY(4)", R"("X'3F6'")"), "error");
  const Decoded decoded =
      DecodeTexts(MakeSchema("json", {{"a", "VARBINARY(4)"}, {"b", "VARBINARY(4)"}}), {R"({"a":"X'3F67'","b":true})"});
  ASSERT_EQ(decoded.batch.rows(), 1u);
  EXPECT_EQ(decoded.batch.columns[0]->texts()[0], "\x3F\x67");
  EXPECT_EQ(decoded.batch.columns[1]->texts()[0], "\x01");
}

TEST(JsonDecoderTest, B2_12_ACoercionFailureNamesTheColumnKeepsTheRecordAndLeavesTheOthersAlone) {
  const InputSchema schema = MakeSchema("json", {{"host", "VARCHAR(16)"}, {"response", "INTEGER"}});
  const std::string bad = "{\"host\":\"a\",\"response\":\"abc\"}\n";
  const Decoded decoded = DecodeTexts(schema, {R"({"host":"x","response":"200"})", bad, R"({"host":"y"})"});
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("x|200", "y|NULL"));
  EXPECT_THAT(decoded.record_of_row, ElementsAre(0, 2));
  ASSERT_EQ(decoded.errors.size(), 1u);
  EXPECT_EQ(decoded.errors[0].record, 1u);
  EXPECT_EQ(decoded.errors[0].name, "COERCION_ERROR");
  EXPECT_EQ(decoded.errors[0].message, "column \"response\": \"abc\" is not INTEGER");
  EXPECT_EQ(decoded.errors[0].bytes, bad);
}

TEST(JsonDecoderTest, A6_6_AQuoteAndAnOddByteInAUserAgentLoseNothing) {
  const InputSchema schema = MakeSchema("json", {{"client_ip", "VARCHAR(16)"}, {"userAgent", "VARCHAR(64)"}});
  const Decoded decoded =
      DecodeTexts(schema, {R"({"client_ip":"1.2.3.4","userAgent":"a \"b\" caf\xe9"})",  // Latin-1, escaped by Apache.
                           R"({"client_ip":"1.2.3.4","userAgent":"caf\xc3\xa9 \\x \v"})",  // UTF-8, escaped.
                           "{\"client_ip\":\"1.2.3.4\",\"userAgent\":\"caf\xe9\"}"});      // The byte itself.
  EXPECT_THAT(decoded.errors, IsEmpty());
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("1.2.3.4|a \"b\" café", "1.2.3.4|café \\x \v", "1.2.3.4|caf\uFFFD"));
}

TEST(JsonDecoderTest, CountsCutTexts) {
  const InputSchema schema = MakeSchema("json", {{"a", "VARCHAR(16)"}, {"client_ip", "VARCHAR(16)"}});
  const auto decoder = MakeDecoder(schema).value();
  const Decoded decoded = DecodeTexts(*decoder, {R"({"a":"short","client_ip":"2001:db8::1234:5678:9abc:def0"})"});
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("short|2001:db8::1234:5"));
  EXPECT_THAT(decoder->truncated(), ElementsAre(0, 1));
}

TEST(JsonDecoderTest, FollowsPathsCaseSensitively) {
  const InputSchema schema = MakeSchema("json", {{"x", "INTEGER", "$.a.b.c"},
                                                 {"y", "VARCHAR(20)", "$.a.b"},
                                                 {"z", "INTEGER", "$.A"},
                                                 {"w", "VARCHAR(20)", "$.list[0:]"}});
  const Decoded decoded = DecodeTexts(schema, {R"({"q":[{"a":1}],"a":{"b":{"c":5},"d":2},"list":[1,2],"A":3})",
                                               R"({"a":{"b":7}})", R"({"a":7,"list":9})", R"({})"});
  EXPECT_THAT(decoded.errors, IsEmpty());
  EXPECT_THAT(RowTexts(decoded.batch),
              ElementsAre(R"(5|{"c":5}|3|[1,2])", "NULL|7|NULL|NULL", "NULL|NULL|NULL|9", "NULL|NULL|NULL|NULL"));
}

TEST(JsonDecoderTest, FlattensOneArrayToRows) {
  const InputSchema schema = MakeSchema("json", {{"id", "INTEGER", "$.id"},
                                                 {"code", "VARCHAR(8)", "$.orders[0:].code"},
                                                 {"count", "INTEGER", "$.orders[0:].n.count"},
                                                 {"late", "VARCHAR(8)", "$.late"}});
  const Decoded decoded = DecodeTexts(
      schema, {R"({"id":1,"orders":[{"code":"A","n":{"count":2}},{"code":"B"},{"n":{"count":3}}],"late":"x"})",
               R"({"id":2,"orders":[]})", R"({"id":3})"});
  EXPECT_THAT(decoded.errors, IsEmpty());
  EXPECT_THAT(RowTexts(decoded.batch),
              ElementsAre("1|A|2|x", "1|B|NULL|x", "1|NULL|3|x", "2|NULL|NULL|NULL", "3|NULL|NULL|NULL"));
  EXPECT_THAT(decoded.record_of_row, ElementsAre(0, 0, 0, 1, 2));
}

TEST(JsonDecoderTest, RefusesASecondFlattenedArray) {
  const InputSchema schema = MakeSchema("json", {{"a", "INTEGER", "$.x[0:].a"}, {"b", "INTEGER", "$.y[0:].b"}});
  const auto decoder = MakeDecoder(schema);
  ASSERT_FALSE(decoder.ok());
  EXPECT_THAT(decoder.error().message, HasSubstr("$.y[0:] beside $.x[0:]"));
}

TEST(JsonDecoderTest, FollowsTheRowPath) {
  InputSchema schema = MakeSchema("json", {{"a", "INTEGER"}});
  schema.row_path = "$.data.rows[0:]";
  const Decoded decoded = DecodeTexts(schema, {R"({"data":{"rows":[{"a":1},{"a":2}]}})", R"({"data":{}})"});
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("1", "2"));
  ASSERT_EQ(decoded.errors.size(), 1u);
  EXPECT_EQ(decoded.errors[0].name, kParseError);
}

TEST(JsonDecoderTest, ReadsSeveralDocumentsOfARecordAndGoesOnBehindABrokenOne) {
  const InputSchema schema = MakeSchema("json", {{"a", "INTEGER"}});
  EXPECT_THAT(RowTexts(DecodeTexts(schema, {R"({"a":1}{"a":2} {"a":3})"}).batch), ElementsAre("1", "2", "3"));
  EXPECT_THAT(RowTexts(DecodeTexts(schema, {"{\"a\":1}\n{\"a\":2}\n"}).batch), ElementsAre("1", "2"));
  EXPECT_THAT(RowTexts(DecodeTexts(schema, {R"([{"a":1},{"a":2}])"}).batch), ElementsAre("1", "2"));

  const Decoded decoded = DecodeTexts(schema, {"{\"a\":1}\n{\"a\":\n{\"a\":3}\n{\"a\":\"x\"}\n{\"a\":5}"});
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("1", "3", "5"));
  ASSERT_EQ(decoded.errors.size(), 2u);
  EXPECT_EQ(decoded.errors[0].name, kParseError);
  EXPECT_EQ(Trim(decoded.errors[0].bytes), "{\"a\":");
  EXPECT_EQ(decoded.errors[1].name, kCoercionError);
  EXPECT_EQ(Trim(decoded.errors[1].bytes), "{\"a\":\"x\"}");
}

TEST(JsonDecoderTest, GivesUpOnARecordOfBrokenDocuments) {
  std::string record;
  for (int i = 0; i < 150'000; ++i) record += "{\"a\":{\n";
  const Decoded decoded = DecodeTexts(MakeSchema("json", {{"a", "INTEGER"}}), {record});
  EXPECT_EQ(decoded.batch.rows(), 0u);
  EXPECT_LT(decoded.errors.size(), 200u);
  size_t bytes = 0;
  for (const DecodeError& error : decoded.errors) bytes += error.bytes.size();
  EXPECT_EQ(bytes, record.size());  // Nothing of it is lost.
}

TEST(JsonDecoderTest, ReportsWhatIsNotAJsonRow) {
  const InputSchema schema = MakeSchema("json", {{"a", "INTEGER"}});
  for (const std::string text :
       {"not json", "42", "\"text\"", "{\"a\":1", "{\"a\":tru}", "{\"a\" 1}", "{\"a\":01}", "\v"}) {
    SCOPED_TRACE(text);
    const Decoded decoded = DecodeTexts(schema, {text});
    EXPECT_EQ(decoded.batch.rows(), 0u);
    ASSERT_GE(decoded.errors.size(), 1u);
    EXPECT_EQ(decoded.errors[0].name, kParseError);
  }
  const Decoded blank = DecodeTexts(schema, {"", " \n"});
  EXPECT_EQ(blank.batch.rows(), 0u);
  EXPECT_THAT(blank.errors, IsEmpty());
}

TEST(JsonDecoderTest, TextThatIsNoJsonIsOneErrorWithAllOfIt) {
  const Decoded decoded =
      DecodeTexts(MakeSchema("json", {{"a", "INTEGER"}}), {"this is no JSON", "no JSON\n{\"a\":1}"});
  ASSERT_EQ(decoded.errors.size(), 2u);
  EXPECT_EQ(decoded.errors[0].bytes, "this is no JSON");
  EXPECT_EQ(Trim(decoded.errors[1].bytes), "no JSON");
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("1"));
}

TEST(JsonDecoderTest, ParsesOnlyUsedColumnsAndGivesMetadata) {
  const InputSchema schema = MakeSchema("json", {{"a", "INTEGER"}, {"b", "INTEGER"}});
  const auto decoder = MakeDecoder(schema, {false, true, true, true, true, true}).value();
  const Decoded decoded = DecodeTexts(*decoder, {R"({"a":"not a number","b":2})"});
  EXPECT_THAT(decoded.errors, IsEmpty());
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("NULL|2"));
  ASSERT_EQ(decoded.batch.columns.size(), 6u);
  EXPECT_EQ(decoded.batch.rowtimes->int64s()[0], 1000);
  EXPECT_EQ(decoded.batch.columns[2]->int64s()[0], 1000);
  EXPECT_EQ(decoded.batch.columns[3]->texts()[0], "shardId-000000000000");
  EXPECT_EQ(decoded.batch.columns[4]->texts()[0], "7");
  EXPECT_EQ(decoded.batch.columns[5]->texts()[0], "key");
}

TEST(JsonDecoderTest, GrowsBeyondOneRowARecord) {
  const InputSchema schema = MakeSchema("json", {{"a", "INTEGER"}, {"b", "VARCHAR(8)"}});
  std::string record;
  for (int i = 0; i < 500; ++i) {
    record += i % 3 == 0 ? StrCat(R"({"a":null,"b":"r)", i, "\"}") : StrCat(R"({"a":)", i, R"(,"b":null})");
  }
  const Decoded decoded = DecodeTexts(schema, {record});
  ASSERT_EQ(decoded.batch.rows(), 500u);
  for (size_t i = 0; i < 500; ++i) {
    EXPECT_EQ(RowText(decoded.batch, i), i % 3 == 0 ? StrCat("NULL|r", i) : StrCat(i, "|NULL"));
  }
}

}  // namespace
}  // namespace tailrace::ingest
