"""The streaming queries in the dialects of riffle and Flink.

A query is written once, over the views person, auction and bid, and with ${hop} and ${tumble} for
windows over bids, which Flink wraps into TABLE(…).
"""
from dataclasses import dataclass

RIFFLE_NESTED = """
CREATE VIEW person AS SELECT person_id AS id, person_name AS name, person_city AS city, person_state AS state, date_time
FROM gen.nexmark(events => ${events}, stream => true) WHERE event_type = 0;
CREATE VIEW auction AS SELECT auction_id AS id, auction_seller AS seller, auction_category AS category, date_time
FROM gen.nexmark(events => ${events}, stream => true) WHERE event_type = 1;
CREATE VIEW bid AS SELECT bid_auction AS auction, bid_bidder AS bidder, bid_price AS price, date_time, bid_extra AS extra
FROM gen.nexmark(events => ${events}, stream => true) WHERE event_type = 2;
"""

RIFFLE_FLAT = """
CREATE VIEW bid AS SELECT * FROM gen.nexmark_bid(events => ${events}, stream => true);
"""

FLINK_NESTED = """
CREATE TEMPORARY TABLE events (
  event_type INT,
  person ROW<id BIGINT, name STRING, email_address STRING, credit_card STRING, city STRING, state STRING,
             date_time TIMESTAMP(3), extra STRING>,
  auction ROW<id BIGINT, item_name STRING, description STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3),
              expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra STRING>,
  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, date_time TIMESTAMP(3), extra STRING>,
  date_time AS CASE event_type WHEN 0 THEN person.date_time WHEN 1 THEN auction.date_time ELSE bid.date_time END,
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector' = 'gen-events', 'events' = '${events}');
CREATE TEMPORARY VIEW person AS SELECT person.id, person.name, person.city, person.state, date_time
FROM events WHERE event_type = 0;
CREATE TEMPORARY VIEW auction AS SELECT auction.id, auction.seller, auction.category, date_time
FROM events WHERE event_type = 1;
CREATE TEMPORARY VIEW bid AS SELECT bid.auction, bid.bidder, bid.price, date_time, bid.extra
FROM events WHERE event_type = 2;
"""

FLINK_FLAT = """
CREATE TEMPORARY TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING,
  date_time TIMESTAMP(3), extra STRING, WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector' = 'gen-bids', 'events' = '${events}');
"""

HOP = "HOP(TABLE bid, DESCRIPTOR(date_time), INTERVAL '2' SECOND, INTERVAL '10' SECOND)"
TUMBLE = "TUMBLE(TABLE bid, DESCRIPTOR(date_time), INTERVAL '10' SECOND)"

# name: (columns of the target, query, keeps state, its state grows with the number of events)
QUERIES = {
    "q0": ("auction BIGINT, bidder BIGINT, price BIGINT, date_time TIMESTAMP, extra VARCHAR",
           "SELECT auction, bidder, price, date_time, extra FROM bid", False, False),
    "q1": ("auction BIGINT, bidder BIGINT, price DECIMAL(23, 3), date_time TIMESTAMP, extra VARCHAR",
           "SELECT auction, bidder, 0.908 * price AS price, date_time, extra FROM bid", False, False),
    "q2": ("auction BIGINT, price BIGINT", "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0", False, False),
    "q3": ("name VARCHAR, city VARCHAR, state VARCHAR, id BIGINT",
           "SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id "
           "WHERE a.category = 10 AND p.state IN ('OR', 'ID', 'CA')", True, True),
    "q5": ("auction BIGINT, num BIGINT", """
SELECT c.auction, c.num
FROM (SELECT auction, count(*) AS num, window_start AS ws, window_end AS we
      FROM ${hop} GROUP BY auction, window_start, window_end) c
JOIN (SELECT max(num) AS most, ws, we
      FROM (SELECT count(*) AS num, window_start AS ws, window_end AS we
            FROM ${hop} GROUP BY auction, window_start, window_end) x
      GROUP BY ws, we) m
ON c.ws = m.ws AND c.we = m.we AND c.num >= m.most""", True, False),
    "q7": ("auction BIGINT, price BIGINT, bidder BIGINT, date_time TIMESTAMP, extra VARCHAR", """
SELECT b.auction, b.price, b.bidder, b.date_time, b.extra
FROM bid b
JOIN (SELECT max(price) AS most, window_end AS until FROM ${tumble} GROUP BY window_start, window_end) m
ON b.price = m.most
WHERE b.date_time BETWEEN m.until - INTERVAL '10' SECOND AND m.until""", True, True),
}

YSB_RIFFLE = """
CREATE VIEW views AS SELECT ad_id, event_time FROM gen.ysb_events(events => ${events}, stream => true) WHERE event_type = 'view';
CREATE VIEW placed AS SELECT c.campaign_id AS campaign, v.event_time FROM views v JOIN gen.ysb_campaigns() c ON v.ad_id = c.ad_id;
"""
YSB_QUERY = """SELECT campaign, count(*) AS n
FROM TUMBLE(TABLE placed, DESCRIPTOR(event_time), INTERVAL '10' SECOND) GROUP BY campaign, window_start, window_end"""


@dataclass
class Job:
    """A query with the views under it, for both engines."""
    columns: str
    views: str
    query: str
    flink: str
    stateful: bool
    grows: bool

    def riffle_query(self, events):
        return (self.views + self.query).replace("${events}", str(events))

    def riffle_insert(self, events):
        sink = f"CREATE TABLE sink ({self.columns}) WITH ('connector' = 'blackhole');\nINSERT INTO sink "
        return (self.views + sink + self.query).replace("${events}", str(events))


def job(name):
    """The job of a name such as "nested q5" or "ysb"."""
    if name == "ysb":
        return Job("campaign VARCHAR, n BIGINT", YSB_RIFFLE, YSB_QUERY, "", True, False)
    shape, _, query = name.partition(" ")
    if query not in QUERIES or shape not in ("nested", "flat"):
        raise SystemExit(f"there is no job {name!r}; write nested or flat and one of {', '.join(QUERIES)}, or ysb")
    columns, text, stateful, grows = QUERIES[query]
    ours = text.replace("${hop}", HOP).replace("${tumble}", TUMBLE)
    theirs = text.replace("${hop}", f"TABLE({HOP})").replace("${tumble}", f"TABLE({TUMBLE})")
    views, flink = (RIFFLE_NESTED, FLINK_NESTED) if shape == "nested" else (RIFFLE_FLAT, FLINK_FLAT)
    return Job(columns, views, ours, flink + theirs, stateful, grows)
