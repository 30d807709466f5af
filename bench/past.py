"""What past records cost: the pause of checkpoints over a million open keys, recovery after kill -9, and replay speed."""

import concurrent.futures
import json
import pathlib
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from measure import FOLDER, OURS, ROOT, cpu_seconds

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402

DAY = 100 * 86400  # The records of a site with 100 a second.
PUT_AT_ONCE = 500
CHECKPOINTS = 10
ORDERS_OF_A_CHECKPOINT = 10_000  # So many to do again make one at once; for fewer it waits up to 30 s.
INPUT = """
streams: {orders: {shards: 1, retention: 7d}}
inputs:
  S:
    stream: orders
    format: json
    columns: [{name: customer, type: INTEGER, path: $.customer}, {name: amount, type: INTEGER, path: $.amount}]
sql: counts.sql
"""
TUMBLING = """
CREATE STREAM COUNTS (customer INTEGER, n BIGINT, total BIGINT);
CREATE PUMP counts AS INSERT INTO COUNTS SELECT STREAM "customer", COUNT(*), SUM("amount") FROM S_001
GROUP BY "customer", FLOOR(S_001.ROWTIME TO DAY);
"""
# Each keeps a million keys open, or a million rows or values in one part that is saved as a whole.
KINDS = {
    "tumbling": TUMBLING,
    "sliding": """
CREATE STREAM COUNTS (customer INTEGER, n BIGINT, total BIGINT);
CREATE PUMP counts AS INSERT INTO COUNTS SELECT STREAM "customer", COUNT(*) OVER w, SUM("amount") OVER w FROM S_001
WINDOW w AS (PARTITION BY "customer" RANGE INTERVAL '1' DAY PRECEDING);
""",
    "stagger": """
CREATE STREAM COUNTS (customer INTEGER, n BIGINT, total BIGINT);
CREATE PUMP counts AS INSERT INTO COUNTS SELECT STREAM "customer", COUNT(*), SUM("amount") FROM S_001
WINDOWED BY STAGGER (PARTITION BY "customer" RANGE INTERVAL '1' DAY);
""",
    "join": """
CREATE STREAM CHANGES (customer INTEGER, amount INTEGER);
CREATE PUMP changes AS INSERT INTO CHANGES SELECT STREAM "customer", "amount" FROM S_001 WHERE "amount" < 0;
CREATE STREAM COUNTS (customer INTEGER, amount INTEGER);
CREATE PUMP counts AS INSERT INTO COUNTS SELECT STREAM o."customer", c.amount
FROM S_001 OVER (RANGE INTERVAL '1' DAY PRECEDING) AS o
JOIN CHANGES OVER (RANGE INTERVAL '1' DAY PRECEDING) AS c ON o."customer" = c.customer;
""",
    "one window": """
CREATE STREAM COUNTS (n BIGINT, total BIGINT, least INTEGER);
CREATE PUMP counts AS INSERT INTO COUNTS SELECT STREAM COUNT(*) OVER w, SUM("amount") OVER w, MIN("customer") OVER w
FROM S_001 WINDOW w AS (RANGE INTERVAL '1' DAY PRECEDING);
""",
    "one group": """
CREATE STREAM COUNTS (n BIGINT);
CREATE PUMP counts AS INSERT INTO COUNTS SELECT STREAM COUNT(DISTINCT "customer") FROM S_001
GROUP BY FLOOR(S_001.ROWTIME TO DAY);
""",
    "one sort": """
CREATE STREAM COUNTS (customer INTEGER, amount INTEGER);
CREATE PUMP counts AS INSERT INTO COUNTS SELECT STREAM "customer", "amount" FROM S_001
ORDER BY FLOOR(S_001.ROWTIME TO DAY), "amount";
""",
    "one forest": """
CREATE STREAM COUNTS (score DOUBLE);
CREATE PUMP counts AS INSERT INTO COUNTS SELECT STREAM ANOMALY_SCORE FROM TABLE(RANDOM_CUT_FOREST(
CURSOR(SELECT STREAM "customer", "amount" FROM S_001), 100, 256, 100000, 1));
""",
}
ALARM = """
outputs: [{from: LARGE, alarm: large}]
alarms:
  large: {notify: {subject: Large, message: "${N}", to: [log]}}
targets: {log: {file: {path: log}}}
"""
LARGE = """
CREATE STREAM LARGE (n BIGINT);
CREATE PUMP large AS INSERT INTO LARGE SELECT STREAM n FROM (
  SELECT STREAM COUNT(*) OVER (PARTITION BY "customer" RANGE INTERVAL '15' SECOND PRECEDING) AS n FROM S_001) AS c
WHERE n >= 30;
"""


class Records:
    """A file with an order of each customer, then of customers at random until there are `size_min` bytes."""

    def __init__(self, path, keys, size_min=0):
        self.path = path
        self.count = size = 0
        rng = random.Random(1)
        padding = "a padding as long as the rest of an order usually is, more or less" if size_min else ""
        with open(path, "w") as file:
            while self.count < keys or size < size_min:
                customer = self.count if self.count < keys else rng.randrange(keys)
                size += file.write(json.dumps({"customer": customer, "amount": rng.randrange(1000), "text": padding}) + "\n")
                self.count += 1


class Site:
    """A server with one application over one stream of orders."""

    def __init__(self, keys, sql, definition=INPUT, records=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-bench-", dir=FOLDER))
        self.app = self.folder / "counts"
        self.app.mkdir()
        (self.app / "tailrace.yaml").write_text(definition)
        (self.app / "counts.sql").write_text(sql)
        self.records = records
        self.keys = keys
        self.count = 0
        self.server = harness.Server(self.folder, self.app).start()

    def close(self):
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def put_file(self, size_min=0):
        if self.records is None:
            self.records = Records(self.folder / "records.ndjson", self.keys, size_min)
        with open(self.records.path) as file:
            subprocess.run([harness.PROGRAM, "stream", "put", "orders", "--server", self.server.url], stdin=file, check=True,
                           stdout=subprocess.DEVNULL)
        self.count += self.records.count

    def put(self, count=1):
        """So many orders of customers in turn."""
        for first in range(self.count, self.count + count, PUT_AT_ONCE):
            numbers = range(first, min(first + PUT_AT_ONCE, self.count + count))
            orders = [json.dumps({"customer": number % self.keys, "amount": 1}) for number in numbers]
            status, answer = self.server.post("/api/streams/orders/records", {"records": [
                {"key": "1", "data": order} for order in orders]})
            if status != 200:
                raise SystemExit(f"an order was not taken: {answer}")
        self.count += count

    def wait(self):
        """Until the application has read everything: exactly the records that were put."""
        harness.wait_until(lambda: self.server.rows("S_001") >= self.count, "the records", 1200)
        rows_in = next(pump["rows_in"] for pump in self.server.application()["pumps"] if pump["name"] == "COUNTS")
        if self.server.rows("S_001") != self.count or rows_in != self.count:
            raise SystemExit(f"{self.count} records were put, {rows_in} were counted")

    def files(self):
        return [*sorted((self.folder / "data" / "streams" / "orders.stream").glob("*.segment")),
                self.folder / "data" / "apps" / "counts" / "checkpoint"]

    def read_seconds(self):
        """The limit of whatever looks at all of it: the same bytes, one after the other."""
        return seconds_of(lambda: subprocess.run(["cat", *self.files()], stdout=subprocess.DEVNULL, check=True))


def seconds_of(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


class Pauses(threading.Thread):
    """Notes the pause of every checkpoint, as the server's metrics show it."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.seen_ms = []
        self.bytes = 0
        self.going = True
        self.last = self.read()["pause_us"]  # Of a checkpoint that was made before.

    def read(self):
        with urllib.request.urlopen(self.server.url + "/metrics", timeout=30) as answer:
            text = answer.read().decode()
        return {name: float(value) for name, value in re.findall(r"^tailrace_checkpoint_(\w+)\{[^}]*\} (\S+)", text, re.M)}

    def run(self):
        while self.going:
            values = self.read()
            self.bytes = values["bytes"]
            if values["pause_us"] != self.last:
                self.last = values["pause_us"]
                self.seen_ms.append(self.last / 1000)
            time.sleep(0.05)

    def stop(self):
        self.going = False
        self.join()
        return sorted(self.seen_ms)


def checkpoint(bench):
    """Each checkpoint is made for 10,000 orders and sees more come one by one; then all customers order again at once; after
    kill -9 no order may be missing."""
    with tempfile.TemporaryDirectory(prefix="tailrace-bench-", dir=FOLDER) as folder:
        records = Records(pathlib.Path(folder) / "records.ndjson", bench.size(1_000_000, 2_000))
        with concurrent.futures.ThreadPoolExecutor(bench.size(1, 4)) as at_once:
            list(at_once.map(lambda kind: checkpoint_of(bench, kind, Site(records.count, KINDS[kind], records=records)), KINDS))


def checkpoint_of(bench, kind, site):
    try:
        site.put_file()
        site.wait()
        pauses = Pauses(site.server)
        pauses.start()
        for made in range(bench.size(CHECKPOINTS, 1)):
            site.put(ORDERS_OF_A_CHECKPOINT)
            while len(pauses.seen_ms) <= made:
                site.put()
        site.put_file()
        site.wait()
        millis = pauses.stop()
        state = bytearray(int(pauses.bytes))
        copy = seconds_of(lambda: bytes(state)) * 1000
        site.server.kill()
        site.server.start()
        site.wait()
    finally:
        site.close()
    bench.figure(f"{OURS}, {kind}, longest pause of each", millis, "ms", ratio=1)
    bench.figure(f"memcpy of {len(state) / 2**20:.0f} MiB, {kind}", [copy], "ms", ratio=copy / statistics.median(millis))
    bench.goal("G28", f"pause of checkpoints of a million keys, {kind}: the longest, ms", millis[-1], 20, at_least=False)


def recovery(bench):
    """From the start after kill -9 until the server is ready, and until it has read up."""
    site = Site(bench.size(1_000_000, 2_000), TUMBLING)
    ready, read_up, cpu, limits = [], [], [], []
    try:
        site.put_file(bench.size(1 << 30, 1 << 20))
        site.wait()
        before = site.server.application()["checkpoints"]
        site.put(ORDERS_OF_A_CHECKPOINT)
        harness.wait_until(lambda: site.server.application()["checkpoints"] > before, "a checkpoint with all keys", 60)
        for _ in range(bench.repetitions):
            site.put()
            site.server.kill()
            limits.append(site.read_seconds())
            ready.append(seconds_of(site.server.start))
            read_up.append(ready[-1] + seconds_of(site.wait))
            cpu.append(cpu_seconds(site.server.process.child.pid))
        size = sum(path.stat().st_size for path in site.files()) / 2**30
    finally:
        site.close()
    limit = bench.figure(f"cat of the {size:.2f} GiB", limits, "s")
    bench.figure(f"{OURS}, start to ready", ready, "s", ratio=statistics.median(ready) / limit)
    bench.figure(f"{OURS}, start to read up", read_up, "s", ratio=statistics.median(read_up) / limit)
    bench.figure(f"{OURS}, CPU until then", cpu, "s", ratio=statistics.median(cpu) / limit)
    bench.goal("G28", "recovery with 1 GB of stream and a million keys, s", statistics.median(ready), 3, at_least=False)


def replay(bench):
    """A day of a site with 100 events/s through SQL and an alarm, counted for each customer."""
    site = Site(bench.size(1_000_000, 2_000), TUMBLING + LARGE, INPUT + ALARM)
    walls, cpus, limits = [], [], []
    try:
        while site.count < bench.size(DAY, 4_000):
            site.put_file()
        site.wait()
        site.server.stop()
        for _ in range(bench.repetitions):
            limits.append(site.read_seconds())
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            said = []
            walls.append(seconds_of(lambda: said.append(harness.run("replay", site.app, "--data", site.folder / "data", "--json"))))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            if json.loads(said[0].splitlines()[-1])["records"] != site.count:
                raise SystemExit(f"{site.count} records were put; replay says {said[0].splitlines()[-1]}")
    finally:
        site.close()
    day = [wall * DAY / site.count for wall in walls]
    limit = bench.figure("cat of the records", limits, "s")
    bench.figure(f"{OURS}, all records", walls, "s", ratio=statistics.median(walls) / limit)
    bench.figure(f"{OURS}, CPU", [cpu / site.count * 1e9 for cpu in cpus], "ns/record")
    bench.figure(f"{OURS}, days of 100 events/s a minute", [60 / each for each in day], "days/min")
    bench.goal("G27", "replay of a day of a site with 100 events/s, s", statistics.median(day), 10, at_least=False)
