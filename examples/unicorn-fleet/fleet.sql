-- One row a unicorn and minute: metres flown, least and most points. StatusTime is the end of the minute.
CREATE OR REPLACE STREAM "DESTINATION_SQL_STREAM" ("Name" VARCHAR(16), "StatusTime" TIMESTAMP, "Distance" SMALLINT,
  "MinMagicPoints" SMALLINT, "MaxMagicPoints" SMALLINT, "MinHealthPoints" SMALLINT, "MaxHealthPoints" SMALLINT);
CREATE OR REPLACE PUMP "STREAM_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM"
  SELECT STREAM "Name", "ROWTIME", SUM("Distance"), MIN("MagicPoints"), MAX("MagicPoints"), MIN("HealthPoints"),
    MAX("HealthPoints")
  FROM "SOURCE_SQL_STREAM_001"
  GROUP BY FLOOR("SOURCE_SQL_STREAM_001"."ROWTIME" TO MINUTE), "Name";

-- Unicorns that need care.
CREATE OR REPLACE STREAM "VITALS_STREAM" ("Name" VARCHAR(16), "HealthPoints" INTEGER, "MagicPoints" INTEGER);
CREATE OR REPLACE PUMP "VITALS_PUMP" AS INSERT INTO "VITALS_STREAM"
  SELECT STREAM "Name", "HealthPoints", "MagicPoints" FROM "SOURCE_SQL_STREAM_001"
  WHERE "HealthPoints" < 100 OR "MagicPoints" < 100;
