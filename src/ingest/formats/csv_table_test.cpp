#include "ingest/formats/csv_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/formats/decoder_testing.h"
#include "sim/sim.h"

namespace tailrace::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

InputSchema Products() { return MakeSchema("csv", {{"StockCode", "VARCHAR(8)"}, {"Category", "VARCHAR(16)"}}); }

std::vector<std::string> Texts(const data::Column& column) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < column.size(); ++i) texts.push_back(column.null(i) ? "NULL" : std::string(column.texts()[i]));
  return texts;
}

TEST(CsvTableTest, FollowsTheHeaderWhateverItsOrder) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const data::Batch batch,
                                ReadTable("\xef\xbb\xbf"
                                          "Category,Price,StockCode\r\nLamps,2.5,85123A\r\n\"Toys, big\",1,22423\r\n",
                                          Products()));
  EXPECT_EQ(batch.rowtimes, nullptr);
  EXPECT_THAT(Texts(*batch.columns[0]), ElementsAre("85123A", "22423"));
  EXPECT_THAT(Texts(*batch.columns[1]), ElementsAre("Lamps", "Toys, big"));
}

TEST(CsvTableTest, TakesPositionsWithoutAHeader) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const data::Batch batch, ReadTable("85123A,Lamps\n22423,Toys\n", Products()));
  EXPECT_THAT(Texts(*batch.columns[0]), ElementsAre("85123A", "22423"));
}

TEST(CsvTableTest, ReadsJsonAndNamesABadRow) {
  InputSchema schema = MakeSchema("json", {{"a", "VARCHAR(4)"}, {"n", "INTEGER"}});
  TAILRACE_ASSERT_OK_AND_ASSIGN(const data::Batch batch, ReadTable("{\"a\":\"x\",\"n\":1}\n{\"a\":\"y\"}\n", schema));
  EXPECT_THAT(Texts(*batch.columns[0]), ElementsAre("x", "y"));
  const auto bad = ReadTable("{\"a\":\"x\",\"n\":1}\n{\"a\":\"y\",\"n\":\"z\"}\n", schema);
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message, HasSubstr("column \"n\": \"z\" is not INTEGER"));
}

TEST(CsvTableTest, InfersASchema) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const InputSchema schema,
                                InferTableSchema("StockCode,Price,Stock\n85123A,2.5,7\n22423,3,\n", "csv"));
  ASSERT_EQ(schema.columns.size(), 3u);
  EXPECT_EQ(schema.columns[0].name, "StockCode");
  EXPECT_EQ(schema.columns[0].type, data::Type::Varchar(16));
  EXPECT_EQ(schema.columns[1].type, data::Type::Double());
  EXPECT_EQ(schema.columns[2].type, data::Type::Integer());
  EXPECT_FALSE(InferTableSchema("", "csv").ok());
}

TEST(CsvTableTest, ReadsAFileAnewEachTime) {
  sim::SimDisk disk{Rng(1)};
  TAILRACE_ASSERT_OK(disk.MakeDirectories("/t"));
  TAILRACE_ASSERT_OK(WriteFileAtomically(disk, "/t/products.csv", "StockCode,Category\nA,x\n"));
  const auto table = MakeFileTable(disk, "/t/products.csv", Products());
  const data::Schema wanted{.fields = {{.name = "Category", .type = data::Type::Varchar(16)}}};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const data::Batch first, table->Read(wanted));
  EXPECT_THAT(Texts(*first.columns[0]), ElementsAre("x"));
  TAILRACE_ASSERT_OK(WriteFileAtomically(disk, "/t/products.csv", "StockCode,Category\nA,y\nB,z\n"));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const data::Batch second, table->Read(wanted));
  EXPECT_THAT(Texts(*second.columns[0]), ElementsAre("y", "z"));
  const auto unknown = table->Read({.fields = {{.name = "Nope", .type = data::Type::Integer()}}});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().message, "/t/products.csv: no column \"Nope\"");
}

}  // namespace
}  // namespace tailrace::ingest
