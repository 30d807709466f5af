"""Line written to alarm row in a file, the agent's buffer at its smallest.

Every order of the changed example rings, and every alarm row goes to a file. The bench appends one line at a time and looks for the
row's line in that file. The floor beside it: one append and fdatasync of the same size by this process, in the same run on the same
disk.
"""

import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

from measure import FOLDER, OURS, ROOT, percentile

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402

WARM_UP = 10  # Lines.


def prepare(folder):
    example = folder / "order-flood"
    shutil.copytree(ROOT / "examples" / "order-flood", example)
    (example / "logs").mkdir(exist_ok=True)
    agent = example / "agent.json"
    agent.write_text(agent.read_text().replace('"maxBufferAgeMillis": "100"', '"maxBufferAgeMillis": "0"'))
    definition = example / "tailrace.yaml"
    definition.write_text(definition.read_text().replace("threshold: 30 ", "threshold: 1 ")
                          .replace("outputs:\n", "outputs:\n  - {from: ALARM_STREAM, file: rows.ndjson}\n"))
    return example


def times_to_alarm(folder, example, server, lines):
    """Milliseconds from each line to its row."""
    rows = folder / "data" / "apps" / "order-flood" / "rows.ndjson"
    log = os.open(example / "logs" / "a.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    times = []
    size = 0
    for number in range(lines + WARM_UP):
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
    if taken != lines + WARM_UP:
        raise SystemExit(f"{taken} alarm rows for {lines + WARM_UP} lines")
    return times[WARM_UP:]


def synced_append(folder, count):
    """The limit: what one append with fdatasync costs here."""
    file = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(file, bytes(1 << 20))
    os.fsync(file)
    times = []
    for number in range(count):
        begin = time.perf_counter()
        os.pwrite(file, b"x" * 300, number * 300)
        os.fdatasync(file)
        times.append((time.perf_counter() - begin) * 1000)
    os.close(file)
    return times


def run(bench):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-bench-", dir=FOLDER))
    lines = bench.size(300, 20)
    server = None
    try:
        example = prepare(folder)
        server = harness.Server(folder, example).start()
        floor = synced_append(folder, lines)
        times = times_to_alarm(folder, example, server, lines)
        for name, each in ((f"{OURS}, line to alarm row", times), ("one synced append", floor)):
            bench.figure(f"{name}, p50", [statistics.median(each)], "ms")
            bench.figure(f"{name}, p99", [percentile(each, 0.99)], "ms")
        bench.goal("G17", "line to alarm row, p50, ms", statistics.median(times), 0.5, at_least=False)
        bench.goal("G17", "line to alarm row, p99, ms", percentile(times, 0.99), 5, at_least=False)
        bench.goal("G14", "line to alarm row, p50 over one synced append's", statistics.median(times) / statistics.median(floor), 4,
                   at_least=False)
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
