#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/compile_for_test.h"

// Whole programs that must compile: the metrics of a web site, the order flood, and the idioms of real applications and
// of the reference. Spec sections 7 and 10.

namespace tailrace::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// The metrics of a web site: nine pumps, seven of them into one stream. The last statement has no semicolon.
constexpr std::string_view kWebMetrics = R"sql(
-- visitors
CREATE STREAM DESTINATION_SQL_STREAM(MetricType VARCHAR(16), EventTimestamp BIGINT, MetricItem VARCHAR(1024),
    UnitValueInt BIGINT, UnitValueFloat DOUBLE);
CREATE OR REPLACE PUMP "VISTOR_COUNTER_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM" (MetricType, EventTimestamp,
    UnitValueInt)
SELECT STREAM 'visitor_count', UNIX_TIMESTAMP(view_time), COUNT(clientid) FROM (
  SELECT STREAM DISTINCT
    monotonic(STEP(CHAR_TO_TIMESTAMP('dd/MMM/yyyy:HH:mm:ss z', weblogs."datetime") BY INTERVAL '60' SECOND)) AS
    view_time,
    STEP(weblogs.ROWTIME BY INTERVAL '60' SECOND) AS time_window,
    weblogs."clientid" as clientid
  FROM "WASA_001" AS weblogs) AS v
GROUP BY view_time;
CREATE OR REPLACE PUMP "PAGEVIEWS_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM" (MetricType, EventTimestamp,
    MetricItem, UnitValueInt)
SELECT 'top_pages', UNIX_TIMESTAMP(eventTime), page, page_count
FROM (
  SELECT stream STEP(CHAR_TO_TIMESTAMP('dd/MMM/yyyy:HH:mm:ss z', weblogs."datetime") BY INTERVAL '10' SECOND) as
    eventTime,
    weblogs."page" as page, count(*) page_count
  FROM "WASA_001" weblogs
  WHERE weblogs."page" IS NOT NULL
  GROUP BY STEP(CHAR_TO_TIMESTAMP('dd/MMM/yyyy:HH:mm:ss z', weblogs."datetime") BY INTERVAL '10' SECOND),
    STEP(weblogs.ROWTIME BY INTERVAL '10' SECOND), weblogs."page"
  HAVING count(*) > 1
  ORDER BY STEP(weblogs.ROWTIME BY INTERVAL '10' SECOND), page_count desc);
CREATE STREAM "EVENT_STREAM" (MetricType VARCHAR(16), EventTimestamp BIGINT, MetricItem VARCHAR(1024), UnitValueInt
    BIGINT);
CREATE OR REPLACE PUMP "SHARED_EVENT_PUMP" AS INSERT INTO "EVENT_STREAM" (MetricType, EventTimestamp, MetricItem,
    UnitValueInt)
SELECT STREAM 'event_count', UNIX_TIMESTAMP(STEP(CHAR_TO_TIMESTAMP('dd/MMM/yyyy:HH:mm:ss z', weblogs."datetime") BY
    INTERVAL '10' SECOND)),
  weblogs."event", COUNT(*)
FROM "WASA_001" weblogs
WHERE weblogs."event" IS NOT NULL
GROUP BY STEP(weblogs.ROWTIME BY INTERVAL '10' SECOND), weblogs."event",
  STEP(CHAR_TO_TIMESTAMP('dd/MMM/yyyy:HH:mm:ss z', weblogs."datetime") BY INTERVAL '10' SECOND);
CREATE OR REPLACE PUMP "EVENT_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM" (MetricType, EventTimestamp,
    MetricItem, UnitValueInt)
SELECT STREAM MetricType, EventTimestamp, MetricItem, UnitValueInt FROM "EVENT_STREAM";
CREATE STREAM "ANOMALY_TEMP_STREAM" (EventTimestampString VARCHAR(16), MetricItem VARCHAR(1024), MetricItemInt
    INTEGER, UnitValueInt BIGINT, AnomalyScore DOUBLE);
CREATE OR REPLACE PUMP "INTERMEDIATE_ANOMALY_EVENT_PUMP" AS INSERT INTO "ANOMALY_TEMP_STREAM"
SELECT STREAM * FROM TABLE(RANDOM_CUT_FOREST(CURSOR(
  SELECT STREAM CAST(EventTimestamp AS VARCHAR(16)), MetricItem,
    CASE MetricItem WHEN 'click' THEN 1 WHEN 'pageview' THEN 2 WHEN 'login' THEN 3 ELSE 0 END, UnitValueInt
  FROM "EVENT_STREAM"), 100, 256, 100000, 1));
CREATE OR REPLACE PUMP "ANOMALY_EVENT_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM" (MetricType, EventTimestamp,
    MetricItem, UnitValueFloat)
SELECT STREAM 'event_anomaly', CAST(EventTimestampString AS BIGINT), MetricItem, AnomalyScore FROM
    "ANOMALY_TEMP_STREAM";
CREATE OR REPLACE PUMP "AGENT_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM" (MetricType, EventTimestamp,
    MetricItem, UnitValueInt)
SELECT STREAM 'agent_count', UNIX_TIMESTAMP(STEP(weblogs.ROWTIME BY INTERVAL '10' SECOND)), weblogs."agent",
    COUNT(*)
FROM "WASA_001" weblogs WHERE weblogs."agent" NOT LIKE 'ELB-HealthChecker%'
GROUP BY STEP(weblogs.ROWTIME BY INTERVAL '10' SECOND), weblogs."agent";
CREATE OR REPLACE PUMP "REFERRER_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM" (MetricType, EventTimestamp,
    MetricItem, UnitValueInt)
SELECT STREAM 'referral_count', UNIX_TIMESTAMP(STEP(weblogs.ROWTIME BY INTERVAL '10' SECOND)), weblogs."referrer",
    COUNT(*)
FROM "WASA_001" weblogs GROUP BY STEP(weblogs.ROWTIME BY INTERVAL '10' SECOND), weblogs."referrer";
CREATE OR REPLACE PUMP "HOURLY_EVENT_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM" (MetricType, EventTimestamp,
    MetricItem, UnitValueInt)
SELECT STREAM 'hourly_events', EventTimestamp, MetricItem, SUM(UnitValueInt) OVER W1 FROM "EVENT_STREAM"
WINDOW W1 AS (PARTITION BY MetricItem RANGE INTERVAL '1' HOUR PRECEDING);
CREATE PUMP "PAGELOAD_PUMP" AS INSERT INTO DESTINATION_SQL_STREAM (MetricType, EventTimestamp, MetricItem,
    UnitValueInt)
SELECT STREAM 'avg_pg_ld', UNIX_TIMESTAMP(STEP(w.ROWTIME BY INTERVAL '10' SECOND)), 'All Pages',
    AVG(w."custom_metric_int_value")
FROM "WASA_001" w WHERE w."custom_metric_name" = 'page_load_time' GROUP BY STEP(w.ROWTIME BY INTERVAL '10' SECOND))sql";

CompileResult CompileWebMetrics() {
  using data::Type;
  CompileInput input{.text = kWebMetrics};
  input.inputs.push_back({"WASA_001",
                          {{{"host", Type::Varchar(16)},
                            {"datetime", Type::Varchar(32)},
                            {"request", Type::Varchar(256)},
                            {"response", Type::Integer()},
                            {"bytes", Type::Integer()},
                            {"referrer", Type::Varchar(32)},
                            {"agent", Type::Varchar(128)},
                            {"event", Type::Varchar(16)},
                            {"clientid", Type::Varchar(256)},
                            {"page", Type::Varchar(256)},
                            {"custom_metric_name", Type::Varchar(256)},
                            {"custom_metric_int_value", Type::Integer()},
                            {"custom_metric_float_value", Type::Double()},
                            {"custom_metric_string_value", Type::Varchar(256)}}}});
  return Compile(input);
}

const PumpInfo& PumpOf(const CompileResult& result, std::string_view name) {
  for (const PumpInfo& pump : result.program.pumps) {
    if (pump.name == name) return pump;
  }
  CheckFailed(name, __FILE__, __LINE__);
}

TEST(CompileProgramsTest, TheMetricsOfAWebSite) {
  const CompileResult result = CompileWebMetrics();
  ASSERT_TRUE(result.ok()) << Format(result.diagnostics.at(0), "web.sql", kWebMetrics);
  std::vector<std::string> streams;
  for (const StreamInfo& stream : result.program.streams) streams.push_back(stream.name);
  EXPECT_THAT(streams, UnorderedElementsAre("WASA_001", "DESTINATION_SQL_STREAM", "EVENT_STREAM", "ANOMALY_TEMP_STREAM",
                                            "error_stream"));
  EXPECT_EQ(result.program.pumps.size(), 10u);

  const auto* visitors = FindNode<TumblingAggregate>(*PumpOf(result, "VISTOR_COUNTER_PUMP").plan);
  EXPECT_EQ(visitors->window_end.kind, WindowEnd::Kind::kAsserted);
  const auto* pages = FindNode<TumblingAggregate>(*PumpOf(result, "PAGEVIEWS_PUMP").plan);
  EXPECT_EQ(pages->window_end.step_ms, 10'000);
  EXPECT_EQ(pages->window_key, 1);
  const auto* sort = FindNode<Sort>(*PumpOf(result, "PAGEVIEWS_PUMP").plan);
  EXPECT_EQ(sort->window_end.kind, WindowEnd::Kind::kEveryRowtime);
  const auto* forest = FindNode<TableFunction>(*PumpOf(result, "INTERMEDIATE_ANOMALY_EVENT_PUMP").plan);
  EXPECT_THAT(forest->columns, ElementsAre(2, 3));  // The event's code and its count; the time is a text.
  const auto* hourly = FindNode<WindowAggregate>(*PumpOf(result, "HOURLY_EVENT_PUMP").plan);
  EXPECT_EQ(hourly->windows.at(0).preceding, 3'600'000);
}

TEST(CompileProgramsTest, TheOrderFlood) {
  const std::string text = R"sql(
CREATE OR REPLACE STREAM "ALARM_STREAM" (order_count INTEGER);
CREATE OR REPLACE PUMP "STREAM_PUMP" AS INSERT INTO "ALARM_STREAM"
  SELECT STREAM order_count FROM (
    SELECT STREAM COUNT(*) OVER W15 AS order_count FROM "SOURCE_SQL_STREAM_001"
    WINDOW W15 AS (RANGE INTERVAL '15' SECOND PRECEDING))
  WHERE order_count >= 30;
CREATE OR REPLACE STREAM TRIGGER_COUNT_STREAM (order_count INTEGER, trigger_count INTEGER);
CREATE OR REPLACE PUMP trigger_count_pump AS INSERT INTO "TRIGGER_COUNT_STREAM"
  SELECT STREAM order_count, trigger_count FROM (
    SELECT STREAM order_count, COUNT(*) OVER W1 AS trigger_count FROM "ALARM_STREAM"
    WINDOW W1 AS (RANGE INTERVAL '1' MINUTE PRECEDING))
  WHERE trigger_count >= 1;)sql";
  const CompileResult result = CompileForTest(text);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(Warnings(text), ElementsAre(HasSubstr("13:9 this condition holds for every row")));
  EXPECT_EQ(Explain(result.program),
            R"(pump STREAM_PUMP -> ALARM_STREAM
  Project ORDER_COUNT | state: none | emits at once
    Filter (ORDER_COUNT >= 30) | state: none | emits at once
      Project OVER$0 AS ORDER_COUNT | state: none | emits at once
        Sliding window OVER$0 = COUNT(*) OVER (RANGE 15 s PRECEDING) | state: rows of 15 s | emits with each row
          Read stream SOURCE_SQL_STREAM_001
pump TRIGGER_COUNT_PUMP -> TRIGGER_COUNT_STREAM
  Project ORDER_COUNT, TRIGGER_COUNT | state: none | emits at once
    Filter (TRIGGER_COUNT >= 1) | state: none | emits at once
      Project ORDER_COUNT, OVER$0 AS TRIGGER_COUNT | state: none | emits at once
        Sliding window OVER$0 = COUNT(*) OVER (RANGE 1 min PRECEDING) | state: rows of 1 min | emits with each row
          Read stream ALARM_STREAM
)");
}

// The order flood as its readers found it in print: four slips, all found at once, all repaired by their fixes.
TEST(CompileProgramsTest, TheOrderFloodAsPrintedIsRepaired) {
  const std::string text = R"sql(
CREATE OR REPLACE STREAM "ALARM_STREAM" (order_count INTEGER);
CREATE OR REPLACE PUMP "STREAM_PUMP" AS
  INSERT INTO "ALARM_STREAM" FROM (
    SELECT STREAM COUNT(*) OVER FIFTEEN_SECOND_SLIDING_WINDOW AS order_count
    FROM "SOURCE_SQL_STREAM_001";
    WINDOW TEN_SECOND_SLIDING_WINDOW AS (RANGE INTERVAL '15' SECOND PRECEDING))
  WHERE order_count >= 30;
CREATE OR REPLACE STREAM TRIGGER_COUNT_STREAM (order_count INTEGER, trigger_count INTEGER);
CREATE OR REPLACE PUMP trigger_count_pump AS INSERT INTO "TRIGGER_COUNT_STREAM"
  SELECT STREAM order_count, trigger_count FROM (
    SELECT STREAM order_count, COUNT(*) OVER W1 AS trigger_count FROM "ALARM_STREAM";
    WINDOW W1 AS (RANGE INTERVAL '1' MINUTE PRECEDING))
  WHERE trigger_count >= 1;)sql";
  EXPECT_THAT(Errors(text), ElementsAre(HasSubstr("4:30 expected SELECT before FROM in INSERT INTO \"ALARM_STREAM\""),
                                        HasSubstr("5:33 window FIFTEEN_SECOND_SLIDING_WINDOW not defined; did you mean "
                                                  "TEN_SECOND_SLIDING_WINDOW?"),
                                        HasSubstr("6:33 statement ends inside '(' - remove ';' before WINDOW"),
                                        HasSubstr("12:85 statement ends inside '(' - remove ';' before WINDOW")));
  const std::string repaired = ApplyFixes(text, CompileForTest(text).diagnostics);
  EXPECT_THAT(Errors(repaired), IsEmpty()) << repaired;
  EXPECT_EQ(CompileForTest(repaired).program.pumps.size(), 2u);
}

struct Example {
  std::string_view name;
  std::string_view text;
};

constexpr Example kExamples[] = {
    {"Filter and two record types", R"sql(
CREATE STREAM "Order_Stream" ("ticker" VARCHAR(4), "price" REAL);
CREATE PUMP "Order_Pump" AS INSERT INTO "Order_Stream" SELECT STREAM TICKER_SYMBOL, PRICE FROM
    "SOURCE_SQL_STREAM_001"
WHERE SECTOR = 'Order';
CREATE STREAM DESTINATION ("ticker" VARCHAR(4), n INTEGER);
CREATE PUMP "Count" AS INSERT INTO DESTINATION SELECT STREAM "ticker", COUNT(*) FROM "Order_Stream"
GROUP BY "ticker", FLOOR("Order_Stream".ROWTIME TO MINUTE);)sql"},
    {"weather", R"sql(
CREATE STREAM WEATHERSTREAM (city VARCHAR(20), temp INTEGER);
CREATE STREAM t (d TIMESTAMP, city VARCHAR(20), low INTEGER, high INTEGER, mean INTEGER);
CREATE PUMP p AS INSERT INTO t SELECT STREAM FLOOR(w.ROWTIME TO DAY) AS d, city, MIN(temp), MAX(temp), AVG(temp)
FROM WEATHERSTREAM AS w GROUP BY FLOOR(w.ROWTIME TO DAY), city;
CREATE STREAM u (city VARCHAR(20), temp INTEGER, low INTEGER, high INTEGER);
CREATE PUMP q AS INSERT INTO u SELECT STREAM city, temp, MIN(temp) OVER w1, MAX(temp) OVER w1 FROM WEATHERSTREAM
WINDOW w1 AS (RANGE INTERVAL '1' DAY PRECEDING);)sql"},
    {"tumbling and stagger", R"sql(
CREATE STREAM t (ticker VARCHAR(4), event_time TIMESTAMP, n DOUBLE);
CREATE PUMP p AS INSERT INTO t SELECT STREAM TICKER_SYMBOL, FLOOR(EVENT_TIME TO MINUTE), COUNT(TICKER_SYMBOL)
FROM "SOURCE_SQL_STREAM_001" GROUP BY ticker_symbol, FLOOR(EVENT_TIME TO MINUTE),
STEP("SOURCE_SQL_STREAM_001".ROWTIME BY INTERVAL '1' MINUTE);
CREATE PUMP q AS INSERT INTO t SELECT STREAM TICKER_SYMBOL, FLOOR(EVENT_TIME TO MINUTE), COUNT(TICKER_SYMBOL)
FROM "SOURCE_SQL_STREAM_001"
WINDOWED BY STAGGER (PARTITION BY FLOOR(EVENT_TIME TO MINUTE), TICKER_SYMBOL RANGE INTERVAL '1' MINUTE);)sql"},
    {"joins of streams", R"sql(
CREATE STREAM ORDERS (orderid INTEGER); CREATE STREAM SHIPMENTS (orderid INTEGER);
CREATE STREAM t (at TIMESTAMP, orderid INTEGER, shipped TIMESTAMP, ordered TIMESTAMP);
CREATE PUMP j1 AS INSERT INTO t SELECT STREAM ROWTIME, o.orderid, s.ROWTIME, o.ROWTIME
FROM ORDERS OVER (RANGE INTERVAL '1' MINUTE PRECEDING) AS o JOIN SHIPMENTS AS s ON o.orderid = s.orderid;
CREATE PUMP j3 AS INSERT INTO t SELECT STREAM ROWTIME, s.orderid, s.ROWTIME, o.ROWTIME
FROM ORDERS OVER (RANGE INTERVAL '1' MINUTE PRECEDING) AS o RIGHT JOIN SHIPMENTS AS s ON o.orderid = s.orderid;
CREATE PUMP j5 AS INSERT INTO t SELECT STREAM ROWTIME, o.orderid, s.ROWTIME, o.ROWTIME
FROM ORDERS OVER w AS o LEFT JOIN SHIPMENTS AS s ON o.orderid = s.orderid
WINDOW w AS (RANGE INTERVAL '1' MINUTE PRECEDING);)sql"},
    {"ten-second idiom joined on ROWTIME", R"sql(
CREATE STREAM A (n DOUBLE);
CREATE STREAM B (n DOUBLE);
CREATE STREAM RATE (r DOUBLE);
CREATE PUMP pa AS INSERT INTO A SELECT STREAM COUNT(*) FROM "SOURCE_SQL_STREAM_001"
GROUP BY FLOOR(("SOURCE_SQL_STREAM_001".ROWTIME - TIMESTAMP '1970-01-01 00:00:00') SECOND / 10 TO SECOND);
CREATE PUMP pb AS INSERT INTO B SELECT STREAM COUNT(*) FROM "SOURCE_SQL_STREAM_001" WHERE FLAG
GROUP BY FLOOR(("SOURCE_SQL_STREAM_001".ROWTIME - TIMESTAMP '1970-01-01 00:00:00') SECOND / 10 TO SECOND);
CREATE PUMP pr AS INSERT INTO RATE SELECT STREAM "B".n / "A".n * 100.000 FROM "B", "A" WHERE "B".ROWTIME =
    "A".ROWTIME;)sql"},
    {"seven-way join", R"sql(
CREATE STREAM M (x DOUBLE, y DOUBLE); CREATE STREAM S1 (x DOUBLE, s DOUBLE); CREATE STREAM S2 (y DOUBLE, s DOUBLE);
CREATE STREAM t (a DOUBLE, b DOUBLE, c DOUBLE, d DOUBLE, e DOUBLE, f DOUBLE, g DOUBLE);
CREATE PUMP p AS INSERT INTO t SELECT STREAM M.x, a1.s, a2.s, a3.s, a4.s, a5.s, a6.s FROM M
INNER JOIN S1 a1 ON M.x = a1.x INNER JOIN S2 a2 ON M.y = a2.y INNER JOIN S1 a3 ON M.x = a3.x
INNER JOIN S2 a4 ON M.y = a4.y INNER JOIN S1 a5 ON M.x = a5.x INNER JOIN S2 a6 ON M.y = a6.y;)sql"},
    {"throttled alerts and reference data", R"sql(
CREATE STREAM "CHANGE_STREAM" (ticker_symbol VARCHAR(4), sector VARCHAR(12), change DOUBLE, trigger_count INTEGER);
CREATE PUMP p AS INSERT INTO "CHANGE_STREAM" SELECT STREAM ticker_symbol, sector, change, trigger_count FROM (
SELECT STREAM ticker_symbol, sector, change, COUNT(*) OVER W1 AS trigger_count FROM SOURCE_SQL_STREAM_001
WINDOW W1 AS (PARTITION BY ticker_symbol RANGE INTERVAL '1' MINUTE PRECEDING)) WHERE trigger_count = 1;
CREATE STREAM d (ticker_symbol VARCHAR(4), company VARCHAR(20), sector VARCHAR(12), change DOUBLE, price DOUBLE);
CREATE PUMP q AS INSERT INTO d SELECT STREAM ticker_symbol, "c"."Company", sector, change, price
FROM "SOURCE_SQL_STREAM_001" LEFT JOIN "CompanyName" AS "c" ON "SOURCE_SQL_STREAM_001".ticker_symbol =
    "c"."Ticker";)sql"},
    {"partial results", R"sql(
CREATE STREAM c (ticker VARCHAR(4), tradetime TIMESTAMP, tickercount DOUBLE);
CREATE PUMP p AS INSERT INTO c SELECT STREAM TICKER_SYMBOL, STEP("APPROXIMATE_ARRIVAL_TIME" BY INTERVAL '1' MINUTE),
COUNT(*) FROM "SOURCE_SQL_STREAM_001" GROUP BY STEP("SOURCE_SQL_STREAM_001".ROWTIME BY INTERVAL '1' MINUTE),
STEP("SOURCE_SQL_STREAM_001"."APPROXIMATE_ARRIVAL_TIME" BY INTERVAL '1' MINUTE), TICKER_SYMBOL;
CREATE STREAM d (ticker VARCHAR(4), tradetime TIMESTAMP, tickercount DOUBLE);
CREATE PUMP q AS INSERT INTO d SELECT STREAM "TICKER", "TRADETIME", SUM("TICKERCOUNT") OVER W1 FROM "C"
WINDOW W1 AS (PARTITION BY "TRADETIME" RANGE INTERVAL '10' MINUTE PRECEDING);)sql"},
    {"division by zero is left to the rows", R"sql(
CREATE STREAM t (ticker_symbol VARCHAR(4), sector VARCHAR(16), change REAL, problem INTEGER);
CREATE PUMP p AS INSERT INTO t SELECT STREAM ticker_symbol, sector, change, (price / 0) AS ProblemColumn
FROM "SOURCE_SQL_STREAM_001" WHERE sector SIMILAR TO '%TECH%';)sql"},
    {"anomaly scores sorted within a second", R"sql(
CREATE STREAM "TEMP" (ticker VARCHAR(4), price REAL, score DOUBLE);
CREATE PUMP p AS INSERT INTO "TEMP" SELECT STREAM TICKER_SYMBOL, PRICE, ANOMALY_SCORE FROM TABLE(RANDOM_CUT_FOREST(
CURSOR(SELECT STREAM TICKER_SYMBOL, PRICE FROM "SOURCE_SQL_STREAM_001")));
CREATE STREAM d (ticker VARCHAR(4), price REAL, score DOUBLE);
CREATE PUMP q AS INSERT INTO d SELECT STREAM * FROM "TEMP" ORDER BY FLOOR("TEMP".ROWTIME TO SECOND), score DESC;)sql"},
    {"sessions", R"sql(
CREATE STREAM flagged (device VARCHAR(20), ts TIMESTAMP, flag BIGINT);
CREATE PUMP p AS INSERT INTO flagged SELECT STREAM device, ts,
CASE WHEN prev IS NULL OR TSDIFF(ts, prev) / 1000 > 60 THEN UNIX_TIMESTAMP(ts) ELSE NULL END FROM (
SELECT STREAM device, ts, LAG(ts, 1) OVER (PARTITION BY device RANGE INTERVAL '1' HOUR PRECEDING) AS prev FROM (
SELECT STREAM "deviceId" AS device, EVENT_TIME AS ts FROM "SOURCE_SQL_STREAM_001" AS s
ORDER BY STEP(s.ROWTIME BY INTERVAL '10' SECOND), EVENT_TIME));
CREATE STREAM d (session VARCHAR(160), n BIGINT);
CREATE PUMP q AS INSERT INTO d SELECT STREAM session, COUNT(*) OVER (PARTITION BY session
RANGE INTERVAL '1' HOUR PRECEDING) FROM (SELECT STREAM device || '_' || CAST(MAX(flag) OVER W1 AS VARCHAR(128)) AS
session FROM flagged WINDOW W1 AS (PARTITION BY device RANGE INTERVAL '1' HOUR PRECEDING));)sql"},
    {"stagger with a computed session", R"sql(
CREATE STREAM d (session VARCHAR(64), first_sector VARCHAR(16), last_sector VARCHAR(16), seconds BIGINT);
CREATE PUMP p AS INSERT INTO d SELECT STREAM UPPER(CAST("deviceId" AS VARCHAR(3)) || '_' || CAST(UNIX_TIMESTAMP(
STEP(EVENT_TIME BY INTERVAL '30' SECOND)) / 1000 AS VARCHAR(20))), FIRST_VALUE(sector), LAST_VALUE(sector),
TSDIFF(MAX(EVENT_TIME), MIN(EVENT_TIME)) / 1000 FROM "SOURCE_SQL_STREAM_001"
WINDOWED BY STAGGER (PARTITION BY "deviceId", STEP(EVENT_TIME BY INTERVAL '30' SECOND) RANGE INTERVAL '1'
    MINUTE);)sql"},
    {"arithmetic of real code", R"sql(
CREATE STREAM d (vwap DOUBLE, norm DOUBLE, at TIMESTAMP);
CREATE PUMP p AS INSERT INTO d (vwap) SELECT STREAM SUM(quantity * price) / SUM(quantity) FROM SOURCE_SQL_STREAM_001
GROUP BY FLOOR(SOURCE_SQL_STREAM_001.ROWTIME TO MINUTE);
CREATE PUMP q AS INSERT INTO d (norm, at) SELECT STREAM SQRT(price * price + change * change),
TO_TIMESTAMP(CAST(total * 1000 AS BIGINT)) FROM SOURCE_SQL_STREAM_001 WHERE sector NOT LIKE 'x%' AND sector IS NOT
    NULL;)sql"},
    {"log lines", R"sql(
CREATE STREAM d (address VARCHAR(45), identity VARCHAR(16), name VARCHAR(16), at VARCHAR(32), request VARCHAR(64),
status VARCHAR(5), size VARCHAR(30));
CREATE PUMP p AS INSERT INTO d SELECT STREAM l.r.COLUMN1, l.r.COLUMN2, l.r.COLUMN3, l.r.COLUMN4, l.r.COLUMN5,
CAST(l.r.COLUMN6 AS VARCHAR(5)), l.r.COLUMN7 FROM (SELECT STREAM W3C_LOG_PARSE(sector, 'COMMON')
FROM "SOURCE_SQL_STREAM_001") AS l(r);)sql"},
    {"distinct items of a minute", R"sql(
CREATE STREAM d (minute TIMESTAMP, items BIGINT);
CREATE PUMP p AS INSERT INTO d SELECT STREAM STEP(d.window_time BY INTERVAL '60' SECOND), COUNT(d.item)
FROM (SELECT STREAM DISTINCT ROWTIME AS window_time, TICKER_SYMBOL AS item, STEP(s.ROWTIME BY INTERVAL '60' SECOND)
    AS w
FROM "SOURCE_SQL_STREAM_001" s) AS d GROUP BY w, STEP(d.window_time BY INTERVAL '60' SECOND);)sql"},
    {"two writers", R"sql(
CREATE STREAM d (n INTEGER);
CREATE PUMP p AS INSERT INTO d SELECT STREAM COUNT(*) FROM source_sql_stream_001 s GROUP BY FLOOR(s.ROWTIME TO
    MINUTE);
CREATE PUMP q AS INSERT INTO d SELECT STREAM COUNT(*) FROM source_sql_stream_002 s GROUP BY FLOOR(s.ROWTIME TO
    MINUTE);)sql"},
    {"counting by case", R"sql(
CREATE STREAM d (window_time TIMESTAMP, ios BIGINT, everyone BIGINT);
CREATE PUMP p AS INSERT INTO d SELECT STREAM ROWTIME AS WINDOW_TIME, COUNT((CASE WHEN d.SECTOR = 'iOS' THEN
    "deviceId"
ELSE null END)), COUNT("deviceId") FROM SOURCE_SQL_STREAM_001 AS d
GROUP BY FLOOR(d.ROWTIME TO MINUTE);)sql"},
};

TEST(CompileProgramsTest, TheExamplesOfTheReferenceAndOfRealApplications) {
  for (const Example& example : kExamples) {
    EXPECT_THAT(Errors(example.text), IsEmpty()) << example.name;
    const CompileResult result = CompileForTest(example.text);
    EXPECT_FALSE(result.program.pumps.empty()) << example.name;
    EXPECT_FALSE(Explain(result.program).empty()) << example.name;
  }
}

}  // namespace
}  // namespace tailrace::sql
