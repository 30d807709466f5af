"""How long a line takes to the row that it causes, while the server has 1, 50 and 90 % of what it can take to do; and how long after
its end a window of thousands of groups has its rows in a file.

Marks are among the lines; a pump picks them out and their rows go to an alarm and to a file. What is measured ends when a row can
be read in the file, which is synced later, with the checkpoint. Beside the marks every line is counted by client in windows of a second.
"""

import datetime
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from measure import FOLDER, OURS, ROOT, percentile

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402

GROUPS = 5000
DEFINITION = """name: latency
streams:
  lines: {shards: 1, retention: 1h}
agent: agent.json
inputs:
  SOURCE_SQL_STREAM:
    stream: lines
    format: json
    columns:
      - {name: id, type: VARCHAR(16), path: $.id}
      - {name: client, type: VARCHAR(16), path: $.client}
      - {name: size, type: INTEGER, path: $.size}
sql: application.sql
outputs:
  - {from: MARKS, alarm: mark}
  - {from: MARKS, file: marks.ndjson}
  - {from: COUNTS, file: counts.ndjson}
alarms:
  mark: {notify: {subject: Mark, message: "${ID}", min_interval: 60s, to: [messages]}}
targets:
  messages: {file: {path: messages.log}}
"""
SQL = """CREATE STREAM MARKS (ID VARCHAR(16));
CREATE PUMP MARK_PUMP AS INSERT INTO MARKS
  SELECT STREAM "id" FROM SOURCE_SQL_STREAM_001 WHERE "client" = 'mark';
CREATE STREAM COUNTS (WINDOW_START TIMESTAMP, CLIENT VARCHAR(16), N BIGINT);
CREATE PUMP COUNT_PUMP AS INSERT INTO COUNTS
  SELECT STREAM STEP(s.ROWTIME BY INTERVAL '1' SECOND), "client", COUNT(*) FROM SOURCE_SQL_STREAM_001 AS s
  GROUP BY "client", STEP(s.ROWTIME BY INTERVAL '1' SECOND);
"""
AGENT = {"cloudwatch.emitMetrics": False, "flows": [
    {"filePattern": "logs/*.log", "kinesisStream": "lines", "partitionKeyOption": "RANDOM", "initialPosition": "START_OF_FILE",
     "maxBufferAgeMillis": "0"}]}


class Measured:
    """A server over an application of its own, and what it writes, watched while it grows."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-bench-", dir=FOLDER))
        application = self.folder / "latency"
        (application / "logs").mkdir(parents=True)
        (application / "tailrace.yaml").write_text(DEFINITION)
        (application / "application.sql").write_text(SQL)
        (application / "agent.json").write_text(json.dumps(AGENT))
        self.log = application / "logs" / "a.log"
        self.output = self.folder / "data" / "apps" / "latency"
        self.server = harness.Server(self.folder, application)

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def offer(self, kind, rate, seconds):
        where = [self.log] if kind == "log" else [self.server.url, "lines"]
        done = subprocess.run([sys.executable, ROOT / "bench" / "offered_load.py", kind, *where, str(rate), str(seconds)],
                              capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise SystemExit(f"offered_load.py: {done.stderr[-500:]}")
        answer = json.loads(done.stdout)
        return answer["lines"], {int(number): at for number, at in answer["marks"].items()}

    def rows(self):
        return self.server.rows("SOURCE_SQL_STREAM_001")


class Watcher(threading.Thread):
    """Takes down when each line of a file came to be there."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.seen = []  # (monotonic time, line)
        self.ended = threading.Event()

    def run(self):
        while not self.path.exists():
            if self.ended.wait(0.001):
                return
        with open(self.path, "rb") as file:
            rest = b""
            while True:
                data = file.read()
                if data:
                    now = time.monotonic()
                    *lines, rest = (rest + data).split(b"\n")
                    self.seen += [(now, each) for each in lines]
                elif self.ended.wait(0.0001):
                    return


def epoch_s(text):
    """Of a TIMESTAMP as rows have it."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp()


def capacity(kind, seconds):
    """Lines a second that come through, by the clock: a log that is there already (the server's start is counted), or puts as fast
    as they are answered."""
    with Measured() as measured:
        if kind == "log":
            measured.server.stop()
            lines, _ = measured.offer("log", 600_000, seconds)  # Into the file only; the server is not there.
            begin = time.monotonic()
            measured.server.start()
        else:
            begin = time.monotonic()
            lines, _ = measured.offer("put", 0, seconds)
        harness.wait_until(lambda: measured.rows() >= lines, "every line", 300)
        return lines / (time.monotonic() - begin)


def delays(kind, rate, seconds):
    """Milliseconds from each mark to its row."""
    with Measured() as measured:
        watcher = Watcher(measured.output / "marks.ndjson")
        watcher.start()
        try:
            lines, sent = measured.offer(kind, rate, seconds)
            harness.wait_until(lambda: len(watcher.seen) >= len(sent), "the row of every mark", 60)
            harness.wait_until(lambda: measured.rows() >= lines + len(sent), "every line", 60)
        finally:
            watcher.ended.set()
            watcher.join()
        seen = {int(json.loads(text)["ID"]): at for at, text in watcher.seen}
        if measured.rows() != lines + len(sent) or seen.keys() != sent.keys() or len(watcher.seen) != len(sent):
            raise SystemExit(f"{len(watcher.seen)} rows for {len(sent)} marks, {measured.rows()} of {lines} lines")
        return [(seen[number] - at) * 1000 for number, at in sent.items()]


def run(bench):
    seconds = bench.size(6, 0.5)
    for kind, what in (("log", "line to alarm row"), ("put", "put to alarm row")):
        most = 2_000 if bench.quick else capacity(kind, 3)
        bench.figure(f"{OURS}, {what}, capacity", [most], "lines/s")
        for percent in bench.size((1, 50, 90), (50,)):
            values = delays(kind, most * percent / 100, seconds)
            p50, p99 = statistics.median(values), percentile(values, 0.99)
            bench.figure(f"{OURS}, {what}, {percent} %, p50", [p50], "ms")
            bench.figure(f"{OURS}, {what}, {percent} %, p99", [p99], "ms")
            if kind == "put" and percent == 50:
                bench.goal("G15", "put to alarm row at half of what the server can take, p99 ms", p99, 20, at_least=False)
    window_close(bench)


def window_close(bench):
    """From the end of each window of a second until all its groups are in the file."""
    seconds = bench.size(20, 3)
    with Measured() as measured:
        offset = time.time() - time.monotonic()
        watcher = Watcher(measured.output / "counts.ndjson")
        watcher.start()
        try:
            lines, sent = measured.offer("log", GROUPS * 4, seconds)
            # Whoever counts the rows of 20 windows meanwhile keeps the watcher, a thread of the same interpreter, from looking.
            harness.wait_until(lambda: measured.rows() == lines + len(sent), "every line", 60)
            harness.wait_until(lambda: watcher.seen and time.monotonic() - watcher.seen[-1][0] > 3, "the last window", 60)
        finally:
            watcher.ended.set()
            watcher.join()
        last = {}
        groups = {}
        counted = 0
        for at, text in watcher.seen:
            row = json.loads(text)
            counted += row["N"]
            begin = row["WINDOW_START"]
            last[begin] = max(last.get(begin, 0), at + offset)
            groups[begin] = groups.get(begin, 0) + 1
        if counted != lines + len(sent):
            raise SystemExit(f"the windows have {counted} of {lines + len(sent)} lines")
        values = [(at - epoch_s(begin) - 1) * 1000 for begin, at in last.items() if groups[begin] >= GROUPS]
        if not values:
            raise SystemExit(f"no window had {GROUPS} groups: {groups}")
        bench.figure(f"{OURS}, window's end to rows, p50", [statistics.median(values)], "ms")
        p99 = percentile(values, 0.99)
        bench.figure(f"{OURS}, window's end to rows, p99", [p99], "ms")
        bench.goal("G16", f"window of {GROUPS} groups, its end to its rows in a file, p99 ms", p99, 5, at_least=False)
