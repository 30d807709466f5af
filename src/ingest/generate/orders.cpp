#include "ingest/generate/orders.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::ingest {
namespace {

constexpr uint64_t kFirstInvoice = 536'365;
constexpr uint64_t kBlockLines = 64;  // Lines are cut into invoices block by block, so that any line is found alone.
constexpr uint64_t kBlockInvoices = 16;
constexpr double kPopularityExponent = 0.9;
constexpr int64_t kMsPerDay = 86'400'000;

constexpr std::array<std::string_view, 16> kColours = {"WHITE", "RED",   "CREAM",   "PINK",      "BLUE",    "GREEN",
                                                       "IVORY", "JUMBO", "VINTAGE", "RETROSPOT", "REGENCY", "WOODEN",
                                                       "GLASS", "METAL", "SILVER",  "PAISLEY"};
constexpr std::array<std::string_view, 20> kThings = {"HANGING HEART T-LIGHT HOLDER",
                                                      "LANTERN",
                                                      "CUPID HEARTS COAT HANGER",
                                                      "HOT WATER BOTTLE",
                                                      "CAKE TIN",
                                                      "TEA TOWEL",
                                                      "LUNCH BAG",
                                                      "ALARM CLOCK",
                                                      "DOORMAT",
                                                      "BIRD ORNAMENT",
                                                      "PICTURE FRAME",
                                                      "CAKESTAND 3 TIER",
                                                      "BUNTING",
                                                      "PARTY CANDLES",
                                                      "SHOPPING BAG",
                                                      "NAPKIN CHARMS",
                                                      "STORAGE JAR",
                                                      "PHOTO CUBE",
                                                      "PLAYHOUSE KITCHEN",
                                                      "MUG"};
struct CountryShare {
  std::string_view name;
  double share;
};
constexpr std::array<CountryShare, 8> kCountries = {{{"United Kingdom", 0.88},
                                                     {"Germany", 0.03},
                                                     {"France", 0.03},
                                                     {"EIRE", 0.02},
                                                     {"Spain", 0.01},
                                                     {"Netherlands", 0.01},
                                                     {"Belgium", 0.01},
                                                     {"Norway", 0.01}}};

std::string_view DrawCountry(Rng& rng) {
  double left = rng.Uniform();
  for (const CountryShare& country : kCountries) {
    left -= country.share;
    if (left < 0) return country.name;
  }
  return kCountries.back().name;
}

std::string PriceText(int64_t cents) { return fmt::format("{}.{:02}", cents / 100, cents % 100); }

// "12/1/2010 8:26"
std::string DateText(Timestamp time) {
  const int64_t unix_ms = ToUnixMs(time);
  const int64_t ms_of_day = ((unix_ms % kMsPerDay) + kMsPerDay) % kMsPerDay;
  const data::CivilDate date = data::CivilFromDays((unix_ms - ms_of_day) / kMsPerDay);
  return fmt::format("{}/{}/{} {}:{:02}", date.month, date.day, date.year, ms_of_day / 3'600'000,
                     ms_of_day / 60'000 % 60);
}

void AppendField(std::string& line, std::string_view field) {
  if (!line.empty()) line += ',';
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    line += field;
    return;
  }
  line += '"';
  for (const char c : field) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

// First line of each invoice of a block, ascending from 0.
std::array<uint64_t, kBlockInvoices> CutBlock(Rng& rng) {
  std::array<bool, kBlockLines> begins{};
  begins[0] = true;
  for (uint64_t cuts = 1; cuts < kBlockInvoices;) {
    bool& line = begins[rng.Below(kBlockLines)];
    if (!line) ++cuts;
    line = true;
  }
  std::array<uint64_t, kBlockInvoices> first_lines{};
  size_t invoice = 0;
  for (uint64_t line = 0; line < kBlockLines; ++line) {
    if (begins[line]) first_lines[invoice++] = line;
  }
  return first_lines;
}

}  // namespace

OrderGenerator::Product OrderGenerator::MakeProduct(Rng& rng, bool latin1) {
  Product product;
  product.stock_code = StrCat(10'000 + rng.Below(80'000));
  if (rng.Chance(0.3)) product.stock_code += static_cast<char>('A' + rng.Below(8));
  const std::string_view colour = kColours[rng.Below(kColours.size())];
  const std::string_view thing = kThings[rng.Below(kThings.size())];
  const double kind = rng.Uniform();
  if (kind < 0.1) {
    product.description = StrCat("SET OF ", 2 + rng.Below(10), ", ", colour, " ", thing);
  } else if (kind < 0.15) {
    product.description = StrCat(thing, " \"", colour, "\"");
  } else if (latin1 && kind < 0.2) {
    product.description = StrCat(colour, " CAF\xc9 ", thing);  // E with acute accent.
  } else {
    product.description = StrCat(colour, " ", thing);
  }
  if (rng.Chance(0.1)) product.description += ' ';
  product.price_cents = 19 + static_cast<int64_t>(rng.Exponential() * 350);
  return product;
}

OrderGenerator::OrderGenerator(const OrderOptions& options)
    : options_(options), product_popularity_(std::max(options.products, 1U), kPopularityExponent) {
  Rng rng(options.seed);
  for (uint32_t i = 0; i < std::max(options.products, 1U); ++i) products_.push_back(MakeProduct(rng, options.latin1));
}

OrderLine OrderGenerator::Make(uint64_t index, Timestamp time) const {
  const uint64_t block = index / kBlockLines;
  Rng block_rng = RngFor(options_.seed, block);
  const std::array<uint64_t, kBlockInvoices> first_lines = CutBlock(block_rng);
  const auto next = std::ranges::upper_bound(first_lines, index % kBlockLines);
  const uint64_t invoice = block * kBlockInvoices + static_cast<uint64_t>(next - first_lines.begin()) - 1;

  Rng invoice_rng = RngFor(options_.seed ^ 0x1f, invoice);
  const bool cancelled = invoice_rng.Chance(options_.cancelled);
  const bool anonymous = invoice_rng.Chance(options_.without_customer);
  const uint64_t customer = 12'346 + invoice_rng.Below(std::max(options_.customers, 1U));
  Rng customer_rng = RngFor(options_.seed ^ 0x2f, customer);  // A customer stays in one country.

  Rng line_rng = RngFor(options_.seed ^ 0x3f, index);
  const Product& product = products_[product_popularity_.Draw(line_rng)];
  const auto quantity = static_cast<int64_t>(1 + std::floor(line_rng.Exponential() * 8));
  return {.invoice_no = StrCat(cancelled ? "C" : "", kFirstInvoice + invoice),
          .stock_code = product.stock_code,
          .description = product.description,
          .quantity = cancelled ? -quantity : quantity,
          .invoice_date = DateText(time),
          .unit_price = PriceText(product.price_cents),
          .customer = anonymous ? "" : StrCat(customer),
          .country = std::string(DrawCountry(customer_rng))};
}

std::string OrderGenerator::Line(uint64_t index, Timestamp time) const {
  const OrderLine order = Make(index, time);
  std::string line;
  AppendField(line, order.invoice_no);
  AppendField(line, order.stock_code);
  AppendField(line, order.description);
  AppendField(line, StrCat(order.quantity));
  AppendField(line, order.invoice_date);
  AppendField(line, order.unit_price);
  AppendField(line, order.customer);
  AppendField(line, order.country);
  return line += options_.crlf ? "\r\n" : "\n";
}

std::string OrderGenerator::Lines(uint64_t first, uint64_t count, Timestamp time) const {
  std::string lines;
  for (uint64_t index = first; index < first + count; ++index) lines += Line(index, time);
  return lines;
}

std::string OrderGenerator::Header() const {
  return StrCat("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,Customer,Country",
                options_.crlf ? "\r\n" : "\n");
}

std::string BurstFileName(Timestamp time) {
  const std::string iso = ToIso8601(time);  // 2018-11-01T01:00:00.000Z
  const std::string_view text = iso;
  return StrCat(text.substr(0, 4), text.substr(5, 2), text.substr(8, 2), "-", text.substr(11, 2), text.substr(14, 2),
                text.substr(17, 2), ".log");
}

uint64_t LinesDue(std::chrono::nanoseconds elapsed, double lines_per_s) {
  if (lines_per_s <= 0 || elapsed.count() < 0) return 0;
  return 1 + static_cast<uint64_t>(std::floor(static_cast<double>(elapsed.count()) * lines_per_s / 1e9));
}

}  // namespace tailrace::ingest
