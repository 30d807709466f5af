#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

#include "base/check.h"
#include "base/rng.h"
#include "base/str.h"
#include "sim/sim_clock.h"
#include "table/table_store.h"
#include "table/temporary_folder.h"

// Time of one query by hash key in a table of 1,000,000 items, 20 a hash key, keys uniform, seed 1; with the 99th
// percentile. And of a transaction of 500 items, not synced.

namespace tailrace::table {
namespace {

constexpr int64_t kCustomers = 50'000;
constexpr int kOrdersEach = 20;
const std::string kTable = "orders";

double ThreadMicroseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

Item Order(int64_t customer, int order) {
  return {{"CustomerID", Attribute::Of(customer)},
          {"OrderID", Attribute::Text(StrCat(536365 + order, "-85123A"))},
          {"Description", Attribute::Text("WHITE HANGING HEART T-LIGHT HOLDER")},
          {"Quantity", Attribute::Of(6)},
          {"UnitPrice", Attribute{Number::Parse("2.55").value()}},
          {"Country", Attribute::Text("United Kingdom")}};
}

struct Filled {
  TemporaryFolder folder;
  sim::SimClock clock{FromUnixMs(0)};
  std::unique_ptr<TableStore> store;

  explicit Filled(int64_t customers) {
    store = TableStore::Open(folder.path(), clock, {.sync = false}).value();
    const TableOptions options{
        .key = {.hash = {"CustomerID", KeyType::kNumber}, .range = KeyAttribute{"OrderID", KeyType::kString}}};
    TAILRACE_CHECK(store->CreateTable(kTable, options).ok());
    for (int order = 0; order < kOrdersEach; ++order) {
      for (int64_t first = 0; first < customers; first += 1000) {
        Changes changes;
        for (int64_t customer = first; customer < std::min(customers, first + 1000); ++customer) {
          changes.Put(kTable, Order(customer, order));
        }
        TAILRACE_CHECK(store->Apply(changes).ok());
      }
    }
  }
};

void QueryByHashKey(benchmark::State& state) {
  const Filled filled(kCustomers);
  Rng rng(1);
  std::vector<double> microseconds;
  std::vector<double> processor_microseconds;  // Tells the query's own cost on a busy machine.
  for ([[maybe_unused]] auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    const double processor_begin = ThreadMicroseconds();
    const auto customer = static_cast<int64_t>(rng.Below(kCustomers));
    const auto page = filled.store->Query(kTable, {.hash = Attribute::Of(customer)});
    processor_microseconds.push_back(ThreadMicroseconds() - processor_begin);
    TAILRACE_CHECK(page.ok() && page->items.size() == kOrdersEach);
    microseconds.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  const auto report = [&](const std::string& name, std::vector<double>& values) {
    std::ranges::sort(values);
    state.counters[name + "_p50_us"] = values[values.size() / 2];
    state.counters[name + "_p99_us"] = values[values.size() * 99 / 100];
  };
  report("wall", microseconds);
  report("cpu", processor_microseconds);
}
BENCHMARK(QueryByHashKey)->Iterations(20'000)->Unit(benchmark::kMicrosecond);

void PutFiveHundred(benchmark::State& state) {
  const Filled filled(1000);
  int64_t customer = 1000;
  for ([[maybe_unused]] auto _ : state) {
    Changes changes;
    for (int i = 0; i < 500; ++i) changes.Put(kTable, Order(customer++, 1));
    TAILRACE_CHECK(filled.store->Apply(changes).ok());
  }
  state.SetItemsProcessed(state.iterations() * 500);
}
BENCHMARK(PutFiveHundred)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tailrace::table
