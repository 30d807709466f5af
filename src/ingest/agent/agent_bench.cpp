#include <benchmark/benchmark.h>

#include "base/str.h"
#include "ingest/agent/record_parser.h"

// Reports bytes/s of cutting a file's bytes into records and converting them, without disk and target.

namespace tailrace::ingest {
namespace {

class StillClock final : public Clock {
 public:
  Timestamp Now() const override { return FromUnixMs(0); }
  std::chrono::nanoseconds Monotonic() const override { return {}; }
};

void ParseAll(benchmark::State& state, std::string_view options, std::string_view line) {
  const auto loaded = ParseAgentConfig(
      StrCat(R"({"flows": [{"filePattern": "/l/a", "kinesisStream": "s")", options.empty() ? "" : ",", options, "}]}"),
      "agent.json");
  TAILRACE_CHECK(loaded.ok());
  const StillClock clock;
  auto parser = RecordParser::Make(loaded.config.flows[0], {.records_max = 10'000}, clock, nullptr);
  TAILRACE_CHECK(parser.ok());
  std::string bytes;
  while (bytes.size() < (256 << 10)) bytes += line;
  RecordBatch batch;
  ParseCounters counters;
  for ([[maybe_unused]] auto _ : state) {
    FilePosition position;
    batch.Begin(1);
    parser->Parse(bytes, 1, position, batch, counters, [](uint64_t, std::string_view, std::string_view) {});
    TAILRACE_CHECK(position.offset == bytes.size());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
  state.SetItemsProcessed(static_cast<int64_t>(counters.parsed));
}

constexpr std::string_view kApacheLine =
    "123.45.67.89 - - [27/Oct/2000:09:27:09 -0400] \"GET /java/javaResources.html HTTP/1.0\" 200 10450 \"-\" "
    "\"Mozilla/4.6 [en] (X11; U; OpenBSD 2.8 i386; Nav)\"\n";
constexpr std::string_view kOrderLine =
    "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom\r\n";
constexpr std::string_view kOrderNames = R"("customFieldNames": ["InvoiceNo", "StockCode", "Description", "Quantity",)"
                                         R"( "InvoiceDate", "UnitPrice", "Customer", "Country"])";

void AgentPassthrough(benchmark::State& state) { ParseAll(state, "", kApacheLine); }
void AgentCsvToJson(benchmark::State& state) {
  ParseAll(state, StrCat(R"("dataProcessingOptions": [{"optionName": "CSVTOJSON", )", kOrderNames, "}]"), kOrderLine);
}
void AgentLogToJson(benchmark::State& state) {
  ParseAll(state, R"("dataProcessingOptions": [{"optionName": "LOGTOJSON", "logFormat": "COMBINEDAPACHELOG"}])",
           kApacheLine);
}
BENCHMARK(AgentPassthrough);
BENCHMARK(AgentCsvToJson);
BENCHMARK(AgentLogToJson);

}  // namespace
}  // namespace tailrace::ingest
