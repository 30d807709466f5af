#!/usr/bin/env python3
"""soak.py MINUTES [RATE]: a server under mixed load for that long: a tailed log, puts over HTTP, tables, an alarm, pages that
somebody looks at. Prints memory, descriptors and counts each minute; exits 1 when memory or descriptors grow or when what came in is
not what came out and what is held.

The server gets little memory for its tables, so that its caches are full soon. The first half of the run is for filling what
has a limit; then the median memory of the last quarter is held against that of the quarter before it. So a run finds a leak of
so many bytes an order as makes GROWTH_MAX_MIB with the orders of a quarter: 12 bytes at 4,000 orders a second for six minutes.
"""

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
os.environ.setdefault("TAILRACE_PROGRAM", str(ROOT / "build" / "release" / "tailrace"))

from flood import history_rows, with_webhook  # noqa: E402
from harness import PROGRAM, HttpSink, Server, run, wait_until  # noqa: E402

TABLE_MEMORY_MIB = "8"
GROWTH_MAX_MIB = 4  # From the third to the last quarter: memory goes up and down by this much with batches and flushes.
GROWTH_MAX_DESCRIPTORS = 4


def memory_and_descriptors(pid):
    """Without the files of tables, whose number goes with what is held."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    files = []
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # Closed meanwhile.
            files.append(os.readlink(entry))
    return kilobytes / 1024, sum(1 for file in files if not file.endswith(".sst"))


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    rate = sys.argv[2] if len(sys.argv) > 2 else "50"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        example = folder / "order-flood"
        subprocess.run(["cp", "-r", ROOT / "examples" / "order-flood", example], check=True)
        sink = HttpSink()
        with_webhook(example, sink.url)
        (example / "logs").mkdir()
        server = Server(folder, example, options=["--table-memory", TABLE_MEMORY_MIB]).start()
        writer = subprocess.Popen([PROGRAM, "generate", "orders", "--folder", example / "logs", "--rate", rate, "--for",
                                   f"{minutes * 60:g}s"], stdout=subprocess.DEVNULL)
        try:
            return watch(server, writer, sink, minutes)
        finally:
            writer.kill()
            writer.wait()
            server.stop()
            sink.stop()


def watch(server, writer, sink, minutes) -> int:
    begin = time.monotonic()
    put = 0
    samples = []
    next_line = 0.0
    while writer.poll() is None:
        elapsed = time.monotonic() - begin
        # One order a second over HTTP, and somebody who looks at the page.
        order = {"InvoiceNo": f"put-{put}", "StockCode": "S", "Quantity": "1", "Customer": "1", "Country": "X"}
        run("stream", "put", "mywebsiteorder", "--server", server.url, input=json.dumps(order) + "\n")
        put += 1
        server.get("/api/status")
        samples.append((elapsed, *memory_and_descriptors(server.process.child.pid)))
        if elapsed >= next_line:
            print(f"{elapsed:6.0f} s  {samples[-1][1]:.0f} MiB  {samples[-1][2]} descriptors  "
                  f"{server.rows('SOURCE_SQL_STREAM_001')} orders  {len(sink.taken())} messages", flush=True)
            next_line += 60
        time.sleep(max(0.0, put - (time.monotonic() - begin)))
    lines = sum(log.read_bytes().count(b"\n") for log in sorted((server.applications[0] / "logs").iterdir()))
    total = lines + put
    wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") >= total, "all orders", 600)
    wait_until(lambda: server.application()["deliveries"]["pending"] == 0, "the outbox", 60)
    faults = []
    counts = {"stream": server.get("/api/streams/mywebsiteorder")["shards"][0]["next"],
              "source rows": server.rows("SOURCE_SQL_STREAM_001"), "count rows": server.rows("ORDER_COUNT_STREAM")}
    for what, count in counts.items():
        if count != total:
            faults.append(f"{what}: {count}, given {total}")
    if len(history_rows(server)) != len(sink.taken()):
        faults.append(f"{len(history_rows(server))} history rows, {len(sink.taken())} messages")
    quarter = minutes * 15
    third, last = ([sample for sample in samples if first <= sample[0] / quarter < first + 1] for first in (2, 3))
    for index, what, growth_max in ((1, "MiB", GROWTH_MAX_MIB), (2, "descriptors", GROWTH_MAX_DESCRIPTORS)):
        before, after = (statistics.median(sample[index] for sample in some) for some in (third, last))
        print(f"{what}: {before:.1f} in the third quarter, {after:.1f} in the last")
        if after - before > growth_max:
            faults.append(f"{what} grew from {before:.1f} to {after:.1f}, at most {growth_max} more")
    print(f"{total} orders in, {counts}, {len(sink.taken())} messages: " + ("; ".join(faults) or "no drift"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
