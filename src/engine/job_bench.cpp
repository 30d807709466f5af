#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <functional>
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

constexpr std::string_view kMillionKeys[] = {
    "tumbling",
    "CREATE STREAM D (N BIGINT, C BIGINT, V DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM N, COUNT(*), SUM(V) "
    "FROM S GROUP BY N, FLOOR(S.ROWTIME TO DAY);",
    "tumbling by text",
    "CREATE STREAM D (K VARCHAR(16), C BIGINT, V DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM K, COUNT(*), "
    "SUM(V) FROM S GROUP BY K, FLOOR(S.ROWTIME TO DAY);",
    "sliding",
    "CREATE STREAM D (N BIGINT, C BIGINT, V DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM N, COUNT(*) OVER w, "
    "SUM(V) OVER w FROM S WINDOW w AS (PARTITION BY N RANGE INTERVAL '1' HOUR PRECEDING);",
    "stagger",
    "CREATE STREAM D (N BIGINT, C BIGINT, V DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM N, COUNT(*), SUM(V) "
    "FROM S WINDOWED BY STAGGER (PARTITION BY N RANGE INTERVAL '1' HOUR);",
    "join",
    "CREATE STREAM D (N BIGINT, V DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM l.N, r.V FROM S OVER (RANGE "
    "INTERVAL '1' HOUR PRECEDING) AS l JOIN (SELECT STREAM N, V FROM S WHERE V < 0) OVER (RANGE INTERVAL '1' HOUR "
    "PRECEDING) AS r ON l.N = r.N;",
    "distinct",
    "CREATE STREAM D (N BIGINT, D TIMESTAMP); CREATE PUMP p AS INSERT INTO D SELECT STREAM DISTINCT N, FLOOR(S.ROWTIME "
    "TO DAY) FROM S;",
    "count distinct",
    "CREATE STREAM D (C BIGINT); CREATE PUMP p AS INSERT INTO D SELECT STREAM COUNT(DISTINCT N) FROM S GROUP BY "
    "FLOOR(S.ROWTIME TO DAY);",
};

// CPU time: what others do on the machine does not count.
double MillisecondsOf(const std::function<void()>& work) {
  const std::clock_t begun = std::clock();
  work();
  return static_cast<double>(std::clock() - begun) * 1000 / CLOCKS_PER_SEC;
}

double Percentile(std::vector<double> values, size_t percent) {
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, values.size() * percent / 100)];
}

// What a checkpoint of a million open keys costs the job. `pause_ms`: how long it stands still at one go, for the
// beginning and for every piece; `push_ms`: a push of 1024 rows while the state is being saved, against
// `push_alone_ms`; `copy_ms`: the limit, memcpy of the same bytes; `finish_ms`: the other thread's part. The time is
// that of all.
void SaveAMillionKeys(benchmark::State& state) {
  constexpr size_t kPieceBytes = 256 * 1024;
  MetricsRegistry metrics;
  const size_t kind = static_cast<size_t>(state.range(0)) * 2;
  state.SetLabel(std::string(kMillionKeys[kind]));
  const std::unique_ptr<Job> job = MakeJob(kMillionKeys[kind + 1], metrics);
  Source source(1'000'000, 1000);
  for (uint64_t row = 0; row < 4'000'000; row += kBatchRows) TAILRACE_CHECK(job->Push(0, source.Next()).ok());
  std::vector<double> pauses;
  std::vector<double> pushes;
  std::vector<double> pushes_alone;
  std::vector<double> finishes;
  std::vector<double> work;
  std::string bytes;
  for ([[maybe_unused]] auto _ : state) {
    ByteWriter writer = ByteWriter::Deferring();
    pauses.push_back(MillisecondsOf([&] { job->Save(writer); }));
    work.push_back(pauses.back());
    for (bool more = true; more;) {
      pauses.push_back(MillisecondsOf([&] { more = writer.WriteSome(kPieceBytes); }));
      work.back() += pauses.back();
      if (!more) break;
      const data::Batch batch = source.Next();
      pushes.push_back(MillisecondsOf([&] { TAILRACE_CHECK(job->Push(0, batch).ok()); }));
    }
    finishes.push_back(MillisecondsOf([&] { bytes = std::move(writer).Finish(); }));
    for (int i = 0; i < 20; ++i) {
      const data::Batch batch = source.Next();
      pushes_alone.push_back(MillisecondsOf([&] { TAILRACE_CHECK(job->Push(0, batch).ok()); }));
    }
  }
  std::string copy(bytes.size(), ' ');
  state.counters["copy_ms"] = MillisecondsOf([&] { std::memcpy(copy.data(), bytes.data(), bytes.size()); });
  benchmark::DoNotOptimize(copy.data());
  state.counters["pause_ms_p50"] = Percentile(pauses, 50);
  state.counters["pause_ms_p99"] = Percentile(pauses, 99);
  state.counters["pause_ms_max"] = Percentile(pauses, 100);
  state.counters["push_ms_p99"] = Percentile(pushes.empty() ? pushes_alone : pushes, 99);
  state.counters["push_alone_ms_p99"] = Percentile(pushes_alone, 99);
  state.counters["work_ms"] = Percentile(work, 50);
  state.counters["finish_ms"] = Percentile(finishes, 50);
  state.counters["bytes"] = static_cast<double>(bytes.size());
  state.counters["state_bytes"] = static_cast<double>(job->Pumps()[0].state_bytes);
}
BENCHMARK(SaveAMillionKeys)->ArgName("kind")->DenseRange(0, 6)->Iterations(20)->Unit(benchmark::kMillisecond);

// A sum of doubles over a million rows goes through all of them once in a window's time. `turn_ms`: the longest push
// then; with `saving`, of a checkpoint nothing is written yet, so that all rows are written before they change.
void SumTurnsItsStacks(benchmark::State& state) {
  const bool saving = state.range(0) != 0;
  MetricsRegistry metrics;
  const std::unique_ptr<Job> job = MakeJob(
      "CREATE STREAM D (V DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM SUM(V) OVER w FROM S WINDOW w AS "
      "(RANGE INTERVAL '1000' SECOND(4) PRECEDING);",
      metrics);
  Source source(1000, 1000);
  std::vector<double> turns;
  for ([[maybe_unused]] auto _ : state) {
    ByteWriter writer = ByteWriter::Deferring();
    double longest = 0;
    if (saving) job->Save(writer);
    for (size_t push = 0; push < 1'000'000 / kBatchRows;
         ++push) {  // A little less than a window: it turns at the begin.
      const data::Batch batch = source.Next();
      longest = std::max(longest, MillisecondsOf([&] { TAILRACE_CHECK(job->Push(0, batch).ok()); }));
    }
    while (writer.WriteSome(1 << 20)) continue;
    turns.push_back(longest);
  }
  turns.erase(turns.begin());  // The first window fills up.
  state.counters["turn_ms"] = Percentile(turns, 50);
  state.counters["turn_ms_max"] = Percentile(turns, 100);
  state.counters["state_bytes"] = static_cast<double>(job->Pumps()[0].state_bytes);
}
BENCHMARK(SumTurnsItsStacks)->ArgName("saving")->Arg(0)->Arg(1)->Iterations(6)->Unit(benchmark::kMillisecond);

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

// Two streams a row per millisecond, each row of which finds about two others; then what only comes out of an outer
// join when a condition has held for nothing until the row left its window; then the rows of both in one stream.
constexpr std::string_view kTwoStreams[] = {
    "inner",
    "CREATE STREAM D (N BIGINT, V DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM A.N, B.V FROM S AS A "
    "JOIN S OVER (RANGE INTERVAL '1' MINUTE PRECEDING) AS B ON A.N = B.N;",
    "full outer",
    "CREATE STREAM D (N BIGINT, V DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM A.N, B.V FROM "
    "(SELECT STREAM N, V FROM S WHERE MOD(N, 2) = 0) OVER (RANGE INTERVAL '1' MINUTE PRECEDING) AS A FULL JOIN "
    "(SELECT STREAM N + 1 AS N, V FROM S WHERE MOD(N, 2) = 1) OVER (RANGE INTERVAL '1' MINUTE PRECEDING) AS B "
    "ON A.N = B.N AND A.V < B.V;",
    "union",
    "CREATE STREAM D (N BIGINT, V DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM N, V FROM S WHERE MOD(N, 2) = "
    "0 "
    "UNION ALL SELECT STREAM N, -V FROM S WHERE MOD(N, 2) = 1;",
};

void StreamJoin(benchmark::State& state) {
  const size_t kind = static_cast<size_t>(state.range(0)) * 2;
  state.SetLabel(std::string(kTwoStreams[kind]));
  Run(state, kTwoStreams[kind + 1], 30'000, 1000, 100'000);
}
BENCHMARK(StreamJoin)->ArgName("kind")->DenseRange(0, 2);

void RandomCutForest(benchmark::State& state) {
  Run(state,
      "CREATE STREAM D (N BIGINT, V DOUBLE, A DOUBLE); CREATE PUMP p AS INSERT INTO D SELECT STREAM * FROM TABLE("
      "RANDOM_CUT_FOREST(CURSOR(SELECT STREAM N, V FROM S), 100, 256, 100000, 1));",
      1000, 1000, 100'000);
}
BENCHMARK(RandomCutForest);

}  // namespace
}  // namespace tailrace::engine
