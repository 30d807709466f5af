#include "engine/job.h"

#include <gtest/gtest.h>

#include "engine/engine_for_test.h"

namespace tailrace::engine {
namespace {

constexpr std::string_view kCounts =
    "CREATE STREAM D (K VARCHAR(4), N BIGINT); CREATE PUMP p AS INSERT INTO D "
    "SELECT STREAM K, COUNT(*) FROM S GROUP BY K, STEP(S.ROWTIME BY INTERVAL '10' SECOND);";
const std::vector<JobForTest::Input> kInput = {{"S", "(K VARCHAR(4), V INTEGER)"}};

// C2-4: 10 orders a second for 180 s through the order-flood program, in both variants.
TEST(JobTest, OrderFloodOfThreeMinutesGivesTheKnownNumbersOfRows) {
  JobForTest test(
      "CREATE OR REPLACE STREAM \"ALARM_STREAM\" (order_count INTEGER);"
      "CREATE OR REPLACE PUMP \"STREAM_PUMP\" AS INSERT INTO \"ALARM_STREAM\" SELECT STREAM order_count FROM ("
      "  SELECT STREAM COUNT(*) OVER W15 AS order_count FROM \"SOURCE_SQL_STREAM_001\""
      "  WINDOW W15 AS (RANGE INTERVAL '15' SECOND PRECEDING)) WHERE order_count >= 30;"
      "CREATE OR REPLACE STREAM TRIGGER_COUNT_STREAM (order_count INTEGER, trigger_count INTEGER);"
      "CREATE OR REPLACE PUMP trigger_count_pump AS INSERT INTO \"TRIGGER_COUNT_STREAM\""
      "  SELECT STREAM order_count, trigger_count FROM (SELECT STREAM order_count, COUNT(*) OVER W1 AS trigger_count"
      "  FROM \"ALARM_STREAM\" WINDOW W1 AS (RANGE INTERVAL '1' MINUTE PRECEDING)) WHERE trigger_count >= 1;"
      "CREATE STREAM ONCE (trigger_count INTEGER);"
      "CREATE PUMP once_pump AS INSERT INTO ONCE SELECT STREAM trigger_count FROM ("
      "  SELECT STREAM COUNT(*) OVER W1 AS trigger_count FROM \"ALARM_STREAM\""
      "  WINDOW W1 AS (RANGE INTERVAL '1' MINUTE PRECEDING)) WHERE trigger_count = 1;",
      {{"SOURCE_SQL_STREAM_001", "(InvoiceNo VARCHAR(16))"}});
  RowsForTest orders = test.NewRows("SOURCE_SQL_STREAM_001");
  for (int64_t i = 0; i < 1800; ++i) orders.Add(i * 100, {"536365"});
  test.Push("SOURCE_SQL_STREAM_001", orders);
  const std::vector<std::string> alarms = test.Take("ALARM_STREAM");
  ASSERT_EQ(alarms.size(), 1771);
  EXPECT_EQ(alarms.front(), "2900\t30");
  EXPECT_EQ(alarms.back(), "179900\t151");  // The far end is inclusive: 15.0 s of 10 a second and the row itself.
  EXPECT_EQ(test.Take("TRIGGER_COUNT_STREAM").size(), 1771);
  EXPECT_EQ(test.Take("ONCE"), std::vector<std::string>{"2900\t1"});
}

TEST(JobTest, RefusesTimeThatGoesBackAndRowsOfAnotherShape) {
  JobForTest test(kCounts, kInput);
  test.Push("S", 5000, {"a", "1"});
  RowsForTest early = test.NewRows("S");
  early.Add(4999, {"a", "1"});
  EXPECT_EQ(test.job->Push(test.Stream("S"), early.batch()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(test.job->Advance(FromUnixMs(4999)).error().code, ErrorCode::kInvalidArgument);
  RowsForTest unsorted = test.NewRows("S");
  unsorted.Add(7000, {"a", "1"});
  unsorted.Add(6000, {"a", "1"});
  EXPECT_EQ(test.job->Push(test.Stream("S"), unsorted.batch()).error().code, ErrorCode::kInvalidArgument);
  RowsForTest good = test.NewRows("S");
  good.Add(8000, {"a", "1"});
  EXPECT_EQ(test.job->Push(test.Stream("D"), good.batch()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(test.job->Push(99, good.batch()).error().code, ErrorCode::kInvalidArgument);
  data::Batch narrow = good.batch();
  narrow.columns.pop_back();
  EXPECT_EQ(test.job->Push(test.Stream("S"), narrow).error().code, ErrorCode::kInvalidArgument);
  test.Advance(10'000);
  EXPECT_EQ(test.Take("D"), std::vector<std::string>{"10000\ta\t1"});
}

TEST(JobTest, NextDeadlineIsTheEndOfTheEarliestOpenWindow) {
  JobForTest test(kCounts, kInput);
  EXPECT_EQ(test.job->NextDeadline(), std::nullopt);
  test.Push("S", 12'345, {"a", "1"});
  EXPECT_EQ(test.job->NextDeadline(), FromUnixMs(20'000));
  test.Advance(19'999);
  EXPECT_EQ(test.job->NextDeadline(), FromUnixMs(20'000));
  EXPECT_TRUE(test.Take("D").empty());
  test.Advance(20'000);
  EXPECT_EQ(test.Take("D"), std::vector<std::string>{"20000\ta\t1"});
  EXPECT_EQ(test.job->NextDeadline(), std::nullopt);
}

TEST(JobTest, NextDeadlineCoversStaggerJoinsMergesAndErrors) {
  JobForTest stagger(
      "CREATE STREAM D (K VARCHAR(4), N BIGINT); CREATE PUMP p AS INSERT INTO D SELECT STREAM K, COUNT(*) FROM S "
      "WINDOWED BY STAGGER (PARTITION BY K RANGE INTERVAL '7' SECOND);",
      kInput);
  stagger.Push("S", 1000, {"a", "1"});
  EXPECT_EQ(stagger.job->NextDeadline(), FromUnixMs(8000));

  JobForTest join(
      "CREATE STREAM D (A INTEGER); CREATE PUMP p AS INSERT INTO D SELECT STREAM a.V FROM A "
      "OVER (RANGE INTERVAL '5' SECOND PRECEDING) AS a LEFT JOIN B AS b ON a.V = b.V;",
      {{"A", "(V INTEGER)"}, {"B", "(V INTEGER)"}});
  join.Push("A", 1000, {"1"});
  EXPECT_EQ(join.job->NextDeadline(), FromUnixMs(6001));
  join.Advance(6000);
  EXPECT_TRUE(join.Take("D").empty());  // A row of B at 6000 could still match.
  join.Advance(6001);
  EXPECT_EQ(join.Take("D"), std::vector<std::string>{"6000\t1"});

  JobForTest errors("CREATE STREAM D (V INTEGER); CREATE PUMP p AS INSERT INTO D SELECT STREAM 1 / V FROM S;", kInput);
  errors.Push("S", 1000, {"a", "0"});
  EXPECT_EQ(errors.job->NextDeadline(), FromUnixMs(1001));
  errors.Advance(1001);
  EXPECT_EQ(errors.Take("error_stream").size(), 1);
  EXPECT_EQ(errors.job->NextDeadline(), std::nullopt);
}

TEST(JobTest, InputErrorsComeOutInOrderOfTime) {
  JobForTest test("CREATE STREAM D (V INTEGER); CREATE PUMP p AS INSERT INTO D SELECT STREAM 1 / V FROM S;", kInput);
  test.Push("S", 1000, {"a", "0"});
  test.job->ReportError(
      {.name = "COERCION_ERROR", .message = "column V", .row_bytes = "{bad", .rowtime_unix_ms = 1000});
  test.Push("S", 2000, {"a", "1"});
  const std::vector<std::string> errors = test.Take("error_stream");
  ASSERT_EQ(errors.size(), 2);
  EXPECT_EQ(errors[0], "1000\t1970-01-01 00:00:01\tERROR\tCOERCION_ERROR\tcolumn V\t1970-01-01 00:00:01\t7b626164\t");
  EXPECT_TRUE(errors[1].starts_with("1000\t1970-01-01 00:00:01\tERROR\tDIVISION_BY_ZERO"));
  EXPECT_TRUE(errors[1].ends_with("\tP"));
}

TEST(JobTest, CountsRowsErrorsAndState) {
  JobForTest test("CREATE STREAM D (V INTEGER); CREATE PUMP p AS INSERT INTO D SELECT STREAM 1 / V FROM S WHERE V < 9;",
                  kInput);
  for (const char* value : {"0", "1", "9"}) test.Push("S", 1000, {"a", value});
  const std::vector<PumpStats> pumps = test.job->Pumps();
  ASSERT_EQ(pumps.size(), 1);
  EXPECT_EQ(pumps[0].name, "P");
  EXPECT_EQ(pumps[0].rows_in, 3);
  EXPECT_EQ(pumps[0].rows_out, 1);
  EXPECT_EQ(pumps[0].errors, 1);
  EXPECT_EQ(test.metrics->Read("tailrace_pump_errors_total", {{"pump", "P"}}), 1);
  const std::vector<StreamStats> streams = test.job->Streams();
  EXPECT_EQ(streams[static_cast<size_t>(test.Stream("S"))].rows, 3);
  EXPECT_EQ(streams[static_cast<size_t>(test.Stream("D"))].rows, 1);
}

TEST(JobTest, PartitionsWithoutRowsInTheWindowAreFreed) {
  JobForTest test(
      "CREATE STREAM D (N BIGINT); CREATE PUMP p AS INSERT INTO D SELECT STREAM COUNT(*) OVER "
      "(PARTITION BY V RANGE INTERVAL '1' SECOND PRECEDING) FROM S;",
      kInput);
  const auto count_of = [&](int64_t from) {
    RowsForTest rows = test.NewRows("S");
    for (int64_t i = 0; i < 2000; ++i) rows.Add(from + i * 10, {"a", StrCat(from + i)});
    test.Push("S", rows);
    return test.job->Pumps()[0].state_bytes;
  };
  count_of(0);
  const uint64_t settled = count_of(100'000);
  for (int64_t round = 2; round < 10; ++round) EXPECT_LE(count_of(round * 100'000), settled);
}

TEST(JobTest, AChangedPumpStartsEmptyTheOthersGoOn) {
  const std::string first = std::string(kCounts) +
                            "CREATE STREAM E (N BIGINT); CREATE PUMP q AS INSERT INTO E SELECT STREAM COUNT(*) FROM S "
                            "GROUP BY STEP(S.ROWTIME BY INTERVAL '10' SECOND);";
  const std::string second = std::string(kCounts) +
                             "CREATE STREAM E (N BIGINT); CREATE PUMP q AS INSERT INTO E SELECT STREAM COUNT(*) FROM S "
                             "GROUP BY STEP(S.ROWTIME BY INTERVAL '20' SECOND);";
  JobForTest before(first, kInput);
  before.Push("S", 1000, {"a", "1"});
  before.Push("S", 12'000, {"a", "1"});
  EXPECT_EQ(before.Take("E").size(), 1);
  JobForTest after(second, kInput);
  const std::string saved = before.Saved();
  ByteReader reader(saved);
  ASSERT_TRUE(after.job->Load(reader).ok());
  data::Ordinal first_of_e = 0;
  after.job->Listen(after.Stream("E"), [&](const data::Batch&, data::Ordinal ordinal) {
    first_of_e = ordinal;
    return Ok();
  });
  after.Push("S", 13'000, {"a", "1"});
  after.Advance(20'000);
  EXPECT_EQ(after.Take("D"), std::vector<std::string>{"20000\ta\t2"});  // The row before the change counts.
  EXPECT_EQ(after.Take("E"), std::vector<std::string>{"20000\t1"});     // Only the one after it.
  EXPECT_EQ(first_of_e, 2);  // Ordinals go on: sinks know by them what they have.
}

constexpr std::string_view kSilence =
    "CREATE STREAM E (N BIGINT); CREATE PUMP q AS INSERT INTO E SELECT STREAM COUNT(*) FROM S "
    "GROUP BY STEP(S.ROWTIME BY INTERVAL '10' SECOND) EMIT EMPTY;";

TEST(JobTest, EmitEmptyCountsFromTheStartThoughNoRowEverCame) {
  JobForTest test(kSilence, kInput);
  test.options.query_start_unix_ms = 1'003'000;
  test.Remake();
  EXPECT_EQ(test.job->NextDeadline(), FromUnixMs(1'010'000));
  test.Advance(1'009'999);
  EXPECT_TRUE(test.Take("E").empty());
  test.Advance(1'025'000);
  EXPECT_EQ(test.Take("E"), (std::vector<std::string>{"1010000\t0", "1020000\t0"}));
  EXPECT_EQ(test.job->NextDeadline(), FromUnixMs(1'030'000));
  test.SaveAndLoad();
  test.Advance(1'030'000);
  EXPECT_EQ(test.Take("E"), std::vector<std::string>{"1030000\t0"});
}

TEST(JobTest, EmitEmptyOfANewPumpBeginsWhereItsInputsStand) {
  JobForTest before(kCounts, kInput);
  before.options.query_start_unix_ms = 1'000;
  before.Remake();
  before.Push("S", 1'005'000, {"a", "1"});
  JobForTest after(std::string(kCounts) + std::string(kSilence), kInput);
  after.options.query_start_unix_ms = 1'000;
  after.Remake();
  const std::string saved = before.Saved();
  ByteReader reader(saved);
  ASSERT_TRUE(after.job->Load(reader).ok());
  after.Advance(1'020'000);
  EXPECT_EQ(after.Take("E"), (std::vector<std::string>{"1010000\t0", "1020000\t0"}));
}

TEST(JobTest, LoadRefusesOtherVersionsAndDamage) {
  JobForTest test(kCounts, kInput);
  test.Push("S", 1000, {"a", "1"});
  const std::string saved = test.Saved();
  const auto load = [&](const std::string& bytes) {
    test.Remake();
    ByteReader reader(bytes);
    return test.job->Load(reader);
  };
  ASSERT_TRUE(load(saved).ok());
  std::string version = saved;
  version[4] = 2;
  EXPECT_EQ(load(version).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(load("").error().code, ErrorCode::kCorruption);
  for (size_t at = 8; at < saved.size(); at += 5) {
    std::string damaged = saved;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    EXPECT_EQ(load(damaged).error().code, ErrorCode::kCorruption) << at;
    EXPECT_EQ(load(saved.substr(0, at)).error().code, ErrorCode::kCorruption) << at;
  }
}

TEST(JobTest, ReplacedTablesAreUsedFromThenOn) {
  sql::CompileInput input{.text =
                              "CREATE STREAM D (V INTEGER, NAME VARCHAR(8)); CREATE PUMP p AS INSERT INTO D SELECT "
                              "STREAM s.V, t.NAME FROM S AS s LEFT JOIN T AS t ON s.V = t.ID;",
                          .inputs = {{.name = "S", .schema = SchemaForTest("(V INTEGER)")}},
                          .tables = {{.name = "T", .schema = SchemaForTest("(ID INTEGER, NAME VARCHAR(8))")}},
                          .options = {}};
  sql::CompileResult compiled = sql::Compile(input);
  ASSERT_TRUE(compiled.ok());
  const auto program = std::make_shared<const sql::BoundProgram>(std::move(compiled.program));
  const auto table = [&](const char* name) {
    RowsForTest rows(input.tables[0].schema, 0);
    rows.Add(0, {"1", name});
    data::Batch batch = rows.batch();
    batch.rowtimes = nullptr;
    return batch;
  };
  MetricsRegistry metrics;
  auto job = Job::Make(program, {}, {table("one")}, metrics);
  ASSERT_TRUE(job.ok()) << job.error().message;
  std::vector<std::string> found;
  (*job)->Listen(program->FindStream("D"), [&](const data::Batch& batch, data::Ordinal) {
    for (size_t row = 0; row < batch.rows(); ++row) found.push_back(SqlTestRow(batch, row, false));
    return Ok();
  });
  const auto push = [&](int64_t time, const char* value) {
    RowsForTest rows(input.inputs[0].schema);
    rows.Add(time, {value});
    ASSERT_TRUE((*job)->Push(0, rows.batch()).ok());
  };
  push(1000, "1");
  ASSERT_TRUE((*job)->ReplaceTable(0, table("uno")).ok());
  push(2000, "1");
  push(3000, "2");
  EXPECT_EQ(found, (std::vector<std::string>{"1\tone", "1\tuno", "2\tNULL"}));
  EXPECT_EQ((*job)->ReplaceTable(1, table("x")).error().code, ErrorCode::kInvalidArgument);
}

TEST(JobTest, ResultsDoNotDependOnWhereLongPushesAreCut) {
  std::vector<std::vector<std::string>> results;
  for (const size_t rows_max : {1, 3, 4096}) {
    JobForTest test(kCounts, kInput, rows_max);
    RowsForTest rows = test.NewRows("S");
    for (int64_t i = 0; i < 100; ++i) rows.Add(i * 777, {StrCat("k", i % 7), "1"});
    test.Push("S", rows);
    results.push_back(test.Take("D"));
  }
  EXPECT_FALSE(results[0].empty());
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST(JobTest, AListenerThatFailsStopsThePush) {
  JobForTest test("CREATE STREAM D (V INTEGER); CREATE PUMP p AS INSERT INTO D SELECT STREAM V FROM S;", kInput);
  test.job->Listen(test.Stream("D"), [](const data::Batch&, data::Ordinal) {
    return Status(Error{ErrorCode::kUnavailable, "sink away"});
  });
  RowsForTest rows = test.NewRows("S");
  rows.Add(1000, {"a", "1"});
  EXPECT_EQ(test.job->Push(test.Stream("S"), rows.batch()).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace tailrace::engine
