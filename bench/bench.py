#!/usr/bin/env python3
"""Measures every scenario beside a limit or a peer in the same run: one table, and bench/results/NAME.json.

  bench.py [NAME ...]     all scenarios, or the named ones
  bench.py --list         what there is
  bench.py --quick        tiny data, once, no peers from registries, scenarios side by side: that they work, not how fast they are

The release program is measured; TAILRACE_PROGRAM names another one. How to read the figures: docs/performance.md.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import subprocess
import sys
import time

import applications
import files
import kernels
import kinesis
import latency
import line_to_alarm
import live
import nexmark
import past
import scaling
from measure import Bench


@dataclasses.dataclass
class Scenario:
    name: str
    holds: str  # The goals of docs/performance.md.
    what: str
    run: object
    quick: bool = True  # Whether it is part of a quick run.


SCENARIOS = [
    Scenario("ndjson", "G2 G18", "10 s counts per client, 20,000 clients: limit loop, DuckDB, ClickHouse", files.ndjson),
    Scenario("ndjson_200", "G3", "the same with 200 clients", files.ndjson_200),
    Scenario("combined", "G4", "the same from a combined log: limit loop, DuckDB, gawk", files.combined),
    Scenario("retail", "G6", "orders and revenue per code and day from CSV: limit loop, DuckDB", files.retail),
    Scenario("two_workers", "G7", "decoding on two cores", files.two_workers),
    Scenario("scaling", "G7", "one and two cores, one to eight threads: one thread", scaling.run),
    Scenario("top_lists", "G5", "a dozen top lists: GoAccess", files.top_lists),
    Scenario("first_result", "G20", "a whole process over 1 MB: gawk", files.first_result),
    Scenario("decode", "G1", "bytes to three typed columns: simdjson", kernels.decode, quick=False),
    Scenario("windows", "G21 G22", "a million keys, tumbling and sliding", kernels.windows, quick=False),
    Scenario("forest", "G24", "RANDOM_CUT_FOREST, 100 trees of 256", kernels.forest, quick=False),
    Scenario("join", "", "two streams, a row a millisecond: joined within a minute, put together", kernels.join, quick=False),
    Scenario("log", "G8 G9", "appends to a durable stream", kernels.log, quick=False),
    Scenario("web_analytics", "G23", "eight pumps of one program over one stream", applications.web_analytics),
    Scenario("nexmark", "G25", "q0 q1 q2 q5 q7 q8 q11 q12: DuckDB, ClickHouse, Flink SQL", nexmark.run),
    Scenario("idle", "G19 G28", "a server that has nothing to do", live.idle),
    Scenario("live", "G13", "log file, agent, durable stream, SQL, alarm: order flood", live.order_flood),
    Scenario("applications", "G26", "a thousand applications at one row a second each", applications.many),
    Scenario("latency", "G15 G16", "line and put to alarm row at 1, 50 and 90 % load; a window's end to its rows", latency.run),
    Scenario("line_to_alarm", "G14 G17", "one line at a time: a synced append", line_to_alarm.run),
    Scenario("put_records", "G10 G11", "PutRecords, signatures checked or not: kinesalite, Redis, on disk", kinesis.put_records, quick=False),
    Scenario("get_records", "G12 G14", "GetRecords, put to get: kinesalite on disk", kinesis.get_records, quick=False),
    Scenario("checkpoint", "G28", "pause of checkpoints of a million keys, or rows of one key: memcpy of the state", past.checkpoint),
    Scenario("recovery", "G28", "start after kill -9 over 1 GB of stream and a million keys: cat", past.recovery),
    Scenario("replay", "G27", "past records through SQL and an alarm: cat", past.replay),
]


AT_ONCE = 4  # Of a quick run: they wait most of the time.


def quick_ones():
    """Every scenario in a process of its own; those with servers, which take longest, first."""
    def run(scenario):
        begin = time.monotonic()
        done = subprocess.run([sys.executable, __file__, "--quick", scenario.name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        print(f"{done.stdout.strip()}\n({time.monotonic() - begin:.1f} s)\n", flush=True)
        return scenario.name if done.returncode else None

    scenarios = [scenario for scenario in reversed(SCENARIOS) if scenario.quick]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        failed = [name for name in pool.map(run, scenarios) if name]
    if failed:
        raise SystemExit("failed: " + ", ".join(failed))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="tiny data, once")
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("--repetitions", type=int, default=int(os.environ.get("REPETITIONS", "5")))
    arguments = parser.parse_args()
    if arguments.list:
        for scenario in SCENARIOS:
            print(f"{scenario.name:<16}{scenario.holds:<10}{scenario.what}")
        return
    unknown = set(arguments.names) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}; --list tells what there is")
    if arguments.quick and not arguments.names:
        return quick_ones()
    bench = Bench(arguments.quick, arguments.repetitions)
    failed = []
    for scenario in SCENARIOS:
        if arguments.names and scenario.name not in arguments.names:
            continue
        print(f"== {scenario.name}: {scenario.what}", flush=True)
        bench.scenario = scenario.name
        try:
            scenario.run(bench)
        except (Exception, SystemExit) as error:  # The others are still worth their time.
            failed.append(f"{scenario.name}: {error}")
            print(f"  FAILED: {error}", flush=True)
        bench.save()
    bench.tell()
    if failed:
        raise SystemExit("\nfailed: " + "\n        ".join(failed))


if __name__ == "__main__":
    main()
