"""Whole applications: the eight pumps of a web site's metrics, and a thousand small applications in one server."""

import collections
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from measure import FOLDER, OURS, PROGRAM, ROOT, Contender, cpu_seconds, resident_mib

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402

EVENTS = ["click"] * 8 + ["pageview"] * 8 + ["login", "logoff", "playvideo", "exception"]
# Two pumps more, through which the results can be checked: visitors a minute, and all events that were counted.
CHECKED = """
CREATE STREAM VISITORS (n BIGINT);
CREATE PUMP visitors AS INSERT INTO VISITORS SELECT STREAM UnitValueInt FROM "DESTINATION_SQL_STREAM"
WHERE MetricType = 'visitor_count';
"""
OUTPUTS = """outputs:
  - {from: VISITORS, alarm: visitors}
alarms:
  visitors: {notify: {subject: Visitors, message: "${N}", to: [log]}}
targets: {log: {file: {path: log}}}
"""


def beacons(count):
    """A file of what a site's pages send, 1,000 a second, and how many visitors each full minute had."""
    path = FOLDER / f"beacons-{count}"
    expected = FOLDER / f"beacons-{count}.visitors"
    if not expected.exists():
        rng = random.Random(1)
        visitors = collections.defaultdict(set)
        with open(path, "w") as file:
            for number in range(count):
                second = number // 1000
                client = f"client-{int(20_000 * rng.random() ** 3)}"
                visitors[second // 60].add(client)
                file.write(json.dumps({
                    "host": f"203.0.113.{number % 250}",
                    "datetime": f"25/Nov/2026:{13 + second // 3600}:{second // 60 % 60:02}:{second % 60:02} +0000",
                    "request": "GET /beacon HTTP/1.1", "response": 200, "bytes": rng.randrange(9999),
                    "referrer": f"/page_{rng.randrange(50)}",
                    "agent": f"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/{rng.randrange(60)}.0",
                    "event": rng.choice(EVENTS), "clientid": client, "page": f"/page_{int(500 * rng.random() ** 2)}"},
                    separators=(",", ":")) + "\n")
        last = (count - 1) // 1000 // 60
        expected.write_text(json.dumps([len(visitors[minute]) for minute in sorted(visitors) if minute != last]))
    return path, json.loads(expected.read_text())


def web_analytics(bench):
    records = bench.size(400_000, 130_000)
    path, expected = beacons(records)
    app = FOLDER / "web-analytics"
    shutil.rmtree(app, ignore_errors=True)
    subprocess.run([PROGRAM, "import", ROOT / "tests" / "data" / "web-analytics.yaml", "--output", app], check=True,
                   stdout=subprocess.DEVNULL)
    with open(app / "application.sql", "a") as file:
        file.write(CHECKED)
    definition = app / "tailrace.yaml"
    text = definition.read_text()
    definition.write_text(text[:text.index("outputs:")] + OUTPUTS)

    def visitors_are_right(out):
        told = [json.loads(line) for line in out.read_text().splitlines()]
        counted = [int(line["value"]) for line in told if line["type"] == "event" and line["kind"] == "fired"]
        if counted != expected or not expected:
            raise SystemExit(f"visitors a minute {counted}, expected {expected}")

    turns = bench.race([Contender(f"{OURS}, 8 pumps", [PROGRAM, "replay", app, "--records", f"WASA={path}", "--time", "datetime",
                                                       "--json"], visitors_are_right)], records)
    [ours] = turns.values()
    bench.goal("G23", "eight pumps over JSON, M records/s of one core",
               records / statistics.median(turn.cpu_s for turn in ours) / 1e6, 0.5)


SMALL = """
streams: {{small-{0}: {{shards: 1}}}}
inputs:
  S:
    stream: small-{0}
    format: json
    columns: [{{name: client, type: VARCHAR(16)}}, {{name: size, type: INTEGER}}]
sql: counts.sql
outputs: [{{from: COUNTS, file: counts.ndjson}}]
"""
SMALL_SQL = """
CREATE STREAM COUNTS (client VARCHAR(16), n BIGINT, total BIGINT);
CREATE PUMP counts AS INSERT INTO COUNTS SELECT STREAM "client", COUNT(*), SUM("size") FROM S_001
GROUP BY "client", STEP(S_001.ROWTIME BY INTERVAL '2' SECOND);
"""


def many(bench):
    """One server with many applications, each of which gets a row a second; CPU over ten seconds, when it has come to rest."""
    count = bench.size(1_000, 5)
    seconds = bench.size(10, 2)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-bench-", dir=FOLDER))
    server = None
    try:
        applications = []
        for number in range(count):
            app = folder / f"small-{number}"
            app.mkdir()
            (app / "tailrace.yaml").write_text(SMALL.format(number))
            (app / "counts.sql").write_text(SMALL_SQL)
            applications.append(app)
        server = harness.Server(folder, *applications, options=["--no-agent"]).start(wait=False)
        harness.wait_until(server.ready, "the server to be ready", 300)
        process = server.process.child.pid
        putter = subprocess.Popen([sys.executable, ROOT / "bench" / "put_rows.py", server.url, str(count), str(seconds + 4)])
        time.sleep(3)
        before = cpu_seconds(process)
        time.sleep(seconds)
        used = (cpu_seconds(process) - before) / seconds
        putter.wait()
        memory = resident_mib(process)
        rows = seconds + 4

        def all_there():
            entries = server.get("/api/status")["apps"]
            return len(entries) == count and all(
                next(s["rows"] for s in each["streams"] if s["name"] == "S_001") == rows for each in entries)

        harness.wait_until(all_there, "every application to have its rows", 60)
        bench.figure(f"{OURS}, {count} applications", [100 * used], "% of a core", peak_mib=memory)
        bench.goal("G26", f"{count} applications at a row a second each, % of a core (puts over HTTP included)", 100 * used, 20,
                   at_least=False)
        bench.goal("G26", "the same: MiB resident", memory, 300, at_least=False)
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
