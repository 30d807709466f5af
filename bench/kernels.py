"""The micro-benchmarks beside the code (x_bench.cpp) that goals are about, run one after the other by their names."""

import json
import statistics
import subprocess

from measure import ROOT


def run(bench, program, names):
    """Median CPU nanoseconds a row by name, and the counters; a row each in the table."""
    build = ROOT / "build" / "bench"
    if not (build / "CMakeCache.txt").exists():
        subprocess.run(["cmake", "--preset", "bench"], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    subprocess.run(["cmake", "--build", build, "-j", "2", "--target", program], check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([build / program, f"--benchmark_filter=^({'|'.join(names)})", "--benchmark_format=json",
                           f"--benchmark_repetitions={bench.repetitions}", "--benchmark_enable_random_interleaving=true",
                           "--benchmark_min_time=0.2"], check=True, capture_output=True, text=True)
    found = {}
    for entry in json.loads(done.stdout)["benchmarks"]:
        if entry.get("run_type") == "iteration" and not entry.get("error_occurred"):
            found.setdefault(entry["run_name"], []).append(entry)
    medians = {}
    for name, entries in found.items():
        costs = [1e9 / entry["items_per_second"] for entry in entries if entry.get("items_per_second")]
        if not costs:
            raise SystemExit(f"{program} {name} processed nothing")
        medians[name] = bench.figure(name, costs, "ns/row")
        medians[name, "entry"] = entries[0]
        # Of all threads, also where a row's cost is by the clock.
        medians[name, "cpu"] = medians[name] * statistics.median(entry["cpu_time"] / entry["real_time"] for entry in entries)
    missing = [name for name in names if not any(key.startswith(name) for key in found)]
    if missing:
        raise SystemExit(f"{program} has no {', '.join(missing)}")
    return medians


def decode(bench):
    figures = run(bench, "ingest_bench", ["JsonThreeOfTenColumns", "JsonAllTenColumns", "BareSimdjsonThreeFieldsStream",
                                          "CombinedLogThreeFields", "CsvEightColumns"])
    bench.goal("G1", "NDJSON to three typed columns: share of the speed of simdjson's stream",
               figures["BareSimdjsonThreeFieldsStream"] / figures["JsonThreeOfTenColumns"], 0.6)


def windows(bench):
    figures = run(bench, "engine_bench", ["TumblingCountByText", "TumblingCountOfAMillionKeys", "SlidingCount"])
    minute, hour = figures["SlidingCountSumMinMax/seconds:60"], figures["SlidingCountSumMinMax/seconds:3600"]
    bench.goal("G21", "sliding COUNT/SUM/MIN/MAX: cost over an hour over that over a minute", hour / minute, 1.3, at_least=False)
    bench.goal("G21", "sliding COUNT/SUM/MIN/MAX over an hour, 100,000 keys, ns a row", hour, 1000, at_least=False)
    tumbling = figures["TumblingCountOfAMillionKeys"]
    bench.goal("G22", "tumbling COUNT over a million open keys, ns a row", tumbling, 150, at_least=False)
    bytes_a_key = figures["TumblingCountOfAMillionKeys", "entry"]["state_bytes"] / 1e6
    bench.goal("G22", "the same: bytes of state a key", bytes_a_key, 100, at_least=False)


def forest(bench):
    figures = run(bench, "engine_bench", ["RandomCutForest"])
    bench.goal("G24", "RANDOM_CUT_FOREST, points a second of a core", 1e9 / figures["RandomCutForest"], 50_000)


def join(bench):
    figures = run(bench, "engine_bench", ["StreamJoin"])
    for kind, what in enumerate(("two streams joined within a minute", "the same, FULL JOIN with a condition")):
        bench.goal("", f"{what}, a row a millisecond, ns a row", figures[f"StreamJoin/kind:{kind}"], 1000, at_least=False)


def log(bench):
    figures = run(bench, "stream_bench", [""])
    for goal, kind, what in (("G8", "Synced", "synced before it returns"), ("G9", "Relaxed", "without sync")):
        loop = next(name for name in figures if isinstance(name, str) and name.startswith(f"Loop{kind}"))
        ours = next(name for name in figures if isinstance(name, str) and name.startswith(f"Stream{kind}/shards:1"))
        share = f"appends of 500 x 300 B, {what}: share of the loop's speed"
        bench.goal(goal, f"{share}, by the clock", figures[loop] / figures[ours], 0.6)
        if kind == "Relaxed":  # The loop's file never has to reach the disk; the stream's segments have, when they are full.
            bench.goal(goal, f"{share}, by CPU time", figures[loop, "cpu"] / figures[ours, "cpu"], 0.6)
