#!/usr/bin/env python3
"""Line written to alarm row: p50 and p99, fsync on, the agent's buffer at its smallest; and what an idle server costs.

Every order of the changed example rings, and every alarm row goes to a file that is synced before it counts as taken. The bench
appends one line at a time and looks for the row's line in that file. The floor beside it: one append and fdatasync of the same
size by this process, in the same run on the same disk.
"""

import json
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
import harness  # noqa: E402

LINES = int(os.environ.get("LINES_TO_MEASURE", "300"))


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def prepare(folder):
    example = folder / "order-flood"
    harness.shutil.copytree(harness.ROOT / "examples" / "order-flood", example)
    (example / "logs").mkdir()
    agent = example / "agent.json"
    agent.write_text(agent.read_text().replace('"maxBufferAgeMillis": "100"', '"maxBufferAgeMillis": "0"'))
    definition = example / "tailrace.yaml"
    definition.write_text(definition.read_text().replace("threshold: 30 ", "threshold: 1 ").replace("outputs:\n", "outputs:\n  - {from: ALARM_STREAM, file: rows.ndjson}\n"))
    return example


def line_to_alarm(folder, example, server):
    rows = folder / "data" / "apps" / "order-flood" / "rows.ndjson"
    log = os.open(example / "logs" / "a.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    times = []
    size = 0
    for number in range(LINES + 10):
        line = harness.order_csv(number).encode()
        begin = time.perf_counter()
        os.write(log, line)
        deadline = begin + 10
        while True:
            try:
                now = os.stat(rows).st_size
            except FileNotFoundError:
                now = 0
            if now > size:
                break
            if time.perf_counter() > deadline:
                raise SystemExit(f"no alarm row for line {number} within 10 s: {server.process.output()[-2000:]}")
        times.append((time.perf_counter() - begin) * 1000)
        size = now
        time.sleep(0.005)  # Light load: one line at a time.
    os.close(log)
    taken = rows.read_text().count("\n")
    if taken != LINES + 10:
        raise SystemExit(f"{taken} alarm rows for {LINES + 10} lines")
    return times[10:]


def synced_append(folder):
    """The limit: what one append with fdatasync costs here."""
    file = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(file, bytes(1 << 20))
    os.fsync(file)
    times = []
    for number in range(LINES):
        begin = time.perf_counter()
        os.pwrite(file, b"x" * 300, number * 300)
        os.fdatasync(file)
        times.append((time.perf_counter() - begin) * 1000)
    os.close(file)
    return times


def idle(server, seconds=10):
    before = server.get("/api/status")
    time.sleep(seconds)
    after = server.get("/api/status")
    return (after["cpu_ms"] - before["cpu_ms"]) / (seconds * 10), after["resident_bytes"] / (1 << 20)


def main():
    folder = pathlib.Path(harness.tempfile.mkdtemp(prefix="tailrace-bench-", dir=harness.ROOT / "build"))
    server = None
    try:
        example = prepare(folder)
        begin = time.perf_counter()
        server = harness.Server(folder, example).start()
        started_ms = (time.perf_counter() - begin) * 1000
        idle_percent, idle_mib = idle(server)
        floor = synced_append(folder)
        times = line_to_alarm(folder, example, server)
        result = {
            "lines": LINES,
            "line_to_alarm_ms": {"p50": round(statistics.median(times), 3), "p99": round(percentile(times, 0.99), 3)},
            "synced_append_ms": {"p50": round(statistics.median(floor), 3), "p99": round(percentile(floor, 0.99), 3)},
            "ratio_p50": round(statistics.median(times) / statistics.median(floor), 1),
            "start_ms": round(started_ms),
            "idle_percent_of_a_core": round(idle_percent, 2),
            "idle_mib": round(idle_mib, 1),
        }
        print(f"line to alarm row  p50 {result['line_to_alarm_ms']['p50']:.2f} ms  p99 {result['line_to_alarm_ms']['p99']:.2f} ms"
              f"   ({LINES} lines, fsync on)")
        print(f"one synced append  p50 {result['synced_append_ms']['p50']:.2f} ms  p99 {result['synced_append_ms']['p99']:.2f} ms"
              f"   ratio of p50: {result['ratio_p50']:.1f}")
        print(f"start to ready {result['start_ms']} ms   idle {result['idle_percent_of_a_core']} % of a core, "
              f"{result['idle_mib']} MiB resident")
        results = harness.ROOT / "bench" / "results"
        results.mkdir(exist_ok=True)
        (results / "line_to_alarm.json").write_text(json.dumps(result, indent=1) + "\n")
    finally:
        if server:
            server.stop()
        harness.shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
