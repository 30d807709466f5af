#!/usr/bin/env python3
"""soak.py MINUTES [RATE]: a server under mixed load for that long: a tailed log, puts over HTTP, tables, an alarm, pages that
somebody looks at. Prints memory, descriptors and counts each minute; exits 1 when memory or descriptors grow or when what came in is
not what came out and what is held.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
os.environ.setdefault("TAILRACE_PROGRAM", str(ROOT / "build" / "release" / "tailrace"))

from flood import history_rows, with_webhook  # noqa: E402
from harness import PROGRAM, HttpSink, Server, run, wait_until  # noqa: E402

GROWTH_MAX = 1.15  # Of memory and descriptors, over the second half: by then the caches of the tables are full.


def memory_and_descriptors(pid):
    """Without the files of tables, whose number goes with what is held."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    files = []
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # Closed meanwhile.
            files.append(os.readlink(entry))
    return kilobytes // 1024, sum(1 for file in files if not file.endswith(".sst"))


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
        server = Server(folder, example).start()
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
    next_sample = 0.0
    while writer.poll() is None:
        elapsed = time.monotonic() - begin
        # One order a second over HTTP, and somebody who looks at the page.
        order = {"InvoiceNo": f"put-{put}", "StockCode": "S", "Quantity": "1", "Customer": "1", "Country": "X"}
        run("stream", "put", "mywebsiteorder", "--server", server.url, input=json.dumps(order) + "\n")
        put += 1
        server.get("/api/status")
        if elapsed >= next_sample:
            memory, descriptors = memory_and_descriptors(server.process.child.pid)
            samples.append((elapsed, memory, descriptors))
            print(f"{elapsed:6.0f} s  {memory} MiB  {descriptors} descriptors  "
                  f"{server.rows('SOURCE_SQL_STREAM_001')} orders  {len(sink.taken())} messages", flush=True)
            next_sample += 60
        time.sleep(max(0.0, put - (time.monotonic() - begin)))
    lines = sum(log.read_bytes().count(b"\n") for log in sorted((server.applications[0] / "logs").iterdir()))
    total = lines + put
    wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") >= total, "all orders", 60)
    wait_until(lambda: server.application()["deliveries"]["pending"] == 0, "the outbox", 60)
    faults = []
    counts = {"stream": server.get("/api/streams/mywebsiteorder")["shards"][0]["next"],
              "source rows": server.rows("SOURCE_SQL_STREAM_001"), "count rows": server.rows("ORDER_COUNT_STREAM")}
    for what, count in counts.items():
        if count != total:
            faults.append(f"{what}: {count}, given {total}")
    if len(history_rows(server)) != len(sink.taken()):
        faults.append(f"{len(history_rows(server))} history rows, {len(sink.taken())} messages")
    warm = [sample for sample in samples if sample[0] >= minutes * 30]
    for index, what in ((1, "MiB"), (2, "descriptors")):
        if warm and warm[-1][index] > warm[0][index] * GROWTH_MAX:
            faults.append(f"{what} grew from {warm[0][index]} to {warm[-1][index]}")
    print(f"{total} orders in, {counts}, {len(sink.taken())} messages: " + ("; ".join(faults) or "no drift"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
