"""Rehearsals: past records through an application's SQL and alarms. Names: docs/reference-systems.md."""

import collections
import datetime
import gzip
import json
import random
import time
import unittest

from flood import scale
from harness import TestCase, order_csv, run, wait_until, write_lines


def rehearse(example, server, *words):
    """The lines of `tailrace replay --json` over the server's own data folder."""
    text = run("replay", example, "--data", server.folder / "data", "--json", *words)
    return [json.loads(line) for line in text.splitlines()]


def events_of(lines):
    """What live history and replay have in common, in the order of time."""
    names = ("alarm", "kind", "key", "time", "value", "rows", "max", "since")
    return [{name: line[name] for name in names} for line in lines]


def iso(unix_ms):
    return datetime.datetime.fromtimestamp(unix_ms / 1000, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


SILENCE = """
streams: {s: {}}
inputs:
  S: {stream: s, format: json, columns: [{name: N, type: INTEGER, path: $.N}]}
sql: silence.sql
outputs: [{from: QUIET, alarm: quiet}]
alarms:
  quiet:
    notify: {subject: Quiet, message: "Nothing came until ${time}", to: [log]}
targets: {log: {file: {path: log}}}
"""


TWO_INPUTS = """
streams: {as: {}, bs: {}}
inputs:
  A: {stream: as, format: json, columns: [{name: T, type: TIMESTAMP, path: $.t}, {name: K, type: INTEGER, path: $.k}]}
  B: {stream: bs, format: json, columns: [{name: T, type: TIMESTAMP, path: $.t}, {name: K, type: INTEGER, path: $.k}]}
sql: pairs.sql
outputs: [{from: PAIRS, alarm: pair}]
alarms:
  pair:
    notify: {subject: Pair, message: "${K}", min_interval: 60s, to: [log]}
targets: {log: {file: {path: log}}}
"""
PAIRS = """
CREATE STREAM PAIRS (K INTEGER);
CREATE PUMP PAIR_PUMP AS INSERT INTO PAIRS SELECT STREAM a.K FROM A_001 OVER (RANGE INTERVAL '1' HOUR PRECEDING) AS a
JOIN B_001 OVER (RANGE INTERVAL '1' HOUR PRECEDING) AS b ON a.K = b.K;
"""


class Rehearsal(TestCase):
    def flood(self, divisor, orders):
        example = self.example("order-flood")
        scale(example, divisor)
        definition = example / "tailrace.yaml"
        definition.write_text(definition.read_text().replace("    value: ORDER_COUNT\n",
                                                             "    value: ORDER_COUNT\n    resolve_after: 400ms\n"))
        (example / "logs").mkdir()
        server = self.serve(example)
        log = example / "logs" / "a.log"
        for burst in range(3):
            for i in range(orders):
                write_lines(log, order_csv(536365 + burst * orders + i))
            wait_until(lambda: server.rows("ORDER_COUNT_STREAM") == orders * (burst + 1), "the orders")
            wait_until(lambda: not server.get("/api/apps/order-flood/alarms")[0]["firing"], "quiet")
        return example, server

    def test_a_replay_beside_the_server_gives_what_the_live_alarms_did(self):
        example, server = self.flood(20, 60)  # 30 orders in 750 ms, one message in 3 s, over after 400 ms.
        live = server.get("/api/apps/order-flood/alarms/events", limit=1000)
        live.reverse()  # Newest first there.
        self.assertEqual([event["kind"] for event in live].count("resolved"), 3)
        lines = rehearse(example, server)
        self.assertEqual(events_of(line for line in lines if line["type"] == "event"), events_of(live))
        total = next(line for line in lines if line["type"] == "total")
        told = [event for event in live if event["kind"] == "message"]
        self.assertEqual(total["fired"], 3)
        self.assertEqual(total["resolved"], 3)
        self.assertEqual(total["told"], len(told))
        self.assertEqual(total["held_back"], server.rows("TRIGGER_COUNT_STREAM") - len(told))
        fired = [event["time"] for event in live if event["kind"] == "fired"]
        over = [event["time"] for event in live if event["kind"] == "resolved"]
        self.assertEqual(total["ms_in_alarm"], sum(over) - sum(fired))
        # The texts are those that the targets got.
        messages = [json.loads(line) for line in
                    (server.folder / "data" / "apps" / "order-flood" / "messages.log").read_text().splitlines()]
        self.assertEqual([(line["to"], line["subject"], line["text"]) for line in lines if "to" in line],
                         [(["messages"], message["subject"], message["message"]) for message in messages])
        # A part of the time: the second burst alone.
        part = rehearse(example, server, "--from", fired[1], "--to", over[1])
        self.assertEqual(events_of(line for line in part if line["type"] == "event"),
                         events_of(event for event in live if fired[1] <= event["time"] <= over[1]))
        # Nothing was told again, and the stopped server's folder gives the same.
        self.assertEqual(server.stop(), 0)
        again = rehearse(example, server)
        self.assertEqual([line for line in again if line["type"] != "run"],
                         [line for line in lines if line["type"] != "run"])

    def test_a_sweep_shows_what_other_thresholds_would_have_done(self):
        example, server = self.flood(20, 40)
        lines = rehearse(example, server, "--sweep", "threshold=30,40,41")
        totals = {line["parameters"]["threshold"]: line for line in lines if line["type"] == "total"}
        live = server.get("/api/apps/order-flood/alarms/events", limit=1000)
        self.assertEqual(totals["30"]["fired"], [event["kind"] for event in live].count("fired"))
        self.assertEqual(totals["30"]["rows"], server.rows("TRIGGER_COUNT_STREAM"))
        self.assertLessEqual(totals["40"]["rows"], 3)
        self.assertEqual(totals["41"]["fired"], 0)
        self.assertEqual(totals["41"]["ms_in_alarm"], 0)
        table = run("replay", example, "--data", server.folder / "data", "--sweep", "threshold=10..40")
        rows = [line.split() for line in table.splitlines()]
        self.assertEqual(rows[0][:4], ["THRESHOLD", "ALARM", "FIRED", "TOLD"])
        self.assertEqual([row[0] for row in rows[1:17]], [str(value) for value in range(10, 41, 2)])
        self.assertIn("Nobody was told", table)

    def test_an_event_is_explained_and_computed_again(self):
        example, server = self.flood(20, 40)
        fired = [event for event in server.get("/api/apps/order-flood/alarms/events", limit=1000)
                 if event["kind"] == "fired"][-1]
        answer = json.loads(run("alarm", "explain", fired["id"], "--json", "--server", server.url))
        self.assertEqual(answer["value"], 30)
        evidence = answer["evidence"]
        self.assertTrue(evidence["bounded"])
        self.assertEqual(evidence["to"], fired["time"])
        # 750 ms of orders, then 3 s of alarm rows, and the moment on the edge.
        self.assertEqual(evidence["to"] - evidence["from"], 3751)
        (span,) = evidence["ranges"]
        last = span["last"]
        self.assertGreaterEqual(last, 29)  # More when further orders arrived in the same millisecond.
        self.assertEqual((span["stream"], span["shard"], span["first"]), ("mywebsiteorder", 0, 0))
        self.assertEqual([record["sequence"] for record in evidence["records"]], list(range(last - 9, last + 1)))
        self.assertEqual(json.loads(evidence["records"][-1]["data"])["InvoiceNo"], str(536365 + last))
        self.assertEqual(json.loads(evidence["row"])["ORDER_COUNT"], 30)
        self.assertEqual(answer["recomputed"]["outcome"], "same")
        self.assertEqual(answer["recomputed"]["records"], last + 1)
        text = run("alarm", "explain", fired["id"], "--server", server.url)
        self.assertIn(f"the same row ({last + 1} records)", text)
        self.assertIn(f"mywebsiteorder shard 0: sequences 0 to {last}", text)
        self.assertIn(str(fired["id"]), run("alarm", "history", "--server", server.url))
        # The end of an alarm rests on no row.
        over = server.get("/api/apps/order-flood/alarms/events", limit=1000)[0]
        self.assertIn("nothing to compute", run("alarm", "explain", over["id"], "--server", server.url))
        missing = run("alarm", "explain", 4711, "--server", server.url, check=False)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("there is no event with id 4711", missing.stderr)
        # With another threshold the same records give no such row.
        server.stop()
        definition = example / "tailrace.yaml"
        definition.write_text(definition.read_text().replace("threshold: 30 ", "threshold: 31 "))
        server.start()
        changed = json.loads(run("alarm", "explain", fired["id"], "--json", "--server", server.url))
        self.assertEqual(changed["recomputed"]["outcome"], "different")
        self.assertIn("has changed since", changed["recomputed"]["note"])

    def test_archived_records_give_what_the_live_alarms_did(self):
        example, server = self.flood(20, 60)
        live = server.get("/api/apps/order-flood/alarms/events", limit=1000)
        live.reverse()
        # The records as an archive keeps them, with their arrival in a column, in packed files of some folders.
        definition = example / "tailrace.yaml"
        definition.write_text(definition.read_text().replace(
            "    columns:\n", "    columns:\n      - {name: Arrived, type: TIMESTAMP, path: $.Arrived}\n"))
        records = server.get("/api/streams/mywebsiteorder/records", limit=1000)
        records = records["records"] if isinstance(records, dict) else records
        lines = []
        for record in records:
            data = json.loads(record["data"])
            data["Arrived"] = iso(record["arrival"])
            lines.append(json.dumps(data))
        archive = self.folder / "archive"
        (archive / "2018" / "11").mkdir(parents=True)
        (archive / "2018" / "11" / "a.gz").write_bytes(gzip.compress(("\n".join(lines[:70]) + "\n").encode()))
        (archive / "2018" / "12.ndjson").write_text("\n".join(lines[70:]) + "\n")
        text = run("replay", example, "--records", f"mywebsiteorder={archive}", "--to", live[-1]["time"], "--json")
        replayed = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(events_of(line for line in replayed if line["type"] == "event"), events_of(live))
        wrong = run("replay", example, "--records", f"orders={archive}", check=False)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("there is no input orders; inputs: SOURCE_SQL_STREAM", wrong.stderr)

    def test_no_traffic_at_all_rings_and_so_does_its_replay(self):
        example = self.folder / "silence"
        example.mkdir()
        (example / "tailrace.yaml").write_text(SILENCE)
        (example / "silence.sql").write_text(
            "CREATE STREAM QUIET (n BIGINT);\n"
            "CREATE PUMP p AS INSERT INTO QUIET SELECT STREAM COUNT(*) FROM S_001\n"
            "GROUP BY STEP(S_001.ROWTIME BY INTERVAL '1' SECOND) HAVING COUNT(*) < 1 EMIT EMPTY;\n")
        server = self.serve(example)
        started = time.time()
        fired = wait_until(lambda: server.get("/api/apps/silence/alarms/events"), "the alarm", 10)[-1]
        self.assertEqual(fired["kind"], "fired")
        self.assertEqual(fired["value"], 0)
        self.assertEqual(fired["time"] % 1000, 0)  # At the window's end.
        self.assertLess(time.time() - started, 5)
        # An order ends it, for the windows until nothing comes again.
        run("stream", "put", "s", '{"N": 1}', "--server", server.url)
        wait_until(lambda: server.rows("S_001") == 1, "the record")
        live = [event for event in server.get("/api/apps/silence/alarms/events") if event["kind"] == "fired"]
        lines = rehearse(example, server)
        self.assertEqual(events_of([next(line for line in lines if line.get("kind") == "fired")]),
                         events_of([live[-1]]))

    def test_inputs_that_take_turns_meet_as_they_did_live(self):
        example = self.folder / "pairs"
        example.mkdir()
        (example / "tailrace.yaml").write_text(TWO_INPUTS)
        (example / "pairs.sql").write_text(PAIRS)
        rng = random.Random(1)
        start = 1_800_000_000_000
        keys = {"as": collections.Counter(), "bs": collections.Counter()}
        lines = {"as": [], "bs": []}
        for number in range(2000):  # One a millisecond.
            stream, key = ("as", "bs")[number % 2], rng.randrange(50)
            keys[stream][key] += 1
            lines[stream].append(json.dumps({"t": iso(start + number), "k": key}))
        pairs = sum(count * keys["bs"][key] for key, count in keys["as"].items())
        for stream, of_stream in lines.items():
            (self.folder / f"{stream}.ndjson").write_text("\n".join(of_stream) + "\n")
        archives = [word for stream in lines for word in ("--records", f"{stream}={self.folder / stream}.ndjson")]
        text = run("replay", example, *archives, "--json")
        total, whole = [json.loads(line) for line in text.splitlines()][-2:]
        self.assertEqual((total["rows"], whole["records"]), (pairs, 2000))

        server = self.serve(example)
        for number in range(60):
            stream = ("as", "bs")[number % 2]
            status, answer = server.post(f"/api/streams/{stream}/records",
                                         {"records": [{"key": "1", "data": lines[stream][number // 2]}]})
            self.assertEqual(status, 200, answer)
        wait_until(lambda: server.rows("A_001") + server.rows("B_001") == 60, "the records")
        first = {stream: collections.Counter(json.loads(line)["k"] for line in of_stream[:30]) for stream, of_stream in lines.items()}
        live = sum(count * first["bs"][key] for key, count in first["as"].items())
        wait_until(lambda: server.rows("PAIRS") == live, "the pairs")
        total, whole = rehearse(example, server)[-2:]
        self.assertEqual((total["rows"], whole["records"]), (live, 60))

    def test_wrong_use_is_said(self):
        example = self.example("order-flood")
        for words, code, part in (
                (["replay"], 2, "name an application's folder, or a program with --sql"),
                (["replay", example, "--from", "soon"], 2, "'soon' is neither ISO 8601"),
                (["replay", example, "--from", "2018-11-02", "--to", "2018-11-01"], 2, "is later than --to"),
                (["replay", example, "--sweep", "threshold=5..1"], 2, "the second number must be the larger one"),
                (["replay", example, "--sweep", "treshold=1,2"], 78, "did you mean 'threshold'?"),
                (["replay", example, "--set", "threshold=high"], 78, "monitor.sql"),
                (["replay", example, "--data", self.folder / "none"], 1, "no stream mywebsiteorder")):
            done = run(*words, check=False)
            self.assertEqual(done.returncode, code, words)
            self.assertIn(part, done.stderr)


if __name__ == "__main__":
    unittest.main()
