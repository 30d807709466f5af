"""Queries over files: beside a loop written for the one question, and beside the tools people ask it with now."""

import collections
import csv
import json
import statistics

from measure import (FOLDER, LIMIT, OURS, PROGRAM, Contender, built, counts_something, generated, ratio, rows_of,
                     same_rows, wall_ratio, with_clickhouse, with_duckdb)

CLIENTS = 20_000
CLICKHOUSE = "ClickHouse 1 thread"
CHEAP_KEY = "ClickHouse cheap key"
COUNTS = ("SELECT STREAM client_ip, COUNT(*) AS n FROM log "
          "GROUP BY client_ip, STEP(log.ROWTIME BY INTERVAL '10' SECOND)")
REVENUE = ("SELECT STREAM StockCode, COUNT(*) AS orders, SUM(CAST(Quantity * UnitPrice AS DOUBLE)) AS revenue FROM log "
           "GROUP BY StockCode, FLOOR(log.ROWTIME TO DAY)")


def query(sql, *files, threads=1):
    return [PROGRAM, "query", sql, *files, "--output", "csv", "--threads", threads]


def access_logs():
    return built("window_counts.cpp", "-lsimdjson")


def limit_output(bench):
    return FOLDER / f"out-{bench.scenario}-{LIMIT.replace(' ', '-')}"


def window_race(bench, form, clients, more):
    """10 s counts per client: the limit loop, ours, and what `more` adds; each must have the limit loop's counts."""
    limit = access_logs()
    records = bench.size(2_000_000, 20_000)
    path = generated(limit, form, records, clients)
    same = same_rows(limit_output(bench), (-2, -1))
    contenders = [Contender(LIMIT, [limit, "count", form, path], counts_something),
                  Contender(OURS, query(COUNTS, path), same), *more(path, same)]
    turns = bench.race(contenders, records)
    counted = sum(int(row[1]) * times for row, times in rows_of(limit_output(bench), (-2, -1)).items())
    if counted != records:
        raise SystemExit(f"the limit loop counted {counted} of {records} records")
    return turns


def duckdb_counts(source):
    return [f"copy (select (epoch(strptime({source[0]}, '%d/%b/%Y:%H:%M:%S'))::bigint // 10) * 10 as w, {source[1]}, count(*) as n "
            f"from {source[2]} group by all) to '/dev/stdout' (format csv, header false)"]


def json_source(path):
    return ("substr(request_time, 2, 20)", "client_ip",
            f"read_json('{path}', format='newline_delimited', columns={{request_time: 'VARCHAR', client_ip: 'VARCHAR', "
            f"status: 'VARCHAR'}})")


def json_peers(bench, path, same):
    """DuckDB and ClickHouse with the time as seconds, and ClickHouse with the text of it, which does for windows of 10 s."""
    def clickhouse(window):
        return (f"select {window} as w, client_ip, count() as n from file('{path}', 'JSONEachRow', "
                "'request_time String, client_ip String, status String') group by w, client_ip")

    seconds = "toUnixTimestamp(parseDateTimeInJodaSyntax(substring(request_time, 2, 20), 'dd/MMM/yyyy:HH:mm:ss'))"
    return [*with_duckdb(bench, "DuckDB 1 thread", duckdb_counts(json_source(path)), same),
            *with_clickhouse(bench, CLICKHOUSE, clickhouse(f"intDiv({seconds}, 10)"), same),
            *with_clickhouse(bench, CHEAP_KEY, clickhouse("substring(request_time, 2, 19)"), same)]


def ndjson(bench):
    turns = window_race(bench, "json", CLIENTS, lambda path, same: json_peers(bench, path, same))
    bench.goal("G2", "10 s counts per client from NDJSON, 20,000 clients: share of the limit's speed",
               ratio(turns[LIMIT], turns[OURS]), 0.5)
    peak = max(turn.peak_mib for turn in turns[OURS])
    bench.goal("G18", "memory of the same, MiB", peak, 64, at_least=False)
    if "DuckDB 1 thread" in turns:
        bench.goal("G2", "the same: CPU of DuckDB over ours", ratio(turns["DuckDB 1 thread"], turns[OURS]), 2.2)
        duckdb = statistics.median(turn.peak_mib for turn in turns["DuckDB 1 thread"])
        bench.goal("G18", "the same: memory of DuckDB over ours", duckdb / peak, 5)


def ndjson_200(bench):
    turns = window_race(bench, "json", 200, lambda path, same: json_peers(bench, path, same))
    bench.goal("G3", "the same with 200 clients: share of the limit's speed", ratio(turns[LIMIT], turns[OURS]), 0.5)
    if "DuckDB 1 thread" in turns:
        bench.goal("G3", "the same: CPU of DuckDB over ours", ratio(turns["DuckDB 1 thread"], turns[OURS]), 3)
    if CHEAP_KEY in turns:
        bench.goal("G3", "the same: CPU of ClickHouse with a cheap key over ours", ratio(turns[CHEAP_KEY], turns[OURS]), 1.7)


def combined(bench):
    def more(path, same):
        source = ("substr(split_part(line, ' ', 4), 2, 20)", "split_part(line, ' ', 1)",
                  f"read_csv('{path}', columns={{line: 'VARCHAR'}}, delim='\\x01', quote='', escape='', header=false)")
        # What is between the brackets, by the second of the time; awk has no simple way from a date to seconds.
        gawk = ["gawk", "{w = substr($4, 2, 19); c[w \",\" $1]++} END {for (k in c) print k \",\" c[k]}", path]
        return [*with_duckdb(bench, "DuckDB 1 thread", duckdb_counts(source), same), Contender("gawk", gawk, same)]

    turns = window_race(bench, "combined", CLIENTS, more)
    bench.goal("G4", "10 s counts per client from a combined log: share of the limit's speed",
               ratio(turns[LIMIT], turns[OURS]), 0.6)
    for peer, must in (("DuckDB 1 thread", 5), ("gawk", 5)):
        if peer in turns:
            bench.goal("G4", f"the same: CPU of {peer} over ours", ratio(turns[peer], turns[OURS]), must)


def same_revenue(expected_path):
    """Like same_rows, but sums of floating point may differ in the last cent that is printed."""
    def orders(path):
        return {code: sorted(float(revenue) for (_, revenue), times in found.items() for _ in range(times))
                for code, found in grouped(path).items()}

    def grouped(path):
        groups = {}
        for row, times in rows_of(path, (-3, -2, -1)).items():
            groups.setdefault((row[0], row[1]), {})[(row[1], row[2])] = times
        return groups

    kept = {}

    def check(path):
        if not kept:
            kept["rows"] = orders(expected_path)
        found = orders(path)
        good = kept["rows"] and found.keys() == kept["rows"].keys() and all(
            len(found[key]) == len(revenue) and all(abs(a - b) < 0.02 for a, b in zip(found[key], revenue))
            for key, revenue in kept["rows"].items())
        if not good:
            raise SystemExit(f"{path} does not have the sums of {expected_path}")

    return check


def retail(bench):
    limit = built("retail.cpp")
    records = bench.size(2_000_000, 20_000)
    path = generated(limit, "retail", records)
    same = same_revenue(limit_output(bench))
    statement = ["copy (select date_trunc('day', InvoiceDate) as d, StockCode, count(*) as n, sum(Quantity * UnitPrice) as r "
                 f"from read_csv('{path}', header=true, columns={{InvoiceNo: 'VARCHAR', StockCode: 'VARCHAR', "
                 "Description: 'VARCHAR', Quantity: 'INTEGER', InvoiceDate: 'TIMESTAMP', UnitPrice: 'DOUBLE', "
                 "CustomerID: 'VARCHAR', Country: 'VARCHAR'}) group by all) to '/dev/stdout' (format csv, header false)"]
    turns = bench.race([Contender(LIMIT, [limit, "count", path], counts_something), Contender(OURS, query(REVENUE, path), same),
                        *with_duckdb(bench, "DuckDB 1 thread", statement, same)], records)
    bench.goal("G6", "orders and revenue per code and day from CSV: share of the limit's speed",
               ratio(turns[LIMIT], turns[OURS]), 0.5)
    if "DuckDB 1 thread" in turns:
        bench.goal("G6", "the same: CPU of DuckDB over ours", ratio(turns["DuckDB 1 thread"], turns[OURS]), 2)


def two_workers(bench):
    """One worker beside two; their outputs are the same bytes."""
    limit = access_logs()
    records = bench.size(2_000_000, 20_000)
    path = generated(limit, "json", records, CLIENTS)
    one = FOLDER / f"out-{bench.scenario}-{OURS}-1-worker"

    def same(out):
        if out.read_bytes() != one.read_bytes() or not one.stat().st_size:
            raise SystemExit(f"{out} is not {one}")

    turns = bench.race([Contender(f"{OURS} 1 worker", query(COUNTS, path), counts_something),
                        Contender(f"{OURS} 2 workers", query(COUNTS, path, threads=2), same)], records)
    one, two = turns.values()
    bench.goal("G7", "two workers: wall time of one over theirs", wall_ratio(one, two), 1.7)
    bench.goal("G7", "two workers: CPU a record over one's", ratio(two, one), 1.15, at_least=False)


# What GoAccess' report lists, more or less, each as the text it is grouped by.
TOP_LISTS = {
    "visitors": "client_ip", "requests": "path", "statuses": "status", "methods": "method", "agents": "agent", "referers": "referer",
    "protocols": "protocol", "queries": "query", "sizes": "bytes", "families": "SUBSTRING(agent FROM 1 FOR 11)",
    "networks": "SUBSTRING(client_ip FROM 1 FOR 6)", "sections": "SUBSTRING(path FROM 1 FOR 5)",
}


def top_lists(bench):
    """A dozen lists as GoAccess' report has them, in one pass over the file, beside GoAccess."""
    limit = access_logs()
    costs = []
    lists = [f"SELECT * FROM (SELECT '{name}' AS list, CAST({by} AS VARCHAR(300)) AS item, COUNT(*) AS n FROM log GROUP BY {by} "
             "ORDER BY n DESC LIMIT 366)" for name, by in TOP_LISTS.items()]
    for records in (bench.size(500_000, 20_000), bench.size(2_000_000, 40_000)):
        path = generated(limit, "combined", records, CLIENTS)
        report = FOLDER / "goaccess.json"

        def lists_all(out, records=records):
            counts = collections.Counter()
            with open(out, newline="") as file:
                for row in csv.reader(file):
                    counts[row[0]] += int(row[2]) if row[2].isdigit() else 0
            few = ("statuses", "methods", "agents", "referers", "protocols", "families", "sections")
            if any(counts[name] != records for name in few) or any(counts[name] == 0 for name in TOP_LISTS):
                raise SystemExit(f"{out}: the lists count {counts}")

        def read_all(_, records=records):
            if json.loads(report.read_text())["general"]["total_requests"] != records:
                raise SystemExit("GoAccess did not read every line")

        contenders = [Contender(f"{OURS} {records} lines", query(" UNION ALL ".join(lists), path), lists_all)]
        if not costs:  # It takes minutes for more.
            contenders.append(Contender(f"GoAccess {records} lines", ["goaccess", path, "--log-format=COMBINED", "--no-progress",
                                                                      "--no-global-config", "-o", report], read_all))
        turns = bench.race(contenders, records, "ns/line")
        ours = turns[f"{OURS} {records} lines"]
        theirs = turns.get(f"GoAccess {records} lines")
        costs.append((ratio(theirs, ours) if theirs else None, statistics.median(turn.cpu_s for turn in ours) / records))
    if costs[0][0]:
        bench.goal("G5", "a dozen top lists of a combined log, 0.5 M lines: CPU of GoAccess over ours", costs[0][0], 10)
    bench.goal("G5", "the same: cost a line at 2 M lines over that at 0.5 M", costs[1][1] / costs[0][1], 1.5, at_least=False)


def first_result(bench):
    """A whole process over 1 MB, beside gawk: what stands between a person and the answer."""
    limit = access_logs()
    records = 4_500
    path = generated(limit, "combined", records, 200)
    sql = "SELECT status, COUNT(*) AS n FROM log GROUP BY status ORDER BY n DESC"

    def counts_all(out):
        if sum(int(line.split(",")[1]) for line in out.read_text().splitlines() if line[:1].isdigit()) != records:
            raise SystemExit(f"{out} does not count every line")

    repetitions, bench.repetitions = bench.repetitions, bench.size(25, 1)
    turns = bench.race([Contender(OURS, query(sql, path), counts_all),
                        Contender("gawk", ["gawk", "{c[$9]++} END {for (k in c) print k \",\" c[k]}", path], counts_all)], records,
                       "ns/line")
    bench.repetitions = repetitions
    bench.goal("G20", "start to the end of a query over 1 MB, CPU ms", 1e3 * statistics.median(t.cpu_s for t in turns[OURS]), 20,
               at_least=False)
