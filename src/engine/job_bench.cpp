#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/rng.h"
#include "base/str.h"
#include "engine/job.h"
#include "sql/compile.h"

// Rows/s through a whole job: push, SQL, windows; no decoding. Keys are uniform, seed 1, batches of 1024 rows.

namespace tailrace::engine {
namespace {

constexpr size_t kBatchRows = 1024;

std::unique_ptr<Job> MakeJob(std::string_view text, MetricsRegistry& metrics) {
  sql::CompileResult compiled = sql::Compile({.text = text,
                                              .inputs = {{.name = "S",
                                                          .schema = {{{.name = "K", .type = data::Type::Varchar(16)},
                                                                      {.name = "N", .type = data::Type::Bigint()},
                                                                      {.name = "V", .type = data::Type::Double()}}}}},
                                              .tables = {},
                                              .options = {}});
  TAILRACE_CHECK(compiled.ok());
  auto job = Job::Make(std::make_shared<const sql::BoundProgram>(std::move(compiled.program)), {}, {}, metrics);
  TAILRACE_CHECK(job.ok());
  return std::move(job).value();
}

// Makes batches with an even spread of rows over time.
class Source {
 public:
  Source(uint64_t keys, int64_t rows_per_s) : keys_(keys), rows_per_s_(rows_per_s), key_type_(data::Type::Varchar(16)) {
    for (uint64_t key = 0; key < keys; ++key) texts_.push_back(StrCat("10.1.", key / 250, ".", key % 250));
    metadata_.push_back(data::Column::MakeConstant(data::Type::Timestamp(), data::Value(0), kBatchRows));
    for (int i = 1; i < sql::kMetadataColumns; ++i) {
      metadata_.push_back(data::Column::MakeConstant(data::Type::Varchar(), data::Value(), kBatchRows));
    }
  }
  data::Batch Next() {
    auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp(), kBatchRows);
    auto texts = std::make_shared<data::Column>(key_type_, kBatchRows);
    auto numbers = std::make_shared<data::Column>(data::Type::Bigint(), kBatchRows);
    auto values = std::make_shared<data::Column>(data::Type::Double(), kBatchRows);
    for (size_t row = 0; row < kBatchRows; ++row) {
      const uint64_t key = rng_.Below(keys_);
      rowtimes->mutable_int64s()[row] = static_cast<int64_t>(rows_++) * 1000 / rows_per_s_;
      texts->mutable_texts()[row] = texts_[key];
      numbers->mutable_int64s()[row] = static_cast<int64_t>(key);
      values->mutable_doubles()[row] = static_cast<double>(rng_.Below(1000)) / 8;
    }
    data::Batch batch{.rowtimes = std::move(rowtimes), .columns = {texts, numbers, values}};
    batch.columns.insert(batch.columns.end(), metadata_.begin(), metadata_.end());
    return batch;
  }

 private:
  const uint64_t keys_;
  const int64_t rows_per_s_;
  const data::Type key_type_;
  std::vector<std::string> texts_;
  std::vector<data::ColumnPtr> metadata_;
  Rng rng_{1};
  uint64_t rows_ = 0;
};

// Pushes `warm_rows` first, so that the windows are full; only the pushes are timed.
void Run(benchmark::State& state, std::string_view text, uint64_t keys, int64_t rows_per_s, uint64_t warm_rows) {
  MetricsRegistry metrics;
  const std::unique_ptr<Job> job = MakeJob(text, metrics);
  Source source(keys, rows_per_s);
  for (uint64_t row = 0; row < warm_rows; row += kBatchRows) TAILRACE_CHECK(job->Push(0, source.Next()).ok());
  constexpr size_t kBatchesAtOnce = 64;
  std::vector<data::Batch> batches(kBatchesAtOnce);
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    for (data::Batch& batch : batches) batch = source.Next();
    state.ResumeTiming();
    for (const data::Batch& batch : batches) TAILRACE_CHECK(job->Push(0, batch).ok());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kBatchesAtOnce * kBatchRows));
  state.counters["state_bytes"] = static_cast<double>(job->Pumps()[0].state_bytes);
}

void FilterProject(benchmark::State& state) {
  Run(state,
      "CREATE STREAM D (K VARCHAR(16), N BIGINT); CREATE PUMP p AS INSERT INTO D SELECT STREAM K, N + 1 FROM S "
      "WHERE V > 50;",
      20'000, 1000, 0);
}
BENCHMARK(FilterProject);

void TumblingCountByText(benchmark::State& state) {
  Run(state,
      "CREATE STREAM D (K VARCHAR(16), C BIGINT); CREATE PUMP p AS INSERT INTO D SELECT STREAM K, COUNT(*) FROM S "
      "GROUP BY K, STEP(S.ROWTIME BY INTERVAL '10' SECOND);",
      20'000, state.range(0), 0);
}
BENCHMARK(TumblingCountByText)->ArgName("rows_per_s")->Arg(1000)->Arg(100'000);

void TumblingCountOfAMillionKeys(benchmark::State& state) {
  Run(state,
      "CREATE STREAM D (N BIGINT, C BIGINT); CREATE PUMP p AS INSERT INTO D SELECT STREAM N, COUNT(*) FROM S "
      "GROUP BY N, FLOOR(S.ROWTIME TO DAY);",
      1'000'000, 1000, 4'000'000);
}
BENCHMARK(TumblingCountOfAMillionKeys);

// What a checkpoint of a million open keys costs: `pause_ms` is how long the job stands still, the time is that of the
// whole state, which another thread writes out.
void SaveAMillionKeys(benchmark::State& state) {
  MetricsRegistry metrics;
  const bool text = state.range(0) != 0;
  const std::unique_ptr<Job> job =
      MakeJob(text ? "CREATE STREAM D (K VARCHAR(16), C BIGINT, V BIGINT); CREATE PUMP p AS INSERT INTO D "
                     "SELECT STREAM K, COUNT(*), SUM(V) FROM S GROUP BY K, FLOOR(S.ROWTIME TO DAY);"
                   : "CREATE STREAM D (N BIGINT, C BIGINT, V BIGINT); CREATE PUMP p AS INSERT INTO D "
                     "SELECT STREAM N, COUNT(*), SUM(V) FROM S GROUP BY N, FLOOR(S.ROWTIME TO DAY);",
              metrics);
  Source source(1'000'000, 1000);
  for (uint64_t row = 0; row < 8'000'000; row += kBatchRows) TAILRACE_CHECK(job->Push(0, source.Next()).ok());
  std::vector<double> pauses_ms;
  uint64_t bytes = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto begun = std::chrono::steady_clock::now();
    ByteWriter writer = ByteWriter::Deferring();
    job->Save(writer);
    pauses_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
    bytes = std::move(writer).Finish().size();
  }
  std::ranges::sort(pauses_ms);
  state.counters["pause_ms_p50"] = pauses_ms[pauses_ms.size() / 2];
  state.counters["pause_ms_p99"] = pauses_ms[pauses_ms.size() * 99 / 100];
  state.counters["bytes"] = static_cast<double>(bytes);
  state.counters["state_bytes"] = static_cast<double>(job->Pumps()[0].state_bytes);
}
BENCHMARK(SaveAMillionKeys)->ArgName("text")->Arg(0)->Arg(1)->Iterations(100);

void SlidingCount(benchmark::State& state) {
  const int64_t seconds = state.range(0);
  Run(state,
      StrCat("CREATE STREAM D (N BIGINT, C BIGINT); CREATE PUMP p AS INSERT INTO D SELECT STREAM N, COUNT(*) OVER "
             "(PARTITION BY N RANGE INTERVAL '",
             seconds == 60 ? "1' MINUTE" : "1' HOUR", " PRECEDING) FROM S;"),
      100'000, 10'000, static_cast<uint64_t>(seconds) * 10'000 * 11 / 10);
}
BENCHMARK(SlidingCount)->ArgName("seconds")->Arg(60)->Arg(3600);

void SlidingCountSumMinMax(benchmark::State& state) {
  const int64_t seconds = state.range(0);
  Run(state,
      StrCat("CREATE STREAM D (N BIGINT, C BIGINT, S DOUBLE, L DOUBLE, H DOUBLE); CREATE PUMP p AS INSERT INTO D "
             "SELECT STREAM N, COUNT(*) OVER w, SUM(V) OVER w, MIN(V) OVER w, MAX(V) OVER w FROM S "
             "WINDOW w AS (PARTITION BY N RANGE INTERVAL '",
             seconds == 60 ? "1' MINUTE" : "1' HOUR", " PRECEDING);"),
      100'000, 10'000, static_cast<uint64_t>(seconds) * 10'000 * 11 / 10);
}
BENCHMARK(SlidingCountSumMinMax)->ArgName("seconds")->Arg(60)->Arg(3600);

// Each row finds about two others.
void StreamJoin(benchmark::State& state) {
  Run(state,
      "CREATE STREAM D (N BIGINT, V DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM A.N, B.V FROM S AS A "
      "JOIN S OVER (RANGE INTERVAL '1' MINUTE PRECEDING) AS B ON A.N = B.N;",
      30'000, 1000, 100'000);
}
BENCHMARK(StreamJoin);

void RandomCutForest(benchmark::State& state) {
  Run(state,
      "CREATE STREAM D (N BIGINT, V DOUBLE, A DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM * FROM TABLE("
      "RANDOM_CUT_FOREST(CURSOR(SELECT STREAM N, V FROM S), 100, 256, 100000, 1));",
      1000, 1000, 100'000);
}
BENCHMARK(RandomCutForest);

}  // namespace
}  // namespace tailrace::engine
