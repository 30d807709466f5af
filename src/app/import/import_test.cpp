#include "app/import/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/definition.h"
#include "app/import/hcl.h"
#include "app/import/source_walk.h"
#include "base/os/posix_disk.h"
#include "sql/parser.h"

namespace tailrace::app {
namespace {

using ::testing::ElementsAre;

class NoSources final : public ValueSource {
 public:
  Result<std::string> Environment(const std::string& name) override { return Error{ErrorCode::kNotFound, name}; }
  Result<std::string> FileText(const std::string& path) override { return Error{ErrorCode::kNotFound, path}; }
};

class ImportTest : public ::testing::Test {
 protected:
  std::string Folder(const std::string& name) { return ::testing::TempDir() + "/import_test_" + name; }

  Definition Take(const std::string& data_file, const std::string& folder) {
    const auto result = Import(disk_, {.file = std::string(TAILRACE_SOURCE_DIR) + "/tests/data/" + data_file,
                                       .folder = Folder(folder),
                                       .force = true});
    EXPECT_TRUE(result.ok()) << result.error().message;
    NoSources sources;
    auto definition = LoadDefinition(disk_, Folder(folder), sources);
    EXPECT_TRUE(definition.ok());
    EXPECT_TRUE(definition->ok()) << FormatProblems(*definition, true);
    return std::move(definition).value();
  }

  PosixDisk disk_;
};

TEST_F(ImportTest, TheWebAnalyticsTemplateChecksWithoutErrors) {
  const Definition definition = Take("web-analytics.yaml", "web");
  EXPECT_EQ(definition.config.name, "web-analytics");
  ASSERT_EQ(definition.config.inputs.size(), 1u);
  EXPECT_EQ(definition.config.inputs[0].schema.columns.size(), 14u);
  for (const char* const stream : {"WASA_001", "DESTINATION_SQL_STREAM", "EVENT_STREAM", "ANOMALY_TEMP_STREAM"}) {
    EXPECT_GE(definition.program->FindStream(stream), 0) << stream;
  }
  EXPECT_EQ(definition.program->pumps.size(), 9u);
}

TEST_F(ImportTest, BothVersionsOfADescriptionGiveTheSame) {
  const Definition first = Take("described-1.json", "first");
  const Definition second = Take("described-2.json", "second");
  EXPECT_EQ(first.sql_text, second.sql_text);
  ASSERT_EQ(second.config.inputs.size(), 1u);
  EXPECT_EQ(first.config.inputs[0].schema, second.config.inputs[0].schema);
  EXPECT_EQ(second.config.inputs[0].parallelism, 2);
  EXPECT_EQ(second.config.outputs[0].Name(), "OUT -> stream copies");
  EXPECT_EQ(std::get<StreamOutput>(second.config.outputs[0].to).options.nulls, data::NullStyle::kText);
}

TEST_F(ImportTest, ATerraformFile) {
  const Definition definition = Take("orders.tf", "terraform");
  EXPECT_EQ(definition.config.inputs[0].stream, "orders-test");
  EXPECT_EQ(definition.config.inputs[0].schema.column_delimiter, "|");
  EXPECT_EQ(definition.config.start, "latest");
  EXPECT_EQ(definition.config.reference_tables[0].file, "Countries.csv");
}

TEST(HclTest, TextsHeredocsAndBlocksAreReadAndExpressionsKept) {
  const auto blocks = ParseHcl(
      "a \"b\" {\n  t = \"x\\n${var.y}\" # why\n  h = <<-E\n    one\n      two\n  E\n"
      "  r = merge({a = 1}, [2])\n  c {\n n = 1\n }\n c { n = 2 }\n}\n");
  ASSERT_TRUE(blocks.ok()) << blocks.error().message;
  ASSERT_EQ(blocks->size(), 1u);
  const auto& body = blocks->front().body;
  EXPECT_EQ(blocks->front().labels, std::vector<std::string>{"b"});
  EXPECT_EQ(body.at("t").as_string(), "x\n${var.y}");
  EXPECT_EQ(body.at("h").as_string(), "one\n  two\n");
  EXPECT_EQ(body.at("r").as_string(), "${merge({a = 1}, [2])}");
  EXPECT_EQ(body.at("c").as_array().size(), 2u);
}

TEST(HclTest, FaultsHaveAPlace) {
  EXPECT_EQ(ParseHcl("a {\n  b = \"x\n}").error().message, "2:9: the text is not closed");
  EXPECT_EQ(ParseHcl("a {\n  b = 1\n").error().message, "3:1: expected }");
}

TEST(SourceWalkTest, ColumnsAndTypesComeFromUse) {
  const auto parsed = sql::Parse(
      "CREATE STREAM O (n BIGINT, t VARCHAR(8), a DOUBLE);\n"
      "CREATE PUMP P AS INSERT INTO O SELECT STREAM s.\"n\", upper(\"t\"), AVG(price) FROM IN_001 AS s\n"
      "WHERE \"k\" = 'x' AND s.w > 3 GROUP BY s.\"n\", \"t\", STEP(s.ROWTIME BY INTERVAL '1' MINUTE);\n");
  ASSERT_TRUE(parsed.diagnostics.empty());
  const SqlSources found = FindSources(parsed.program);
  ASSERT_EQ(found.sources.size(), 1u);
  EXPECT_EQ(found.sources[0].name, "IN_001");
  std::vector<std::string> columns;
  for (const SqlSourceColumn& column : found.sources[0].columns) {
    columns.push_back(column.name + " " + (column.type.has_value() ? column.type->ToString() : "?"));
  }
  EXPECT_THAT(columns, ElementsAre("n BIGINT", "t VARCHAR(256)", "PRICE DOUBLE", "k VARCHAR(256)", "W INTEGER"));
  EXPECT_THAT(found.unread_streams, ElementsAre("O"));
}

}  // namespace
}  // namespace tailrace::app
