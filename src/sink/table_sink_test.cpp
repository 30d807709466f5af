#include "sink/table_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/str.h"
#include "data/output_format.h"
#include "sim/sim.h"
#include "sink/row_json.h"
#include "sink/rows_testing.h"
#include "table/temporary_folder.h"

namespace tailrace::sink {
namespace {

using data::Value;
using testing::HasSubstr;

std::vector<AttributeRule> OrderRules() {
  return {{"CustomerID", "Customer", AttributeType::kNumber},
          {"OrderID", "${InvoiceNo}-${StockCode}"},
          {"OrderDate", "InvoiceDate"},
          {"Quantity", "Quantity", AttributeType::kNumber},
          {"UnitPrice", "UnitPrice", AttributeType::kNumber},
          {"Description", "Description"},
          {"Country", "rtrim(Country)"}};
}

class TableSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    Open();
    TAILRACE_ASSERT_OK(tables_->CreateTable(
        "WebsiteOrders", {.key = {.hash = {"CustomerID", table::KeyType::kNumber},
                                  .range = table::KeyAttribute{"OrderID", table::KeyType::kString}}}));
    MakeSink(OrderRules());
  }

  void Open() {
    sink_.reset();
    environment_.reset();
    letters_.reset();
    tables_.reset();
    TAILRACE_ASSERT_OK_AND_ASSIGN(tables_, table::TableStore::Open(folder_.path(), clock_, {.sync = false}));
    TAILRACE_ASSERT_OK_AND_ASSIGN(letters_, DeadLetters::Open(*tables_, clock_, metrics_, {.letters_max = 5}));
    environment_.reset(new Environment{disk_, clock_, metrics_, *tables_, *letters_});
  }
  void MakeSink(std::vector<AttributeRule> rules) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(
        sink_, MakeTableSink({.name = "orders", .table = "WebsiteOrders", .schema = OrderSchema(), .item = rules},
                             *environment_, [](data::Ordinal ordinal) -> std::optional<RowOrigin> {
                               return RowOrigin{.shard = 0, .sequence = ordinal - 1, .bytes = StrCat("raw ", ordinal)};
                             }));
  }
  std::vector<table::Item> Items() { return tables_->Scan("WebsiteOrders", 10'000)->items; }

  table::TemporaryFolder folder_;
  sim::SimDisk disk_{Rng(1)};
  sim::SimClock clock_{FromUnixMs(1'700'000'000'000)};
  MetricsRegistry metrics_;
  std::unique_ptr<table::TableStore> tables_;
  std::unique_ptr<DeadLetters> letters_;
  std::unique_ptr<Environment> environment_;
  std::unique_ptr<RedrivableSink> sink_;
};

data::Batch CleanOrders(int count) {
  std::vector<std::vector<Value>> rows;
  for (int i = 0; i < count; ++i) rows.push_back(OrderRow(i));
  return MakeBatch(OrderSchema(), rows);
}

TEST_F(TableSinkTest, C4_1_CleanOrdersBecomeItemsWithExactlyThoseAttributesAndTypes) {
  TAILRACE_ASSERT_OK(sink_->Write(CleanOrders(100), 1));
  const std::vector<table::Item> items = Items();
  ASSERT_EQ(items.size(), 100u);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto item,
                                tables_->Get("WebsiteOrders", {.hash = table::Attribute::Of(17850),
                                                               .range = table::Attribute::Text("536365-85120A")}));
  ASSERT_TRUE(item.has_value());
  EXPECT_EQ(table::ToTypedJson(*item),
            R"({"Country":{"S":"United Kingdom"},"CustomerID":{"N":"17850"},"Description":{"S":"HEART, WHITE"},)"
            R"("OrderDate":{"S":"12/1/2010 8:26"},"OrderID":{"S":"536365-85120A"},"Quantity":{"N":"6"},)"
            R"("UnitPrice":{"N":"2.55"}})");
}

TEST_F(TableSinkTest, C4_2_TheSameBatchTwiceChangesNothingAndTheLaterRowWins) {
  TAILRACE_ASSERT_OK(sink_->Write(CleanOrders(100), 1));
  const std::vector<table::Item> before = Items();
  TAILRACE_ASSERT_OK(sink_->Write(CleanOrders(100), 1));
  EXPECT_EQ(Items(), before);
  EXPECT_EQ(sink_->last_ordinal(), 100u);

  const auto with_quantity = [](std::string quantity) {
    std::vector<Value> row = OrderRow(0);
    row[3] = std::move(quantity);
    return row;
  };
  const auto quantity = [&] {
    const auto item = tables_->Get(
        "WebsiteOrders", {.hash = table::Attribute::Of(17850), .range = table::Attribute::Text("536365-85120A")});
    return item->value().at("Quantity").number()->ToString();
  };
  TAILRACE_ASSERT_OK(sink_->Write(MakeBatch(OrderSchema(), {with_quantity("7"), with_quantity("8")}), 101));
  EXPECT_EQ(quantity(), "8");
  TAILRACE_ASSERT_OK(sink_->Write(MakeBatch(OrderSchema(), {with_quantity("9")}), 103));
  EXPECT_EQ(quantity(), "9");
  EXPECT_EQ(Items().size(), 100u);
}

TEST_F(TableSinkTest, C4_3_BadRowsGoToTheDeadLettersAndTheOthersAreWritten) {
  std::vector<std::vector<Value>> rows;
  for (int i = 0; i < 100; ++i) rows.push_back(OrderRow(i));
  rows[10][6] = "";       // No customer.
  rows[20][3] = "six";    // Text quantity.
  rows[30][5] = Value();  // No price at all.
  TAILRACE_ASSERT_OK(sink_->Write(MakeBatch(OrderSchema(), rows), 1));
  EXPECT_EQ(Items().size(), 97u);
  EXPECT_EQ(sink_->last_ordinal(), 100u);
  EXPECT_EQ(metrics_.Read("tailrace_dead_letters_total", {{"sink", "orders"}}), 3);
  EXPECT_EQ(metrics_.Read("tailrace_sink_rows_total", {{"sink", "orders"}}), 97);

  Open();  // They are on disk.
  TAILRACE_ASSERT_OK_AND_ASSIGN(const DeadLetters::Page page, letters_->List("orders", {}, 10));
  ASSERT_EQ(page.letters.size(), 3u);
  EXPECT_EQ(page.letters[0].id.ordinal, 11u);
  EXPECT_EQ(page.letters[0].reason, "attribute \"CustomerID\": empty text is not a number");
  EXPECT_EQ(page.letters[1].reason, "attribute \"Quantity\": not a number: \"six\"");
  EXPECT_EQ(page.letters[2].reason, "attribute \"UnitPrice\": its column is NULL");
  EXPECT_EQ(page.letters[1].bytes, "raw 21");
  EXPECT_EQ(page.letters[1].shard, 0u);
  EXPECT_EQ(page.letters[1].sequence, 20u);
  EXPECT_EQ(page.letters[1].time, clock_.Now());
  EXPECT_THAT(page.letters[1].row_json, HasSubstr(R"("Quantity":"six")"));

  // Redriven as it is it fails again; with the row mended, or the mapping, it is written and the letter is gone.
  MakeSink(OrderRules());
  EXPECT_EQ(sink_->last_ordinal(), 100u);
  EXPECT_FALSE(RedriveLetter(*letters_, {"orders", 21}, *sink_).ok());
  EXPECT_EQ(letters_->Get({"orders", 21})->redrives, 1u);
  std::string mended = page.letters[1].row_json;
  mended.replace(mended.find("six"), 3, "6");
  TAILRACE_EXPECT_OK(RedriveLetter(*letters_, {"orders", 21}, *sink_, mended));
  std::vector<AttributeRule> rules = OrderRules();
  rules[4].optional = true;
  MakeSink(rules);
  TAILRACE_EXPECT_OK(RedriveLetter(*letters_, {"orders", 31}, *sink_));
  EXPECT_EQ(Items().size(), 99u);
  EXPECT_EQ(letters_->count("orders"), 1u);
  EXPECT_EQ(RedriveLetter(*letters_, {"orders", 31}, *sink_).error().code, ErrorCode::kNotFound);
  TAILRACE_EXPECT_OK(letters_->Delete({"orders", 11}));
  EXPECT_TRUE(letters_->counts().empty());
}

TEST_F(TableSinkTest, C4_6_NegativeQuantitiesAndCInvoicesAreStoredAsTheyAre) {
  std::vector<Value> row = OrderRow(0);
  row[0] = "C536379";
  row[3] = "-1";
  TAILRACE_ASSERT_OK(sink_->Write(MakeBatch(OrderSchema(), {row}), 1));
  const std::vector<table::Item> items = Items();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(*items[0].at("OrderID").text(), "C536379-85120A");
  EXPECT_EQ(items[0].at("Quantity").number()->ToString(), "-1");
}

TEST_F(TableSinkTest, DeadLettersAreBoundedAndPaged) {
  std::vector<std::vector<Value>> rows;
  for (int i = 0; i < 8; ++i) {
    rows.push_back(OrderRow(i));
    rows.back()[6] = "";
  }
  TAILRACE_ASSERT_OK(sink_->Write(MakeBatch(OrderSchema(), rows), 1));
  EXPECT_EQ(letters_->count("orders"), 5u);
  EXPECT_EQ(metrics_.Read("tailrace_dead_letters_dropped_total", {{"sink", "orders"}}), 3);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const DeadLetters::Page first, letters_->List("", {}, 3));
  ASSERT_TRUE(first.last.has_value());
  EXPECT_EQ(first.letters[0].id.ordinal, 4u);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const DeadLetters::Page second, letters_->List("", first.last, 3));
  EXPECT_EQ(second.letters.size(), 2u);
  EXPECT_FALSE(second.last.has_value());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const uint64_t purged, letters_->Purge("orders"));
  EXPECT_EQ(purged, 5u);
}

TEST_F(TableSinkTest, RefusesAMappingThatCannotWork) {
  const auto error_of = [&](std::vector<AttributeRule> rules) {
    const auto sink = MakeTableSink(
        {.name = "x", .table = "WebsiteOrders", .schema = OrderSchema(), .item = std::move(rules)}, *environment_);
    return sink.ok() ? "" : sink.error().message;
  };
  EXPECT_THAT(error_of({{"CustomerID", "Customer"}}), HasSubstr("nothing makes the key attribute \"OrderID\""));
  EXPECT_THAT(error_of({{"CustomerID", "Custmer"}, {"OrderID", "InvoiceNo"}}),
              HasSubstr("no column \"Custmer\", did you mean \"Customer\"?"));
  EXPECT_THAT(error_of({{"CustomerID", "Customer"}, {"OrderID", "${InvoiceNo"}}), HasSubstr("} is missing"));
  EXPECT_THAT(error_of({{"CustomerID", "sqrt(Customer)"}, {"OrderID", "InvoiceNo"}}),
              HasSubstr("unknown function \"sqrt\""));
  EXPECT_EQ(MakeTableSink({.name = "x", .table = "nope", .schema = OrderSchema()}, *environment_).error().code,
            ErrorCode::kNotFound);
}

TEST(ItemMappingTest, TakesEveryTypeExactly) {
  const data::Schema schema{.fields = {{.name = "D", .type = data::Type::Double()},
                                       {.name = "M", .type = data::Type::Decimal(18, 2)},
                                       {.name = "T", .type = data::Type::Timestamp()},
                                       {.name = "B", .type = data::Type::Boolean()},
                                       {.name = "S", .type = data::Type::Varchar(10)}}};
  const data::Batch batch =
      MakeBatch(schema, {{2.55, int64_t{1234567890123456789}, int64_t{1513300190000}, true, " x "}});
  TAILRACE_ASSERT_OK_AND_ASSIGN(const table::Item identity, ItemMapping::Identity(schema).ToItem(batch, 0));
  EXPECT_EQ(table::ToPlainJson(identity),
            R"({"B":true,"D":2.55,"M":12345678901234567.89,"S":" x ","T":"2017-12-15 01:09:50.000"})");
  TAILRACE_ASSERT_OK_AND_ASSIGN(
      const ItemMapping mapping,
      ItemMapping::Make(schema, {{"t", "T", AttributeType::kNumber}, {"s", "<${trim(S)}|${D}>"}, {"u", "upper(S)"}}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const table::Item item, mapping.ToItem(batch, 0));
  EXPECT_EQ(table::ToPlainJson(item), R"({"s":"<x|2.55>","t":1513300190000,"u":" X "})");
}

TEST(RowFromJsonTest, GivesBackWhatWasWritten) {
  const data::Schema schema{.fields = {{.name = "D", .type = data::Type::Double()},
                                       {.name = "M", .type = data::Type::Decimal(18, 2)},
                                       {.name = "I", .type = data::Type::Bigint()},
                                       {.name = "T", .type = data::Type::Timestamp()},
                                       {.name = "B", .type = data::Type::Boolean()},
                                       {.name = "S", .type = data::Type::Varchar(30)},
                                       {.name = "R", .type = {.kind = data::TypeKind::kVarbinary, .precision = 4}}}};
  const std::vector<Value> row = {
      1.0E-5,         int64_t{1234567890123456789}, int64_t{-5}, int64_t{1513300190123}, false,
      "a \"1\" \\ 2", std::string("\x00\xff", 2)};
  const data::Batch batch = MakeBatch(schema, {row});
  std::string json;
  data::RowWriter(schema, {}).Append(json, batch, 0);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const data::Batch back, RowFromJson(schema, json));
  for (size_t i = 0; i < row.size(); ++i) EXPECT_EQ(back.columns[i]->ValueAt(0), row[i]) << i;
  EXPECT_FALSE(RowFromJson(schema, "[]").ok());
  EXPECT_THAT(RowFromJson(schema, R"({"I":"x"})").error().message, HasSubstr("column \"I\": \"x\" is not BIGINT"));
}

}  // namespace
}  // namespace tailrace::sink
