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
  Result<std::string> Environment(const std::string& name) override {
    if (name == "PARTNER_ACCESS_KEY") return std::string("top-secret");
    return Error{ErrorCode::kNotFound, name};
  }
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
  const ReferenceTableConfig& table = definition.config.reference_tables[0];
  EXPECT_EQ(table.file, "Countries.csv");
  ASSERT_TRUE(table.object.has_value());
  EXPECT_EQ(table.object->bucket.bucket, "lists");
  EXPECT_EQ(table.object->key, "countries.csv");
  EXPECT_EQ(table.schema.columns[1].name, "Label, long");
}

TEST_F(ImportTest, ReferenceTablesKeepTheFormOfTheirObjects) {
  const Definition definition = Take("references.json", "references");
  ASSERT_EQ(definition.config.reference_tables.size(), 2u);
  const ReferenceTableConfig& lines = definition.config.reference_tables[0];
  EXPECT_EQ(lines.object->key, "lists/products.txt");
  EXPECT_EQ(lines.schema.format, "csv");
  EXPECT_EQ(lines.schema.column_delimiter, "|");
  EXPECT_EQ(*ReadFile(disk_, Folder("references") + "/PRODUCTS.csv"), "StockCode|Category\n");
  const ReferenceTableConfig& documents = definition.config.reference_tables[1];
  EXPECT_EQ(documents.schema.format, "json");
  EXPECT_EQ(documents.schema.row_path, "$.shops[0:]");
  EXPECT_EQ(documents.schema.columns[0].mapping, "$.address.city");
  EXPECT_EQ(definition.tables[1].rows(), 0u);
}

// The delivery stream of that name among the application's.
const sink::delivery::DeliveryDefinition& Delivery(const Definition& definition, const std::string& name) {
  for (const DeliveryStreamConfig& entry : definition.config.delivery_streams) {
    if (entry.definition.name == name) return entry.definition;
  }
  ADD_FAILURE() << "no delivery stream " << name;
  static const sink::delivery::DeliveryDefinition none;
  return none;
}

TEST_F(ImportTest, DeliveryStreamsOfATemplate) {
  using namespace sink::delivery;
  const Definition definition = Take("archives.yaml", "archives");
  ASSERT_EQ(definition.config.delivery_streams.size(), 3u);
  EXPECT_EQ(definition.config.inputs[0].stream, "WebAccess");
  EXPECT_TRUE(definition.config.inputs[0].from_delivery);
  EXPECT_EQ(definition.config.outputs[0].Name(), "OUT -> delivery stream partner");

  const DeliveryDefinition& web = Delivery(definition, "WebAccess");
  EXPECT_EQ(web.buffer_bytes, 1u << 20);
  EXPECT_EQ(web.buffer_interval, std::chrono::seconds(60));
  EXPECT_EQ(web.processing.newline, NewlineRule::kNever);
  EXPECT_EQ(std::get<ArchiveConfig>(web.destination).store,
            ObjectStoreConfig(DirectoryStoreConfig{"archive/shop-archive"}));

  const DeliveryDefinition& partitions = Delivery(definition, "by-customer");
  EXPECT_EQ(partitions.source_stream, "orders");
  EXPECT_EQ(partitions.processing.partition_query, "{customer: .customer_id}");
  EXPECT_EQ(partitions.processing.newline, NewlineRule::kAlways);
  const auto& archive = std::get<ArchiveConfig>(partitions.destination);
  EXPECT_EQ(archive.prefix, "customers/!{partitionKeyFromQuery:customer}/!{timestamp:yyyy/MM}/");
  EXPECT_EQ(archive.compression, ObjectCompression::kGzip);
  EXPECT_EQ(archive.time_zone, "Europe/Berlin");

  const DeliveryDefinition& partner = Delivery(definition, "partner");
  const auto& http = std::get<HttpEndpointConfig>(partner.destination);
  EXPECT_EQ(http.url, "https://partner.example/in");
  EXPECT_EQ(http.access_key, Secret("top-secret"));
  EXPECT_TRUE(http.gzip);
  EXPECT_EQ(partner.retry, std::chrono::seconds(120));
  EXPECT_EQ(partner.backup->prefix, "failed/");
  // The key itself is not in the folder.
  const auto yaml = ReadFile(disk_, Folder("archives") + "/tailrace.yaml");
  ASSERT_TRUE(yaml.ok());
  EXPECT_EQ(yaml->find("top-secret"), std::string::npos);
}

TEST_F(ImportTest, AStreamAndADeliveryStreamOfOneName) {
  const Definition definition = Take("same-names.yaml", "names");  // It checks without errors.
  EXPECT_EQ(definition.config.inputs[0].stream, "events-delivery");
  EXPECT_TRUE(definition.config.inputs[0].from_delivery);
  EXPECT_EQ(definition.config.outputs[0].Name(), "OUT -> stream events");
  EXPECT_EQ(Delivery(definition, "events-delivery").processing.split, sink::delivery::SplitRule::kDelimited);
  const auto report = ReadFile(disk_, Folder("names") + "/REPORT.md");
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(*report, ::testing::HasSubstr("delivery stream events has the name of a stream: it is events-delivery"));
  EXPECT_THAT(*report, ::testing::HasSubstr("delivery stream events: records are split at line feeds and not at '||'"));
}

TEST_F(ImportTest, DeliveryStreamsOfATerraformFile) {
  using namespace sink::delivery;
  const Definition definition = Take("archives.tf", "archives_terraform");
  const DeliveryDefinition& web = Delivery(definition, "web-access");
  EXPECT_EQ(web.source_stream, "orders");
  EXPECT_EQ(web.buffer_bytes, 2u << 20);
  EXPECT_EQ(web.buffer_interval, std::chrono::seconds(90));
  EXPECT_EQ(web.processing.newline, NewlineRule::kAlways);
  EXPECT_EQ(std::get<ArchiveConfig>(web.destination).compression, ObjectCompression::kGzip);
  EXPECT_EQ(std::get<ArchiveConfig>(web.destination).prefix, "web/");
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
