"""A6 and B1: the agent on its own, sending over HTTP to the real server; rotations, outages and kills."""

import json
import os
import random
import shutil
import time
import unittest

from harness import PROGRAM, Process, TestCase, run, wait_until, write_lines
from kinesis_api import Kinesis, Relay

PATTERN = (r'^([\d.]+) (\S+) (\S+) \[([\w:/]+\s[+\-]\d{4})\] "(.+?)" (\d{3}) ([0-9]+) "(.+?)" "(.+?)" "(.+?)" "(.+?)" '
           r'"(.+?)" "(.+?)" "(.+?)" "(.+?)" "(.+?)"$')
FIELDS = ["host", "ident", "authuser", "datetime", "request", "response", "bytes", "referrer", "agent", "event",
          "clientid", "page", "custom_metric_name", "custom_metric_int_value", "custom_metric_float_value",
          "custom_metric_string_value"]
BEACONS = {"optionName": "LOGTOJSON", "logFormat": "COMBINEDAPACHELOG", "matchPattern": PATTERN,
           "customFieldNames": FIELDS}


class Agent:
    """`tailrace agent` with one flow; may be killed and started again."""

    def __init__(self, test, url, pattern, stream="logs", **flow):
        self.folder = test.folder
        self.file = test.folder / "agent.json"
        self.file.write_text(json.dumps({
            "kinesis.endpoint": url, "kinesis.region": "eu-central-1", "awsAccessKeyId": "test",
            "awsSecretAccessKey": "test", "checkpointFile": str(test.folder / "positions"),
            "flows": [{"filePattern": str(pattern), "kinesisStream": stream, "maxBufferAgeMillis": "100",
                       "initialPosition": "START_OF_FILE", "retryMaxBackoffMillis": 200, **flow}]}))
        self.process = None
        test.addCleanup(lambda: self.process and self.process.stop())

    def start(self):
        self.process = Process([PROGRAM, "agent", self.file, "--log", "text"], self.folder / "agent.log")
        return self

    def status(self):
        done = run("agent", self.file, "--status", "--json", check=False)
        return json.loads(done.stdout)["flows"][0] if done.returncode == 0 else None


class AgentAlone(TestCase):
    def setUp(self):
        super().setUp()
        self.logs = self.folder / "logs"
        self.logs.mkdir()
        self.server = self.serve(self.example("access-log"), options=["--no-agent"])
        self.kinesis = Kinesis(self.server.url)
        self.addCleanup(self.kinesis.close)

    def wait_for(self, stream, count, seconds=30):
        wait_until(lambda: len(self.kinesis.read(stream)) >= count, f"{count} records", seconds)
        return self.kinesis.read(stream)

    def test_a6_1_and_6_every_logged_line_is_a_record_byte_for_byte_in_order(self):
        lines = run("generate", "access", "--format", "json", "--count", 1000).encode().splitlines(keepends=True)
        lines[500] = lines[500].replace(b'"userAgent":"', b'"userAgent":"say \\"hi\\" caf\xe9 ')
        write_lines(self.logs / "access.log", *lines)
        agent = Agent(self, self.server.url, self.logs / "access.log*", stream="web-access-log").start()
        self.assertEqual(self.wait_for("web-access-log", 1000), lines)
        # And all of them are rows, the odd one too.
        wait_until(lambda: self.server.rows("SOURCE_SQL_STREAM_001") == 1000, "a row for every record")
        self.assertEqual(self.server.application()["decode_errors"], 0)
        self.assertEqual(agent.process.stop(), 0)

    def test_b1_1_to_3_beacon_lines_become_objects_of_16_members(self):
        self.kinesis.create("logs")
        relay = Relay(self, self.server.url)
        access = self.logs / "access_log"
        agent = Agent(self, relay.url, self.logs / "access_log*", maxBufferAgeMillis="1000",
                      dataProcessingOptions=[BEACONS]).start()
        combined = run("generate", "access", "--count", 1000).splitlines()
        beacon = ' "click" "user1" "page_1.html" "-" "7" "-" "-"\n'
        good = [line for line in combined if not line.split('"')[2].endswith("- ")]
        self.assertGreater(len(good), 500)
        write_lines(access, *[line + beacon for line in good])
        objects = [json.loads(record) for record in self.wait_for("logs", len(good))]
        self.assertEqual(len(objects), len(good))
        for value, line in zip(objects, good):
            self.assertEqual(list(value), FIELDS)
            self.assertEqual(value["host"], line.split(" ")[0])
            self.assertEqual((value["ident"], value["event"], value["custom_metric_int_value"]), (None, "click", "7"))
            self.assertIsInstance(value["response"], str)

        # B1-2: what the pattern does not take is counted, and kept with its bytes.
        head = '203.0.113.7 - - [27/Oct/2000:09:27:09 -0400] "GET / HTTP/1.0" 200 5 "-" "Mozilla"'
        odd = [head.replace(" 200 5 ", " 304 - ") + beacon, head.replace("203.0.113.7", "2001:db8::1") + beacon,
               head + beacon.replace('"click"', '""'), head.replace("Mozilla", "x" * (2 << 20)) + beacon]
        write_lines(access, *[line.encode() for line in odd], b"\xff\xfe\x00binary\n")
        status = wait_until(lambda: (lambda s: s if s and s["records_skipped"] >= 4 else None)(agent.status()),
                            "the skipped lines in the status")
        self.assertEqual(status["records_skipped"] + status["records_truncated"], 5)
        self.assertTrue(any("304 -" in line["raw"] for line in status["rejected"]))
        self.assertTrue(all(line["reason"] for line in status["rejected"]))

        # B1-3: one line is there within 1.5 s; 500 at once go in one call.
        before = len(self.kinesis.read("logs"))
        calls = len(relay.calls)
        begin = time.monotonic()
        write_lines(access, head + beacon)
        wait_until(lambda: len(relay.calls) > calls, "the line's call", 5)
        self.assertLess(time.monotonic() - begin, 1.5)
        write_lines(access, *[head + beacon] * 500)
        self.wait_for("logs", before + 501)
        self.assertEqual(relay.calls[calls:], [1, 500])
        self.assertEqual(agent.process.stop(), 0)

    def test_b1_1_the_beacon_servers_own_agent_file_with_only_the_endpoint_changed(self):
        """To a delivery stream, with string numbers, no metrics and END_OF_FILE, as the beacon servers are set up."""
        archive = self.folder / "archive"
        shop = self.folder / "beacons"
        shop.mkdir()
        (shop / "tailrace.yaml").write_text(
            f"delivery_streams:\n  beacons:\n    directory: {archive}\n    buffer: {{size: 1MiB, interval: 1s}}\n"
            "inputs:\n  WASA:\n    delivery_stream: beacons\n    columns:\n      - {name: event, type: VARCHAR(16)}\n"
            "sql: app.sql\n")
        (shop / "app.sql").write_text(
            'CREATE OR REPLACE STREAM SEEN (e VARCHAR(16));\n'
            'CREATE OR REPLACE PUMP P AS INSERT INTO SEEN SELECT STREAM "event" FROM WASA_001;\n')
        self.server.stop()
        server = self.serve(shop)
        access = self.logs / "access_log.1533081600"
        access.write_text("")
        config = self.folder / "agent.json"
        config.write_text(json.dumps({
            "cloudwatch.emitMetrics": False, "firehose.endpoint": server.url, "checkpointFile": str(self.folder / "positions"),
            "flows": [{"filePattern": str(self.logs / "access_log*"), "deliveryStream": "beacons",
                       "partitionKeyOption": "RANDOM", "maxBufferAgeMillis": "1000", "dataProcessingOptions": [BEACONS]}]}))
        agent = Process([PROGRAM, "agent", config], self.folder / "agent.log",
                        env={**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
        self.addCleanup(agent.stop)
        wait_until(lambda: "Following a file" in agent.output(), "the agent to follow the file")
        combined = run("generate", "access", "--count", 1500).splitlines()
        good = [line for line in combined if not line.split('"')[2].endswith("- ")][:1000]
        self.assertEqual(len(good), 1000)
        write_lines(access, *[line + ' "conversion" "user7" "page_3.html" "purchase_amount" "-" "12.5" "-"\n'
                              for line in good])
        wait_until(lambda: server.rows("SEEN") == 1000, "a row for every line")

        def archived():
            return b"".join(path.read_bytes() for path in sorted(archive.rglob("beacons-*"))).splitlines()

        wait_until(lambda: len(archived()) == 1000, "every line in the archive")
        for line, record in zip(good, archived()):
            value = json.loads(record)
            self.assertEqual(list(value), FIELDS)
            self.assertEqual((value["host"], value["custom_metric_int_value"], value["custom_metric_float_value"]),
                             (line.split(" ")[0], None, "12.5"))
            self.assertEqual(value["response"], line.split('"')[2].split()[0])
        self.assertEqual(agent.stop(), 0)

    def rotate(self, how):
        """Rotates under an agent whose server is away; gives the lines written and the records that arrived."""
        self.kinesis.create("logs")
        relay = Relay(self, self.server.url)
        live = self.logs / ("access_log" if how != "dated" else "access_log.2026-01-01")
        agent = Agent(self, relay.url, self.logs / "access_log*").start()
        lines = []

        def write(count):
            new = [f"line {len(lines) + i}\n" for i in range(count)]
            write_lines(live, *new)
            lines.extend(new)

        write(100)
        self.wait_for("logs", 100)
        relay.away = True
        removed = None
        for turn in range(3):
            write(40)
            sent = len(lines)
            wait_until(lambda: (agent.status() or {"records_parsed": 0})["records_parsed"] >= min(sent, 140),
                       "the lines to be read")
            if how == "rename":
                live.rename(self.logs / f"access_log.{turn}")
            elif how == "copytruncate":
                shutil.copyfile(live, self.logs / f"access_log.{turn}")
                os.truncate(live, 0)
            else:
                removed = live
                live = self.logs / f"access_log.2026-01-0{turn + 2}"
            write(40)
            if how == "removed":
                # rotatelogs and a hook that deletes the old file: the agent has it open.
                wait_until(lambda: live.name in json.dumps(agent.status()), "the new file to be followed")
                removed.unlink()
        relay.away = False
        records = self.wait_for("logs", len(lines), 40)
        self.assertEqual(agent.process.stop(), 0)
        return [line.encode() for line in lines], records

    def test_b1_4_rotation_by_rename_while_the_server_is_away(self):
        lines, records = self.rotate("rename")
        self.assertEqual(sorted(records), sorted(lines))

    def test_b1_4_rotation_by_copy_and_truncate_while_the_server_is_away(self):
        lines, records = self.rotate("copytruncate")
        self.assertEqual(sorted(records), sorted(lines))

    def test_b1_4_rotation_by_dated_files_while_the_server_is_away(self):
        lines, records = self.rotate("dated")
        self.assertEqual(sorted(records), sorted(lines))

    def test_b1_4_rotated_files_that_are_removed_while_the_server_is_away(self):
        lines, records = self.rotate("removed")
        self.assertEqual(set(lines) - set(records), set())

    def test_b1_5_killed_at_random_moments_nothing_is_lost_and_at_most_a_batch_is_twice(self):
        self.kinesis.create("logs", shards=2)
        relay = Relay(self, self.server.url)
        rng = random.Random(int(os.environ.get("TAILRACE_SEED", "1")))
        agent = Agent(self, relay.url, self.logs / "access_log*", maxBufferAgeMillis="20").start()
        lines = []
        kills = 5
        for kill in range(kills):
            end = time.monotonic() + rng.uniform(0.2, 0.8)
            while time.monotonic() < end:
                new = [f"line {len(lines) + i}\n" for i in range(rng.randrange(1, 60))]
                write_lines(self.logs / "access_log", *new)
                lines.extend(new)
                time.sleep(rng.uniform(0, 0.01))
            if kill % 2 == 1:
                relay.lose_answers = 1
                wait_until(lambda: relay.lose_answers == 0 or agent.process.child.poll() is not None, "a lost answer", 2)
            agent.process.kill()
            agent.start()
        self.wait_for("logs", len(lines), 40)
        wait_until(lambda: set(self.kinesis.read("logs")) == {line.encode() for line in lines}, "every line", 30)
        records = self.kinesis.read("logs")
        self.assertLessEqual(len(records) - len(lines), (kills + 2) * 500)
        self.assertEqual(agent.process.stop(), 0)

    def test_says_what_is_wrong_before_and_while_it_runs(self):
        agent = Agent(self, self.server.url, self.logs / "access_log", stream="missing")
        checked = run("agent", agent.file, "--check", check=False)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("Stream missing under account", checked.stdout)
        self.assertIn("create missing", checked.stdout)
        write_lines(self.logs / "access_log", "one\n")
        agent.start()
        wait_until(lambda: "cannot send to missing, trying again" in agent.process.output(), "the warning")
        status = wait_until(agent.status, "the status")
        self.assertEqual(status["warnings"][0]["code"], "sending")
        second = run("agent", agent.file, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("is in use by process", second.stderr)
        # The stream appears, and the line goes out.
        self.kinesis.create("missing")
        self.assertEqual(self.wait_for("missing", 1), [b"one\n"])
        self.assertEqual(agent.process.stop(), 0)


if __name__ == "__main__":
    unittest.main()
