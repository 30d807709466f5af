"""Restarts in mid-window, and the way from line to alarm row. Names: docs/reference-systems.md."""

import collections
import json
import time
import unittest

from flood import with_webhook
from harness import TestCase, order_csv, run, wait_until, write_lines

COUNTS = """
streams: {events: {shards: 2}}
inputs:
  S: {stream: events, format: json, columns: [{name: kind, type: VARCHAR(16), path: $.kind}]}
sql: counts.sql
outputs: [{from: COUNTS, file: counts.ndjson}]
"""


class Restart(TestCase):
    def count(self, stop):
        """Feeds kinds, stops the server in the middle of a window, goes on; gives windows' counts and the records."""
        folder = self.folder / "counts"
        folder.mkdir()
        (folder / "tailrace.yaml").write_text(COUNTS)
        (folder / "counts.sql").write_text(
            "CREATE STREAM COUNTS (window_start TIMESTAMP, kind VARCHAR(16), n BIGINT);\n"
            "CREATE PUMP p AS INSERT INTO COUNTS SELECT STREAM STEP(S_001.ROWTIME BY INTERVAL '4' SECOND), \"kind\", COUNT(*)\n"
            "FROM S_001 GROUP BY \"kind\", STEP(S_001.ROWTIME BY INTERVAL '4' SECOND);\n")
        server = self.serve(folder)
        put = 0

        def feed(kinds):
            nonlocal put
            lines = "\n".join(json.dumps({"kind": kind}) for kind in kinds)
            run("stream", "put", "events", "--server", server.url, input=lines + "\n")
            put += len(kinds)
            wait_until(lambda: server.rows("S_001") == put, "the records")

        wait_until(lambda: time.time() % 4 < 0.5, "the beginning of a window", 10)
        feed(["click"] * 30 + ["pageview"] * 12)
        stop(server)
        server.start()
        feed(["click", "login"] * 3)
        stop(server)
        server.start()
        feed(["click"])
        wait_until(lambda: time.time() % 4 > 3.9, "the window's end", 10)
        rows = self.folder / "data" / "apps" / "counts" / "counts.ndjson"
        records = server.get("/api/streams/events/records", limit=1000)
        records = records["records"] if isinstance(records, dict) else records
        expected = collections.Counter()
        for record in records:
            expected[record["arrival"] // 4000 * 4000, json.loads(record["data"])["kind"]] += 1
        wait_until(lambda: len(rows.read_text().splitlines()) >= len(expected) if rows.exists() else False, "the rows", 15)
        found = [json.loads(line) for line in rows.read_text().splitlines()]
        self.assertEqual(sum(row["N"] for row in found), 49)
        self.assertEqual(len(found), len(expected))  # No row twice.
        self.assertEqual(sorted((row["KIND"], row["N"]) for row in found),
                         sorted((kind, n) for (_, kind), n in expected.items()))

    def test_b2_14_windows_complete_over_a_stop(self):
        self.count(lambda server: self.assertEqual(server.stop(), 0))

    def test_b2_14_windows_complete_over_a_kill(self):
        self.count(lambda server: server.kill())

    def test_c2_9_from_line_to_alarm_row_within_two_seconds(self):
        example = self.example("order-flood")
        definition = example / "tailrace.yaml"
        definition.write_text(definition.read_text().replace("threshold: 30 ", "threshold: 1 "))
        (example / "logs").mkdir()
        server = self.serve(example)
        log = example / "logs" / "a.log"
        took = []
        for number in range(30):
            begun = time.monotonic()
            write_lines(log, order_csv(number))
            wait_until(lambda: server.rows("TRIGGER_COUNT_STREAM") > number, "the alarm row", 10)
            took.append(time.monotonic() - begun)
        self.assertLessEqual(sorted(took)[int(len(took) * 0.99)], 2)

    def test_a3_7_an_interval_between_messages_holds_over_a_kill_and_a_stop(self):
        """Given a restart inside of it, then it still holds: who was told is not told again before it ends."""
        interval_ms = 12_000
        sink = self.sink()
        example = self.example("order-flood")
        with_webhook(example, sink.url, **{"threshold: 30 ": "threshold: 1 ", "min_interval: 60s": f"min_interval: {interval_ms}ms"})
        (example / "logs").mkdir()
        server = self.serve(example)
        put = 0

        def order():
            nonlocal put
            write_lines(example / "logs" / "a.log", order_csv(put))
            put += 1
            wait_until(lambda: server.rows("TRIGGER_COUNT_STREAM") == put, "the alarm row")

        order()
        wait_until(sink.taken, "the message")
        server.kill()
        server.start()
        order()
        self.assertEqual(server.stop(), 0)
        server.start()
        order()
        records = server.get("/api/streams/mywebsiteorder/records", limit=10)["records"]
        self.assertLess(records[2]["arrival"] - records[0]["arrival"], interval_ms, "too slow a machine for this test")
        wait_until(lambda: server.application()["deliveries"]["pending"] == 0, "an empty outbox")
        self.assertEqual(len(sink.taken()), 1)
        wait_until(lambda: time.time() * 1000 >= records[0]["arrival"] + interval_ms, "the interval's end")
        order()
        self.assertEqual(len(wait_until(lambda: len(sink.taken()) > 1 and sink.taken(), "the second message")), 2)
        self.assertEqual(sink.taken()[1]["suppressed"], 2)


if __name__ == "__main__":
    unittest.main()
