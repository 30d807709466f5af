-- The history of alarms in MySQL or MariaDB. Running it again is harmless; Tailrace makes the table by itself, too.
CREATE DATABASE IF NOT EXISTS logs;
USE logs;

CREATE TABLE IF NOT EXISTS logs_history (
  alarm_creation_time DATETIME,
  Number_of_orders INT
);

-- 0 rows before the first alarm.
SELECT * FROM logs_history;

-- More or fewer resources for a month? How often the alarm rang in it, and the largest flood.
SELECT DATE_FORMAT(alarm_creation_time, '%Y-%m') AS month, COUNT(*) AS alarms, MAX(Number_of_orders) AS orders_max
FROM logs_history
GROUP BY month
ORDER BY month;
