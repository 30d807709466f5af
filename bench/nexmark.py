"""Nexmark's q0 q1 q2 q5 q7 q8 q11 q12 over files of generated events, beside DuckDB, ClickHouse and Flink on the same files.

What is not as in the published queries: a price is converted in whole cents (q1); windows follow each other instead of hopping, and the
answer is how often the hottest item was bid for (q5) and the highest price with the number of bids (q7); a session is a stagger window,
which its first bid opens and which lasts ten seconds (q11); time is the event's (q12). DuckDB and ClickHouse answer over the finished
file; nobody who waits for answers while bids come can use them so. Flink runs as a stream, one task of each kind.
"""

import collections
import csv
import dataclasses
import datetime

from flink import with_flink, without_header
from measure import FOLDER, OURS, PROGRAM, Contender, built, generated, ratio, rows_of, with_clickhouse, with_duckdb

TEN = "INTERVAL '10' SECOND"
TUMBLE = f"TABLE(TUMBLE(TABLE bid, DESCRIPTOR(dateTime), {TEN}))"
FLINK = "Flink SQL, one core"


@dataclasses.dataclass
class Query:
    name: str
    ours: str
    columns: tuple  # Those that are compared.
    duckdb: str = ""
    clickhouse: str = ""
    flink: str = ""


QUERIES = [
    Query("q0", "SELECT STREAM auction, bidder, extra, price FROM bid", (0, 1, 2, 3),
          duckdb="select auction, bidder, extra, price from bid", clickhouse="select auction, bidder, extra, price from {bid}",
          flink="SELECT auction, bidder, extra, price FROM bid"),
    Query("q1", "SELECT STREAM auction, bidder, price * 908 / 1000 AS price FROM bid", (0, 1, 2),
          duckdb="select auction, bidder, price * 908 // 1000 as price from bid",
          clickhouse="select auction, bidder, intDiv(price * 908, 1000) from {bid}",
          flink="SELECT auction, bidder, price * 908 / 1000 FROM bid"),
    Query("q2", "SELECT STREAM auction, price FROM bid WHERE MOD(auction, 123) = 0", (0, 1),
          duckdb="select auction, price from bid where auction % 123 = 0",
          clickhouse="select auction, price from {bid} where auction % 123 = 0",
          flink="SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0"),
    Query("q5", "SELECT STREAM MAX(n) AS n FROM (SELECT STREAM auction, COUNT(*) AS n FROM bid "
          f"GROUP BY auction, STEP(bid.ROWTIME BY {TEN})) AS c GROUP BY FLOOR(c.ROWTIME TO SECOND)", (0,),
          duckdb="select max(n) from (select w, auction, count(*) as n from bids group by all) group by w",
          clickhouse="select max(n) from (select {w} as w, auction, count() as n from {bid} group by w, auction) group by w",
          flink=f"SELECT MAX(n) FROM (SELECT auction, COUNT(*) AS n, window_start, window_end FROM {TUMBLE} "
          "GROUP BY auction, window_start, window_end) GROUP BY window_start, window_end"),
    Query("q7", f"SELECT STREAM COUNT(*) AS bids, MAX(price) AS price FROM bid GROUP BY STEP(bid.ROWTIME BY {TEN})", (0, 1),
          duckdb="select n, price from (select w, count(*) as n, max(price) as price from bids group by w)",
          clickhouse="select count(), max(price) from {bid} group by {w}",
          flink=f"SELECT COUNT(*), MAX(price) FROM {TUMBLE} GROUP BY window_start, window_end"),
    Query("q8", f"SELECT STREAM p.name, a.reserve, p.id FROM person OVER (RANGE {TEN} PRECEDING) AS p "
          f"JOIN auction OVER (RANGE {TEN} PRECEDING) AS a ON p.id = a.seller", (0, 1, 2),
          duckdb="select p.name, a.reserve, p.id from person p join auction a on p.id = a.seller "
          "and abs(epoch_ms(p.dateTime) - epoch_ms(a.dateTime)) <= 10000",
          clickhouse="select p.name, a.reserve, p.id from {auction} as a join {person} as p on p.id = a.seller "
          "where abs(toUnixTimestamp64Milli(p.dateTime) - toUnixTimestamp64Milli(a.dateTime)) <= 10000",
          flink="SELECT p.name, a.reserve, p.id FROM person p JOIN auction a ON p.id = a.seller "
          f"AND a.dateTime BETWEEN p.dateTime - {TEN} AND p.dateTime + {TEN}"),
    Query("q11", f"SELECT STREAM bidder, COUNT(*) AS n FROM bid WINDOWED BY STAGGER (PARTITION BY bidder RANGE {TEN})", (0, 1)),
    Query("q12", f"SELECT STREAM bidder, COUNT(*) AS n FROM bid GROUP BY bidder, STEP(bid.ROWTIME BY {TEN})", (0, 1),
          duckdb="select bidder, n from (select w, bidder, count(*) as n from bids group by all)",
          clickhouse="select bidder, count() from {bid} group by bidder, {w}",
          flink=f"SELECT bidder, COUNT(*) FROM {TUMBLE} GROUP BY bidder, window_start, window_end"),
]

# As the files have them; "time" and "text" are what each engine calls so.
COLUMNS = {
    "bid": "auction number, bidder number, price number, channel text, url text, dateTime time, extra text",
    "auction": "id number, itemName text, description text, initialBid number, reserve number, dateTime time, expires time, "
               "seller number, category number, extra text",
    "person": "id number, name text, emailAddress text, creditCard text, city text, state text, dateTime time, extra text",
}
# What a statement for Flink gives, in order.
ANSWERS = {"q0": "number number text number", "q1": "number number number", "q2": "number number", "q5": "number", "q7": "number number",
           "q8": "text number number", "q12": "number number"}


def named(columns, number, text, time):
    return columns.replace(" number", f" {number}").replace(" text", f" {text}").replace(" time", f" {time}")


def duckdb_statements(query, files):
    views = [f"create view {name} as select * from read_csv('{path}', header=true)" for name, path in files.items()]
    return [*views, "create view bids as select *, epoch_ms(dateTime) // 10000 as w from bid",
            f"copy ({query.duckdb}) to '/dev/stdout' (format csv, header false)"]


def clickhouse_statement(query, files):
    tables = {name: f"file('{path}', 'CSVWithNames', '{named(COLUMNS[name], 'Int64', 'String', 'DateTime64(3)')}')"
              for name, path in files.items()}
    return query.clickhouse.format(w="intDiv(toUnixTimestamp64Milli(dateTime), 10000)", **tables)


def flink_statements(query, files):
    def table(name, columns, place):
        return f"CREATE TABLE {name} ({columns}) WITH ('connector'='filesystem', 'path'='FOLDER/{place}', 'format'='csv')"

    types = {"number": "BIGINT", "text": "STRING", "time": "TIMESTAMP(3)"}
    sources = [table(name, named(COLUMNS[name], *types.values()) + ", WATERMARK FOR dateTime AS dateTime", without_header(path))
               for name, path in files.items()]
    answer = ", ".join(f"c{i} {types[kind]}" for i, kind in enumerate(ANSWERS[query.name].split()))
    return [*sources, table("answer", answer, "out"), f"INSERT INTO answer {query.flink}"]


def staggered(path):
    """Bids by bidder in windows of ten seconds that the first bid opens: what q11 must give."""
    open_until, counts, rows = {}, collections.Counter(), collections.Counter()
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            time = datetime.datetime.fromisoformat(row["dateTime"] + "+00:00").timestamp()
            bidder = row["bidder"]
            if time >= open_until.get(bidder, -1):
                if bidder in open_until:
                    rows[(bidder, str(counts[bidder]))] += 1
                open_until[bidder], counts[bidder] = round(time + 10, 3), 0
            counts[bidder] += 1
    for bidder, count in counts.items():
        rows[(bidder, str(count))] += 1
    return rows


def run(bench):
    program = built("nexmark.cpp")
    events = bench.size(1_000_000, 110_000)
    files = {name: generated(program, kind, events) for name, kind in (("bid", "bids"), ("auction", "auctions"), ("person", "people"))}
    name = bench.scenario
    for query in QUERIES:
        bench.scenario = f"{name} {query.name}"
        reference = FOLDER / f"out-{bench.scenario}-{OURS}"

        def right(out, query=query, reference=reference):
            rows = rows_of(out, query.columns)
            if query.name == "q11" and rows != staggered(files["bid"]):
                raise SystemExit("q11 does not count the sessions right")
            if not rows or rows != rows_of(reference, query.columns):
                raise SystemExit(f"{out} and {reference} differ, or are empty")

        inputs = [word for source, path in files.items() if source in query.ours for word in ("-f", f"{source}={path}")]
        contenders = [Contender(OURS, [PROGRAM, "query", *inputs, query.ours, "--output", "csv", "--threads", 1], right)]
        if query.duckdb:
            contenders += with_duckdb(bench, "DuckDB 1 thread", duckdb_statements(query, files), right)
            contenders += with_clickhouse(bench, "ClickHouse 1 thread", clickhouse_statement(query, files), right)
            contenders += with_flink(bench, FLINK, flink_statements(query, files), right)
        turns = bench.race(contenders, events, "ns/event")
        if FLINK in turns:
            bench.goal("G25", f"Nexmark {query.name}: CPU of Flink SQL over ours", ratio(turns[FLINK], turns[OURS]), 3)
    bench.scenario = name
