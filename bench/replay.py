#!/usr/bin/env python3
"""What past records cost: replay speed, recovery after kill -9, and the pause of checkpoints over a million open keys.

Fills a stream with BENCH_MIB (default 256; 1024 for the numbers in the documents) of orders by a million customers, counted per customer
and day, so that a million keys stay open. Measures, beside reading the same bytes with cat in the same run:
  replay     records/s of `tailrace replay` over the data folder, as days of a site with 100 events/s in a minute
  pause      how long checkpoints kept the application from its records: p50, p99 and the largest that were seen
  recovery   from the start after a kill -9 until the server is ready, and until it has read up
"""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
import harness  # noqa: E402

MIB = int(os.environ.get("BENCH_MIB", "256"))
KEYS = 1_000_000
DEFINITION = """
parameters: {threshold: 30}
streams: {orders: {shards: 1, retention: 7d}}
inputs:
  S:
    stream: orders
    format: json
    columns: [{name: customer, type: INTEGER, path: $.customer}, {name: amount, type: INTEGER, path: $.amount}]
sql: counts.sql
outputs: [{from: LARGE, alarm: large}]
alarms:
  large: {notify: {subject: Large, message: "${N}", to: [log]}}
targets: {log: {file: {path: log}}}
"""
SQL = """
CREATE STREAM COUNTS (customer INTEGER, n BIGINT, total BIGINT);
CREATE PUMP counts AS INSERT INTO COUNTS SELECT STREAM "customer", COUNT(*), SUM("amount") FROM S_001
GROUP BY "customer", FLOOR(S_001.ROWTIME TO DAY);
CREATE STREAM LARGE (n BIGINT);
CREATE PUMP large AS INSERT INTO LARGE SELECT STREAM n FROM (
  SELECT STREAM COUNT(*) OVER (PARTITION BY "customer" RANGE INTERVAL '15' SECOND PRECEDING) AS n FROM S_001) AS c
WHERE n >= :threshold;
"""


def fill(server, path):
    """Writes the records to a file and puts them into the stream; gives their number."""
    rng = random.Random(1)
    count = 0
    with open(path, "w") as file:
        size = 0
        while size < MIB << 20:
            size += file.write(json.dumps({"customer": count if count < KEYS else rng.randrange(KEYS), "amount": rng.randrange(1000),
                                           "text": "a padding as long as the rest of an order usually is, more or less"}) + "\n")
            count += 1
    with open(path) as file:
        subprocess.run([harness.PROGRAM, "stream", "put", "orders", "--server", server.url], stdin=file, check=True,
                       stdout=subprocess.DEVNULL)
    return count


class Pauses(threading.Thread):
    """Reads the pause of the newest checkpoint, over and over."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.seen = []
        self.bytes = 0
        self.going = True

    def run(self):
        while self.going:
            with urllib.request.urlopen(self.server.url + "/metrics", timeout=30) as answer:
                text = answer.read().decode()
            for name, value in re.findall(r"^tailrace_checkpoint_(\w+)\{[^}]*\} (\S+)", text, re.M):
                if name == "pause_us" and (not self.seen or self.seen[-1] != float(value)):
                    self.seen.append(float(value))
                elif name == "bytes":
                    self.bytes = float(value)
            time.sleep(0.2)


def main():
    with tempfile.TemporaryDirectory(prefix="tailrace-bench-", dir=os.environ.get("BENCH_FOLDER")) as name:
        folder = pathlib.Path(name)
        app = folder / "counts"
        app.mkdir()
        (app / "tailrace.yaml").write_text(DEFINITION)
        (app / "counts.sql").write_text(SQL)
        server = harness.Server(folder, app).start()
        pauses = Pauses(server)
        pauses.start()
        count = fill(server, folder / "records.ndjson")
        harness.wait_until(lambda: server.rows("S_001") == count, "the records", 600)
        for i in range(15):  # Checkpoints with all keys open.
            harness.run("stream", "put", "orders", json.dumps({"customer": i, "amount": 1}), "--server", server.url)
            time.sleep(1.1)
        pauses.going = False
        pauses.join()
        millis = sorted(value / 1000 for value in pauses.seen)
        print(f"checkpoint  {len(millis)} seen, {pauses.bytes / 2**20:.0f} MiB, pause p50 {millis[len(millis) // 2]:.1f} ms, "
              f"p99 {millis[int(len(millis) * 0.99)]:.1f} ms, largest {millis[-1]:.1f} ms (limit: p99 20 ms)")
        begun = time.perf_counter()
        subprocess.run(["cat", *sorted((folder / "data" / "streams" / "orders.stream").glob("*.segment"))],
                       stdout=subprocess.DEVNULL, check=True)
        cat = time.perf_counter() - begun
        begun = time.perf_counter()
        harness.run("replay", app, "--data", folder / "data")
        seconds = time.perf_counter() - begun
        rate = count / seconds
        print(f"replay      {count} records, {MIB} MiB in {seconds:.1f} s: {rate:.0f} records/s, "
              f"{rate * 60 / (100 * 86400):.1f} days of 100 events/s a minute (cat of the same files: {cat:.2f} s)")
        server.kill()
        begun = time.perf_counter()
        server.start()
        ready = time.perf_counter() - begun
        harness.wait_until(lambda: server.application()["state"] == "running" and server.application()["behind_ms"] == 0,
                           "the server to have read up", 300)
        print(f"recovery    ready after {ready:.2f} s, read up after {time.perf_counter() - begun:.2f} s")
        server.stop()


if __name__ == "__main__":
    main()
