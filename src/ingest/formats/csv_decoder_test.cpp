#include "ingest/formats/csv_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/str.h"
#include "ingest/formats/csv_reader.h"
#include "ingest/formats/decoder_testing.h"

namespace tailrace::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CsvDecoderTest, ReadsQuotedFields) {
  const InputSchema schema = MakeSchema("csv", {{"a", "VARCHAR(40)"}, {"b", "VARCHAR(40)"}, {"c", "INTEGER"}});
  const Decoded decoded = DecodeTexts(schema, {"\"BAKING SET 9 PIECE, RETROSPOT \",\"say \"\"hi\"\"\",3\r\n",
                                               "\"two\nlines\",5\" pipe,4", "x,\"y\" z,5", "\"\",,"});
  EXPECT_THAT(decoded.errors, IsEmpty());
  EXPECT_THAT(RowTexts(decoded.batch),
              ElementsAre("BAKING SET 9 PIECE, RETROSPOT |say \"hi\"|3", "two\nlines|5\" pipe|4", "x|y z|5", "||NULL"));
}

TEST(CsvDecoderTest, ReadsSeveralRowsOfARecordAndFieldsByPosition) {
  const InputSchema schema = MakeSchema("csv", {{"a", "INTEGER"}, {"b", "VARCHAR(4)"}});
  const Decoded decoded = DecodeTexts(schema, {"1,x,surplus\n\n2\r\n3,toolong\nbad,y\n"});
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("1|x", "2|NULL", "3|tool"));
  ASSERT_EQ(decoded.errors.size(), 1u);
  EXPECT_EQ(decoded.errors[0].bytes, "bad,y");
  EXPECT_EQ(decoded.errors[0].name, kCoercionError);
}

TEST(CsvDecoderTest, ACarriageReturnThatEndsNoRowIsText) {
  const InputSchema schema = MakeSchema("csv", {{"a", "VARCHAR(9)"}, {"b", "VARCHAR(9)"}});
  EXPECT_THAT(RowTexts(DecodeTexts(schema, {"x\ry,z\r\n1,2\r3\n,\r\r\n4,5\r"}).batch),
              ElementsAre("x\ry|z", "1|2\r3", "|\r", "4|5"));
}

// Long texts are read by marked bytes, short ones byte by byte: rows are the same.
TEST(CsvDecoderTest, ManyRowsOfARecordAreTheRowsOfManyRecords) {
  constexpr std::string_view kParts[] = {"a",    "\"b,\nc\"", ",",    ",",           "\n",        "\n",
                                         "\r\n", "\r",        "\"\"", "\"q\"\"q\"x", "long text", "\""};
  Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    std::string text(rng.Below(70), 'x');
    while (text.size() < 1'200) text += kParts[rng.Below(std::size(kParts) - (round % 2 == 0 ? 1 : 0))];
    std::vector<std::vector<std::string>> rows[2];
    std::vector<uint64_t> room;
    for (const bool marked : {false, true}) {
      CsvReader reader(text, "\n", ",", marked ? &room : nullptr);
      std::vector<CsvField> fields;
      while (reader.Next(fields)) {
        auto& row = rows[marked ? 1 : 0].emplace_back();
        row.push_back(std::string(reader.row()));
        for (const CsvField& field : fields) row.push_back(StrCat(field.text, field.quoted ? "q" : "p"));
      }
    }
    ASSERT_EQ(rows[0], rows[1]) << text;
    ASSERT_FALSE(rows[0].empty());
  }
}

TEST(CsvDecoderTest, FollowsTheDelimiters) {
  InputSchema schema = MakeSchema("csv", {{"a", "INTEGER"}, {"b", "INTEGER"}});
  schema.column_delimiter = "||";
  schema.row_delimiter = ";";
  EXPECT_THAT(RowTexts(DecodeTexts(schema, {"1||2;3||4"}).batch), ElementsAre("1|2", "3|4"));
}

TEST(CsvDecoderTest, ReportsAnOpenQuoteAndReplacesInvalidUtf8) {
  const InputSchema schema = MakeSchema("csv", {{"a", "VARCHAR(10)"}});
  const Decoded decoded = DecodeTexts(schema, {"\"open", "caf\xe9"});
  EXPECT_THAT(RowTexts(decoded.batch), ElementsAre("caf\uFFFD"));
  ASSERT_EQ(decoded.errors.size(), 1u);
  EXPECT_EQ(decoded.errors[0].name, kParseError);
  EXPECT_EQ(decoded.errors[0].bytes, "\"open");
}

}  // namespace
}  // namespace tailrace::ingest
