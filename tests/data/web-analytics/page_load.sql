CREATE OR REPLACE PUMP "PAGELOAD_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM" (MetricType, EventTimestamp, MetricItem,
    UnitValueInt)
SELECT STREAM 'avg_pg_ld', UNIX_TIMESTAMP(STEP(CHAR_TO_TIMESTAMP('dd/MMM/yyyy:HH:mm:ssz', weblogs."datetime") BY
    INTERVAL '10' SECOND)), 'All Pages', AVG(weblogs."custom_metric_int_value")
FROM "WASA_001" weblogs
WHERE weblogs."custom_metric_name" = 'page_load_time'
GROUP BY STEP(CHAR_TO_TIMESTAMP('dd/MMM/yyyy:HH:mm:ssz', weblogs."datetime") BY INTERVAL '10' SECOND),
  STEP(weblogs.ROWTIME BY INTERVAL '10' SECOND);
