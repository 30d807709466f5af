#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/str.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/decoder_testing.h"
#include "ingest/generate/access_logs.h"
#include "ingest/generate/orders.h"

// Time a record from bytes to columns, warm, one thread, seed 1; beside it what the bare library needs for the same
// fields. Records are 4096 at a time, as many as a batch has.

namespace tailrace::ingest {
namespace {

constexpr uint64_t kRecords = 4096;
constexpr int64_t kTime = 972'638'829'000;

struct Records {
  std::string bytes;  // All of them, with room behind for simdjson.
  std::vector<data::Record> records;
};

Records Cut(std::string bytes) {
  Records cut{.bytes = std::move(bytes)};
  cut.bytes.reserve(cut.bytes.size() + simdjson::SIMDJSON_PADDING);
  std::string_view rest = cut.bytes;
  while (!rest.empty()) {
    const size_t size = rest.find('\n') + 1;
    cut.records.push_back({.data = rest.substr(0, size), .partition_key = "key", .arrival_unix_ms = kTime});
    rest.remove_prefix(size);
  }
  return cut;
}

Records AccessLog(AccessLogFormat format) {
  const AccessLogGenerator generator({.seed = 1, .format = format});
  return Cut(generator.Lines(0, kRecords, FromUnixMs(kTime)));
}

void ReportRecords(benchmark::State& state, const Records& records) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(records.records.size()));
  state.counters["bytes_a_record"] =
      static_cast<double>(records.bytes.size()) / static_cast<double>(records.records.size());
}

void Decode(benchmark::State& state, const InputSchema& schema, UsedColumns used, const Records& records) {
  const std::unique_ptr<Decoder> decoder = MakeDecoder(schema, std::move(used)).value();
  for ([[maybe_unused]] auto _ : state) {
    const Decoded decoded = decoder->Decode(records.records);
    TAILRACE_CHECK(decoded.batch.rows() == records.records.size());
    benchmark::DoNotOptimize(decoded.batch.columns.data());
  }
  ReportRecords(state, records);
}

InputSchema JsonSchema() {
  return MakeSchema("json", {{"request_time", "VARCHAR(32)"},
                             {"client_ip", "VARCHAR(40)"},
                             {"client_hostname", "VARCHAR(64)"},
                             {"server_ip", "VARCHAR(40)"},
                             {"request", "VARCHAR(256)"},
                             {"http_method", "VARCHAR(8)"},
                             {"status", "INTEGER"},
                             {"size", "BIGINT"},
                             {"userAgent", "VARCHAR(256)"},
                             {"referer", "VARCHAR(256)"}});
}

void JsonThreeOfTenColumns(benchmark::State& state) {
  Decode(state, JsonSchema(), {true, true, false, false, false, false, true}, AccessLog(AccessLogFormat::kJson));
}
BENCHMARK(JsonThreeOfTenColumns);

void JsonAllTenColumns(benchmark::State& state) {
  Decode(state, JsonSchema(), UsedColumns(10, true), AccessLog(AccessLogFormat::kJson));
}
BENCHMARK(JsonAllTenColumns);

void BareSimdjsonThreeFieldsLineByLine(benchmark::State& state) {
  const Records records = AccessLog(AccessLogFormat::kJson);
  simdjson::ondemand::parser parser;
  size_t sum = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (const data::Record& record : records.records) {
      auto document =
          parser.iterate(record.data.data(), record.data.size(), record.data.size() + simdjson::SIMDJSON_PADDING);
      sum += document["request_time"].get_string().value().size();
      sum += document["client_ip"].get_string().value().size();
      sum += document["status"].get_string().value().size();
    }
  }
  benchmark::DoNotOptimize(sum);
  ReportRecords(state, records);
}
BENCHMARK(BareSimdjsonThreeFieldsLineByLine);

void BareSimdjsonThreeFieldsStream(benchmark::State& state) {
  const Records records = AccessLog(AccessLogFormat::kJson);
  simdjson::ondemand::parser parser;
  parser.threaded = false;
  size_t sum = 0;
  for ([[maybe_unused]] auto _ : state) {
    simdjson::ondemand::document_stream stream;
    TAILRACE_CHECK(parser.iterate_many(records.bytes.data(), records.bytes.size(), 256 << 10).get(stream) ==
                   simdjson::SUCCESS);
    for (auto document : stream) {
      sum += document["request_time"].get_string().value().size();
      sum += document["client_ip"].get_string().value().size();
      sum += document["status"].get_string().value().size();
    }
  }
  benchmark::DoNotOptimize(sum);
  ReportRecords(state, records);
}
BENCHMARK(BareSimdjsonThreeFieldsStream);

void CombinedLogThreeFields(benchmark::State& state) {
  const InputSchema schema =
      MakeSchema("combined", {{"datetime", "TIMESTAMP"}, {"host", "VARCHAR(40)"}, {"response", "INTEGER"}});
  Decode(state, schema, UsedColumns(3, true), AccessLog(AccessLogFormat::kCombined));
}
BENCHMARK(CombinedLogThreeFields);

void CsvEightColumns(benchmark::State& state) {
  const InputSchema schema = MakeSchema("csv", {{"InvoiceNo", "VARCHAR(16)"},
                                                {"StockCode", "VARCHAR(16)"},
                                                {"Description", "VARCHAR(64)"},
                                                {"Quantity", "INTEGER"},
                                                {"InvoiceDate", "VARCHAR(32)"},
                                                {"UnitPrice", "DOUBLE"},
                                                {"Customer", "INTEGER"},
                                                {"Country", "VARCHAR(32)"}});
  Decode(state, schema, UsedColumns(8, true), Cut(OrderGenerator({.seed = 1}).Lines(0, kRecords, FromUnixMs(kTime))));
}
BENCHMARK(CsvEightColumns);

}  // namespace
}  // namespace tailrace::ingest
