#include "ingest/generate/orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/str.h"
#include "ingest/formats/csv_reader.h"
#include "ingest/formats/decoder_testing.h"

namespace tailrace::ingest {
namespace {

constexpr uint64_t kLines = 300 * 64;

Timestamp At(std::string_view text) { return FromUnixMs(data::ParseTimestamp(text, true).value()); }

TEST(OrderGeneratorTest, MakesTheSameLineForTheSameIndex) {
  const OrderGenerator a({.seed = 7});
  const OrderGenerator b({.seed = 7});
  const Timestamp time = At("2010-12-01 08:26:00");
  EXPECT_EQ(a.Lines(100, 50, time), b.Lines(100, 50, time));
  EXPECT_EQ(a.Lines(0, 3, time), a.Line(0, time) + a.Line(1, time) + a.Line(2, time));
  EXPECT_NE(OrderGenerator({.seed = 8}).Lines(0, 50, time), a.Lines(0, 50, time));
}

TEST(OrderGeneratorTest, C1_6_LooksLikeTheOrderLog) {
  const OrderGenerator orders({.seed = 1});
  const std::string text = orders.Lines(0, kLines, At("2010-12-01 08:06:00"));
  EXPECT_THAT(orders.Header(), testing::StartsWith("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,"));
  CsvReader reader(text, "\n", ",");
  std::vector<CsvField> fields;
  std::map<std::string, std::set<std::string>> customers_of_invoice;
  uint64_t rows = 0;
  uint64_t cancelled = 0;
  uint64_t anonymous = 0;
  uint64_t commas = 0;
  uint64_t quotes = 0;
  while (reader.Next(fields)) {
    ASSERT_EQ(fields.size(), 8u);
    ++rows;
    const std::string invoice(fields[0].text);
    const bool credit = invoice.starts_with('C');
    const int64_t number = ParseInt64(credit ? invoice.substr(1) : invoice).value();
    EXPECT_GE(number, 536'365);
    EXPECT_LT(number, 536'365 + static_cast<int64_t>(kLines / 4) + 16);
    EXPECT_EQ(credit, ParseInt64(fields[3].text).value() < 0);
    EXPECT_EQ(fields[4].text, "12/1/2010 8:06");
    EXPECT_GT(ParseDouble(fields[5].text).value(), 0);
    EXPECT_FALSE(fields[7].text.empty());
    cancelled += credit ? 1 : 0;
    anonymous += fields[6].text.empty() ? 1 : 0;
    commas += fields[2].text.find(',') != std::string_view::npos ? 1 : 0;
    quotes += fields[2].text.find('"') != std::string_view::npos ? 1 : 0;
    customers_of_invoice[invoice].insert(std::string(fields[6].text));
  }
  EXPECT_EQ(rows, kLines);
  EXPECT_NEAR(static_cast<double>(anonymous) / kLines, 0.25, 0.05);
  EXPECT_NEAR(static_cast<double>(cancelled) / kLines, 0.02, 0.01);
  EXPECT_GT(commas, kLines / 50);
  EXPECT_GT(quotes, kLines / 100);
  EXPECT_EQ(customers_of_invoice.size(), kLines / 4);  // 16 invoices on 64 lines.
  for (const auto& [invoice, customers] : customers_of_invoice) EXPECT_EQ(customers.size(), 1u) << invoice;
  EXPECT_TRUE(text.ends_with("\r\n"));
  EXPECT_TRUE(IsValidUtf8(text));
}

TEST(OrderGeneratorTest, OffersLatin1AndPlainLineEnds) {
  const OrderGenerator orders({.seed = 1, .latin1 = true, .crlf = false});
  const std::string text = orders.Lines(0, 2'000, At("2010-12-01 08:26:00"));
  EXPECT_FALSE(IsValidUtf8(text));
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(OrderGeneratorTest, C1_6_NamesBurstFilesAndCountsARate) {
  EXPECT_EQ(BurstFileName(At("2018-11-01 01:02:03")), "20181101-010203.log");
  using namespace std::chrono_literals;
  EXPECT_EQ(LinesDue(0s, 10), 1u);
  EXPECT_EQ(LinesDue(99ms, 10), 1u);
  EXPECT_EQ(LinesDue(100ms, 10), 2u);
  EXPECT_EQ(LinesDue(180s, 10), 1801u);
  EXPECT_EQ(LinesDue(10s, 0), 0u);
}

}  // namespace
}  // namespace tailrace::ingest
