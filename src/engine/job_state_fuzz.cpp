#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "engine/job.h"
#include "sql/compile.h"

// Loads arbitrary bytes, with a right checksum, as the state of a job that has every stateful operator; what loads must
// also run. After an odd first byte the rest is the whole state; after an even one, places and values of bytes to
// change in a real state.

namespace tailrace::engine {
namespace {

constexpr std::string_view kProgram = R"(
CREATE STREAM A (K VARCHAR(8), N BIGINT, T DOUBLE, L INTEGER);
CREATE PUMP a AS INSERT INTO A SELECT STREAM K, COUNT(*), SUM(D), MIN(V) FROM S
GROUP BY K, STEP(S.ROWTIME BY INTERVAL '1' SECOND);
CREATE STREAM B (N BIGINT, D DOUBLE, E DOUBLE, V INTEGER, T VARCHAR(8), G VARCHAR(8));
CREATE PUMP b AS INSERT INTO B SELECT STREAM COUNT(V) OVER w, AVG(D) OVER w, STDDEV_POP(V) OVER w, MAX(V) OVER w,
MIN(K) OVER w, LAG(K, 1) IGNORE NULLS OVER w FROM S WINDOW w AS (PARTITION BY V RANGE INTERVAL '1' SECOND PRECEDING);
CREATE STREAM C (N BIGINT, D DOUBLE, E DOUBLE);
CREATE PUMP c AS INSERT INTO C SELECT STREAM COUNT(DISTINCT K) OVER w, VAR_POP(D) OVER w,
EXP_AVG(D, INTERVAL '1' SECOND) OVER w FROM S WINDOW w AS (ROWS 3 PRECEDING);
CREATE STREAM E (K VARCHAR(8), N BIGINT);
CREATE PUMP e AS INSERT INTO E SELECT STREAM K, COUNT(*) FROM S
WINDOWED BY STAGGER (PARTITION BY K RANGE INTERVAL '1' SECOND);
CREATE PUMP f AS INSERT INTO E SELECT STREAM K, V FROM S ORDER BY FLOOR(S.ROWTIME TO SECOND), V;
CREATE STREAM G (K VARCHAR(8), V INTEGER);
CREATE PUMP g AS INSERT INTO G SELECT STREAM l.K, r.V FROM S OVER (RANGE INTERVAL '2' SECOND PRECEDING) AS l
LEFT JOIN R OVER (ROWS 2 PRECEDING) AS r ON l.V = r.V AND l.D <= r.D;
CREATE STREAM H (W TIMESTAMP, K VARCHAR(8));
CREATE PUMP h AS INSERT INTO H SELECT STREAM DISTINCT FLOOR(S.ROWTIME TO SECOND), K FROM S;
CREATE STREAM I (V INTEGER, X DOUBLE);
CREATE PUMP i AS INSERT INTO I SELECT STREAM V, ANOMALY_SCORE FROM TABLE(RANDOM_CUT_FOREST(
CURSOR(SELECT STREAM V, D FROM S), 2, 10, 20, 2));
CREATE STREAM J (V INTEGER, X VARCHAR(100));
CREATE PUMP j AS INSERT INTO J SELECT STREAM V, HOTSPOTS_RESULT FROM
TABLE(HOTSPOTS(CURSOR(SELECT STREAM V FROM S), 100, 2.0, 3));
CREATE STREAM M (X VARCHAR(8), N BIGINT);
CREATE PUMP m AS INSERT INTO M SELECT STREAM * FROM
TABLE(TOP_K_ITEMS_TUMBLING(CURSOR(SELECT STREAM * FROM S), 'K', 2, 1));
CREATE STREAM O (V INTEGER, R INTEGER);
CREATE PUMP o AS INSERT INTO O SELECT STREAM * FROM
TABLE(GROUP_RANK(CURSOR(SELECT STREAM V FROM S), 'V', 'r', 'asc', 'asc', 0, 0));
)";

data::Schema InputSchema() {
  return {{{.name = "K", .type = data::Type::Varchar(8)},
           {.name = "V", .type = data::Type::Integer()},
           {.name = "D", .type = data::Type::Double()}}};
}

std::shared_ptr<const sql::BoundProgram> Program() {
  sql::CompileResult compiled =
      sql::Compile({.text = kProgram,
                    .inputs = {{.name = "S", .schema = InputSchema()}, {.name = "R", .schema = InputSchema()}},
                    .tables = {},
                    .options = {}});
  TAILRACE_CHECK(compiled.ok());
  return std::make_shared<const sql::BoundProgram>(std::move(compiled.program));
}

data::Batch Rows(int64_t from, int64_t count) {
  auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp());
  auto k = std::make_shared<data::Column>(data::Type::Varchar(8));
  auto v = std::make_shared<data::Column>(data::Type::Integer());
  auto d = std::make_shared<data::Column>(data::Type::Double());
  auto arrival = std::make_shared<data::Column>(data::Type::Timestamp());
  for (int64_t i = 0; i < count; ++i) {
    rowtimes->AppendInt64(from + i * 150);
    arrival->AppendInt64(from);
    i % 5 == 0 ? k->AppendNull() : k->AppendText(std::string(static_cast<size_t>(i % 4) * 2, 'k'));
    v->AppendInt64(i % 3);
    d->AppendDouble(static_cast<double>(i) / 4);
  }
  data::Batch batch{.rowtimes = std::move(rowtimes), .columns = {k, v, d, arrival}};
  for (int i = 1; i < sql::kMetadataColumns; ++i) {
    auto text = std::make_shared<data::Column>(data::Type::Varchar());
    for (int64_t row = 0; row < count; ++row) text->AppendText("x");
    batch.columns.push_back(std::move(text));
  }
  return batch;
}

struct Setting {
  std::shared_ptr<const sql::BoundProgram> program = Program();
  MetricsRegistry metrics;

  std::unique_ptr<Job> NewJob() {
    auto job = Job::Make(program, {}, {}, metrics);
    TAILRACE_CHECK(job.ok());
    return std::move(job).value();
  }
};

void LoadAndRun(Setting& setting, std::string state) {
  ByteWriter writer;
  writer.Append(state);
  writer.U32(Crc32c(state));
  const std::unique_ptr<Job> job = setting.NewJob();
  ByteReader reader(writer.bytes());
  if (!job->Load(reader).ok()) return;
  // Times that the state makes impossible are refused, nothing worse.
  job->Push(0, Rows(1'000'000, 20)).Ignore("the state may be ahead");
  job->Push(1, Rows(1'010'000, 20)).Ignore("the state may be ahead");
  job->Advance(FromUnixMs(1'020'000)).Ignore("the state may be ahead");
  ByteWriter again;
  job->Save(again);
}

// A real state with the fuzzer's bytes written over a part of it.
std::string Patched(Setting& setting, std::string_view bytes) {
  static const std::string kState = [&] {
    const std::unique_ptr<Job> job = setting.NewJob();
    TAILRACE_CHECK(job->Push(0, Rows(900'000, 40)).ok() && job->Push(1, Rows(906'000, 10)).ok());
    ByteWriter writer;
    job->Save(writer);
    return writer.bytes().substr(0, writer.size() - sizeof(uint32_t));
  }();
  std::string state = kState;
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    const size_t at = (static_cast<uint8_t>(bytes[i]) | (static_cast<uint8_t>(bytes[i + 1]) << 8U) |
                       (static_cast<uint8_t>(bytes[i + 2]) << 16U)) %
                      state.size();
    state[at] = bytes[i + 3];
  }
  return state;
}

}  // namespace
}  // namespace tailrace::engine

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static tailrace::engine::Setting setting;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) {
    tailrace::engine::LoadAndRun(setting, std::string(bytes));
  } else {
    tailrace::engine::LoadAndRun(setting, tailrace::engine::Patched(setting, bytes));
  }
  return 0;
}
