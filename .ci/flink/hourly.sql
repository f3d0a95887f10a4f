CREATE TABLE flights (
  `date` TIMESTAMP(3), delay BIGINT, distance BIGINT, origin VARCHAR, destination VARCHAR,
  WATERMARK FOR `date` AS `date` - INTERVAL '3' DAY
) WITH (
  'connector' = 'kafka', 'topic' = 'flink-flights', 'properties.bootstrap.servers' = '${broker}',
  'format' = 'json', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'
);

CREATE TABLE hourly (window_start TIMESTAMP(3), origin VARCHAR, flights BIGINT, avg_delay DOUBLE, farthest BIGINT) WITH (
  'connector' = 'kafka', 'topic' = '${out}-hourly', 'properties.bootstrap.servers' = '${broker}', 'format' = 'json'
);

INSERT INTO hourly
SELECT window_start, origin, count(*), avg(CAST(delay AS DOUBLE)), max(distance)
FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(`date`), INTERVAL '1' HOUR))
GROUP BY window_start, window_end, origin;

CREATE TABLE rising (window_end TIMESTAMP(3), destination VARCHAR, late BIGINT) WITH (
  'connector' = 'kafka', 'topic' = '${out}-rising', 'properties.bootstrap.servers' = '${broker}', 'format' = 'json'
);

INSERT INTO rising
SELECT window_end, destination, count(*) FILTER (WHERE delay > 15)
FROM TABLE(HOP(TABLE flights, DESCRIPTOR(`date`), INTERVAL '1' HOUR, INTERVAL '6' HOUR))
WHERE origin <> 'ATL'
GROUP BY window_start, window_end, destination;

CREATE TABLE origins (origin VARCHAR, flights BIGINT, total DOUBLE, PRIMARY KEY (origin) NOT ENFORCED) WITH (
  'connector' = 'upsert-kafka', 'topic' = '${out}-origins', 'properties.bootstrap.servers' = '${broker}',
  'key.format' = 'json', 'value.format' = 'json'
);

INSERT INTO origins
SELECT origin, count(*), sum(CAST(delay AS DOUBLE)) FROM flights GROUP BY origin;
