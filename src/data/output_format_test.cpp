#include "data/output_format.h"

#include <gtest/gtest.h>

namespace tailrace::data {
namespace {

struct Sample {
  Schema schema;
  Batch batch;
};

Sample MakeSample() {
  Sample sample;
  const auto add = [&](std::string name, Type type, std::vector<Value> values) {
    auto column = std::make_shared<Column>(type);
    for (const Value& value : values) column->AppendValue(value);
    sample.schema.fields.push_back({.name = std::move(name), .type = type});
    sample.batch.columns.push_back(column);
  };
  add("ORDER_COUNT", Type::Integer(), {30, {}});
  add("item \"x\"", Type::Varchar(20), {"a,\"b\"\né", {}});
  add("PRICE", Type::Decimal(5, 2), {255, {}});
  add("SCORE", Type::Double(), {0.00001, {}});
  add("AT", Type::Timestamp(), {int64_t{1513300190000}, {}});
  add("OK", Type::Boolean(), {true, {}});
  add("RAW", Type{.kind = TypeKind::kVarbinary, .precision = 4}, {std::string("\x3f\x67"), {}});
  return sample;
}

std::string Lines(OutputFormat format, NullStyle nulls) {
  const Sample sample = MakeSample();
  std::string out;
  RowWriter(sample.schema, {.format = format, .nulls = nulls}).AppendLines(out, sample.batch);
  return out;
}

constexpr std::string_view kFirstRow = R"({"ORDER_COUNT":30,"item \"x\"":"a,\"b\"\né","PRICE":2.55,"SCORE":1.0E-5,)"
                                       R"("AT":"2017-12-15 01:09:50.000","OK":true,"RAW":"P2c="})"
                                       "\n";

TEST(RowWriterTest, WritesJsonWithEachStyleOfNulls) {
  EXPECT_EQ(Lines(OutputFormat::kJson, NullStyle::kJson),
            std::string(kFirstRow) + R"({"ORDER_COUNT":null,"item \"x\"":null,"PRICE":null,"SCORE":null,"AT":null,)"
                                     R"("OK":null,"RAW":null})"
                                     "\n");
  EXPECT_EQ(Lines(OutputFormat::kJson, NullStyle::kText),
            std::string(kFirstRow) + R"({"ORDER_COUNT":null,"item \"x\"":"null","PRICE":null,"SCORE":null,"AT":null,)"
                                     R"("OK":null,"RAW":null})"
                                     "\n");
  EXPECT_EQ(Lines(OutputFormat::kJson, NullStyle::kOmit), std::string(kFirstRow) + "{}\n");
}

TEST(RowWriterTest, WritesCsv) {
  EXPECT_EQ(Lines(OutputFormat::kCsv, NullStyle::kJson),
            "30,\"a,\"\"b\"\"\né\",2.55,1.0E-5,2017-12-15 01:09:50.000,true,P2c=\n"
            "null,null,null,null,null,null,null\n");
  EXPECT_TRUE(Lines(OutputFormat::kCsv, NullStyle::kOmit).ends_with("true,P2c=\n,,,,,,\n"));
}

}  // namespace
}  // namespace tailrace::data
