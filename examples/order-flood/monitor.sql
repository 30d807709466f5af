-- Rings when :threshold or more orders arrive within :window seconds (30 and 15; see parameters in tailrace.yaml).
--
-- A sliding window gives one row for every order: the number of orders in the :window seconds that end with it. How often
-- somebody is told about a flood is the alarm's business (min_interval in tailrace.yaml), not the SQL's.

-- The count for every order; drawn on the page against the threshold.
CREATE OR REPLACE STREAM "ORDER_COUNT_STREAM" (order_count INTEGER);
CREATE OR REPLACE PUMP "ORDER_COUNT_PUMP" AS INSERT INTO "ORDER_COUNT_STREAM"
  SELECT STREAM COUNT(*) OVER W15 AS order_count
  FROM "SOURCE_SQL_STREAM_001"
  WINDOW W15 AS (RANGE INTERVAL :window SECOND PRECEDING);

-- Only the counts that matter.
CREATE OR REPLACE STREAM "ALARM_STREAM" (order_count INTEGER);
CREATE OR REPLACE PUMP "STREAM_PUMP" AS INSERT INTO "ALARM_STREAM"
  SELECT STREAM order_count FROM (
    SELECT STREAM COUNT(*) OVER W15 AS order_count FROM "SOURCE_SQL_STREAM_001"
    WINDOW W15 AS (RANGE INTERVAL :window SECOND PRECEDING))
  WHERE order_count >= :threshold;

-- How many alarm rows the last minute has seen, this one included.
CREATE OR REPLACE STREAM TRIGGER_COUNT_STREAM (order_count INTEGER, trigger_count INTEGER);
CREATE OR REPLACE PUMP trigger_count_pump AS INSERT INTO "TRIGGER_COUNT_STREAM"
  SELECT STREAM order_count, trigger_count FROM (
    SELECT STREAM order_count, COUNT(*) OVER W1 AS trigger_count FROM "ALARM_STREAM"
    WINDOW W1 AS (RANGE INTERVAL '1' MINUTE PRECEDING))
  WHERE trigger_count >= 1;
