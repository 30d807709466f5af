#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "ingest/generate/zipf.h"

namespace tailrace::ingest {

struct OrderOptions {
  uint64_t seed = 1;
  uint32_t products = 800;
  uint32_t customers = 4'000;
  double without_customer = 0.25;  // Share of invoices whose Customer is empty.
  double cancelled = 0.02;         // Share of invoices that begin with C and have negative quantities.
  bool latin1 = false;             // Some descriptions have bytes of Latin-1 that are not UTF-8.
  bool crlf = true;                // Line ends as a CSV writer makes them; else a line feed alone.
};

// One line of an order log, as fields.
struct OrderLine {
  std::string invoice_no;   // "536365", "C536379"
  std::string stock_code;   // "85123A"
  std::string description;  // With commas and quotes in places.
  int64_t quantity = 0;
  std::string invoice_date;  // "12/1/2010 8:26": month, day, year, UTC.
  std::string unit_price;    // "2.55"
  std::string customer;      // "17850", or empty
  std::string country;
};

// Made-up orders of an online shop with the columns of a well-known retail data set. Line number `index` is always the
// same for the same options, whatever was asked before; only its date comes from `time`.
//
// Threads  Any.
class OrderGenerator {
 public:
  explicit OrderGenerator(const OrderOptions& options);

  OrderLine Make(uint64_t index, Timestamp time) const;
  // As CSV with its line end.
  std::string Line(uint64_t index, Timestamp time) const;
  // Lines `first` to `first` + `count` - 1.
  std::string Lines(uint64_t first, uint64_t count, Timestamp time) const;
  // The columns' names, as CSV with its line end.
  std::string Header() const;

 private:
  struct Product {
    std::string stock_code;
    std::string description;
    int64_t price_cents;
  };

  static Product MakeProduct(Rng& rng, bool latin1);

  const OrderOptions options_;
  std::vector<Product> products_;
  Zipf product_popularity_;
};

// The file that a burst of lines goes into: "20181101-010000.log".
std::string BurstFileName(Timestamp time);

// How many lines a steady rate has made after `elapsed`, the first one at once.
uint64_t LinesDue(std::chrono::nanoseconds elapsed, double lines_per_s);

}  // namespace tailrace::ingest
