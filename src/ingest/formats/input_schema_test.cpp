#include "ingest/formats/input_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/str.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/decoder_testing.h"

namespace tailrace::ingest {
namespace {

using testing::HasSubstr;

constexpr std::string_view kInputs = R"json([{
  "NamePrefix": "WASA",
  "InputParallelism": {"Count": 2},
  "InputSchema": {
    "RecordEncoding": "UTF-8",
    "RecordFormat": {"RecordFormatType": "JSON",
                     "MappingParameters": {"JSONMappingParameters": {"RecordRowPath": "$"}}},
    "RecordColumns": [
      {"Name": "host", "SqlType": "VARCHAR(16)", "Mapping": "$.host"},
      {"Name": "response", "SqlType": "INTEGER"}
    ]
  }
}])json";

TEST(InputSchemaTest, ReadsTheServicesInputs) {
  const auto inputs = ReadInputs(kInputs);
  ASSERT_TRUE(inputs.ok()) << inputs.error().message;
  ASSERT_EQ(inputs->size(), 1u);
  const InputDefinition& input = inputs->front();
  EXPECT_EQ(input.name_prefix, "WASA");
  EXPECT_EQ(input.parallelism, 2);
  EXPECT_EQ(InputStreamName(input.name_prefix, 1), "WASA_001");
  EXPECT_EQ(input.schema.format, "json");
  EXPECT_EQ(input.schema.row_path, "$");
  ASSERT_EQ(input.schema.columns.size(), 2u);
  EXPECT_EQ(input.schema.columns[0].type, data::Type::Varchar(16));
  EXPECT_EQ(input.schema.columns[0].mapping, "$.host");
  EXPECT_EQ(input.schema.columns[1].name, "response");
  EXPECT_EQ(input.schema.ToSchema().fields[1].type, data::Type::Integer());
}

TEST(InputSchemaTest, ReadsTheSecondVersionsNestingAndDescriptions) {
  const auto second =
      ReadInputs(StrCat(R"({"ApplicationConfiguration":{"SqlApplicationConfiguration":{"Inputs":)", kInputs, "}}}"));
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(second->front().name_prefix, "WASA");
  const auto described = ReadInputs(StrCat(R"({"ApplicationDetail":{"InputDescriptions":)", kInputs, "}}"));
  ASSERT_TRUE(described.ok()) << described.error().message;
  EXPECT_EQ(described->front().schema.columns.size(), 2u);
}

TEST(InputSchemaTest, ReadsCsvParameters) {
  const auto inputs = ReadInputs(R"json([{"NamePrefix":"P","InputSchema":{
    "RecordFormat":{"RecordFormatType":"CSV","MappingParameters":
      {"CSVMappingParameters":{"RecordRowDelimiter":"\r\n","RecordColumnDelimiter":"|"}}},
    "RecordColumns":[{"Name":"a","SqlType":"DOUBLE"}]}}])json");
  ASSERT_TRUE(inputs.ok()) << inputs.error().message;
  EXPECT_EQ(inputs->front().schema.format, "csv");
  EXPECT_EQ(inputs->front().schema.row_delimiter, "\r\n");
  EXPECT_EQ(inputs->front().schema.column_delimiter, "|");
  EXPECT_EQ(inputs->front().parallelism, 1);
}

TEST(InputSchemaTest, NamesEveryFaultByItsPath) {
  const auto inputs = ReadInputs(R"json([{"NamePrefix":"P","InputParallelism":{"Count":65},"InputSchema":{
    "RecordFormat":{"RecordFormatType":"XML"},
    "RecordColumns":[{"Name":"a","SqlType":"VARCHR(3)"},{"SqlType":"INTEGER"},
                     {"Name":"a","SqlType":"INTEGER"}]}}, {}])json");
  ASSERT_FALSE(inputs.ok());
  const std::string& message = inputs.error().message;
  EXPECT_THAT(message, HasSubstr("Inputs[0].InputParallelism.Count: out of range: 65, allowed 1 to 64"));
  EXPECT_THAT(message, HasSubstr("Inputs[0].InputSchema.RecordColumns[0].SqlType: "));
  EXPECT_THAT(message, HasSubstr("Inputs[0].InputSchema.RecordColumns[1].Name: is missing"));
  EXPECT_THAT(message, HasSubstr("Inputs[0].InputSchema.RecordColumns[2].Name: column \"a\" is declared twice"));
  EXPECT_THAT(message, HasSubstr("Inputs[0].InputSchema.RecordFormat.RecordFormatType: unknown format \"XML\""));
  EXPECT_THAT(message, HasSubstr("Inputs[1].NamePrefix: is missing"));
  EXPECT_THAT(message, HasSubstr("Inputs[1].InputSchema: is missing"));
}

TEST(InputSchemaTest, NamesABadMappingAndASecondFlattenedArray) {
  const auto inputs = ReadInputs(R"json([{"NamePrefix":"P","InputSchema":{"RecordFormat":{"RecordFormatType":"JSON"},
    "RecordColumns":[{"Name":"a","SqlType":"INTEGER","Mapping":"a.b"},
                     {"Name":"b","SqlType":"INTEGER","Mapping":"$.x[0:].y[0:].z"},
                     {"Name":"c","SqlType":"INTEGER","Mapping":"$.x[0:].y"},
                     {"Name":"d","SqlType":"INTEGER","Mapping":"$.z[0:].y"}]}}])json");
  ASSERT_FALSE(inputs.ok());
  const std::string& message = inputs.error().message;
  EXPECT_THAT(message, HasSubstr("RecordColumns[0].Mapping: JSON path \"a.b\", character 1: expected $"));
  EXPECT_THAT(message, HasSubstr("RecordColumns[1].Mapping"));
  EXPECT_THAT(message, HasSubstr("RecordColumns[3].Mapping: a second array is flattened: $.z[0:] beside $.x[0:]"));
}

TEST(InputSchemaTest, WritesWhatItReads) {
  const InputSchema schema = ReadInputs(kInputs)->front().schema;
  const std::string text = StrCat(R"([{"NamePrefix":"P","InputSchema":)", InputSchemaToJson(schema), "}]");
  const auto again = ReadInputs(text);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->front().schema, schema);
}

// Every listed format decodes its own example without an error.
TEST(FormatsTest, ExamplesDecode) {
  for (const Format& format : Formats()) {
    SCOPED_TRACE(format.name);
    InputSchema schema = MakeSchema(std::string(format.name), {{"client_ip", "VARCHAR(64)"}});
    const Decoded decoded = DecodeTexts(schema, {std::string(format.example)});
    EXPECT_TRUE(decoded.errors.empty());
    EXPECT_EQ(decoded.batch.rows(), 1u);
    EXPECT_FALSE(decoded.batch.columns[0]->null(0));
  }
}

}  // namespace
}  // namespace tailrace::ingest
