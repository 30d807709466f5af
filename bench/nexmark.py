"""Nexmark's q0 q1 q2 q5 q7 q8 q11 q12 over files of generated events, beside DuckDB on the same files.

What is not as in the published queries: a price is converted in whole cents (q1); windows follow each other instead of hopping, and the
answer is how often the hottest item was bid for (q5) and the highest price with the number of bids (q7); a session is a stagger window,
which its first bid opens and which lasts ten seconds (q11); time is the event's (q12). DuckDB answers over the finished file; nobody
who waits for answers while bids come can use it so.
"""

import collections
import csv
import datetime

from measure import FOLDER, OURS, PROGRAM, Contender, built, generated, rows_of, with_duckdb

TEN = "INTERVAL '10' SECOND"
# Name, ours, DuckDB's, and the columns that are compared.
QUERIES = [
    ("q0", "SELECT STREAM auction, bidder, extra, price FROM bid", "select auction, bidder, extra, price from bid", (0, 1, 2, 3)),
    ("q1", "SELECT STREAM auction, bidder, price * 908 / 1000 AS price FROM bid",
     "select auction, bidder, price * 908 // 1000 as price from bid", (0, 1, 2)),
    ("q2", "SELECT STREAM auction, price FROM bid WHERE MOD(auction, 123) = 0",
     "select auction, price from bid where auction % 123 = 0", (0, 1)),
    ("q5", "SELECT STREAM MAX(n) AS n FROM (SELECT STREAM auction, COUNT(*) AS n FROM bid "
           f"GROUP BY auction, STEP(bid.ROWTIME BY {TEN})) AS c GROUP BY FLOOR(c.ROWTIME TO SECOND)",
     "select max(n) from (select w, auction, count(*) as n from bids group by all) group by w", (0,)),
    ("q7", f"SELECT STREAM COUNT(*) AS bids, MAX(price) AS price FROM bid GROUP BY STEP(bid.ROWTIME BY {TEN})",
     "select n, price from (select w, count(*) as n, max(price) as price from bids group by w)", (0, 1)),
    ("q8", f"SELECT STREAM p.name, a.reserve, p.id FROM person OVER (RANGE {TEN} PRECEDING) AS p "
           f"JOIN auction OVER (RANGE {TEN} PRECEDING) AS a ON p.id = a.seller",
     "select p.name, a.reserve, p.id from person p join auction a on p.id = a.seller "
     "and abs(epoch_ms(p.dateTime) - epoch_ms(a.dateTime)) <= 10000", (0, 1, 2)),
    ("q11", f"SELECT STREAM bidder, COUNT(*) AS n FROM bid WINDOWED BY STAGGER (PARTITION BY bidder RANGE {TEN})", None, (0, 1)),
    ("q12", f"SELECT STREAM bidder, COUNT(*) AS n FROM bid GROUP BY bidder, STEP(bid.ROWTIME BY {TEN})",
     "select bidder, n from (select w, bidder, count(*) as n from bids group by all)", (0, 1)),
]


def sources(files):
    views = [f"create view {name} as select * from read_csv('{path}', header=true)" for name, path in files.items()]
    return [*views, "create view bids as select *, epoch_ms(dateTime) // 10000 as w from bid"]


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
    events = bench.size(1_000_000, 200_000)
    files = {name: generated(program, kind, events) for name, kind in (("bid", "bids"), ("auction", "auctions"), ("person", "people"))}
    name = bench.scenario
    for query, ours, duckdb, columns in QUERIES:
        bench.scenario = f"{name} {query}"
        reference = FOLDER / f"out-{bench.scenario}-{OURS}"

        def right(out, columns=columns, reference=reference, query=query):
            rows = rows_of(out, columns)
            if query == "q11" and rows != staggered(files["bid"]):
                raise SystemExit("q11 does not count the sessions right")
            if not rows or rows != rows_of(reference, columns):
                raise SystemExit(f"{out} and {reference} differ, or are empty")

        inputs = [word for source, path in files.items() if source in ours for word in ("-f", f"{source}={path}")]
        contenders = [Contender(OURS, [PROGRAM, "query", *inputs, ours, "--output", "csv", "--threads", 1], right)]
        if duckdb:
            contenders += with_duckdb(bench, "DuckDB 1 thread", [
                *sources(files), f"copy ({duckdb}) to '/dev/stdout' (format csv, header false)"], right)
        bench.race(contenders, events, "ns/event")
    bench.scenario = name
