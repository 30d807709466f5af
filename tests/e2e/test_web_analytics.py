"""The web analytics application (rows B2 and B4): its CloudFormation template is imported, tested in virtual time in
every mode, and run."""

import json
import random
import unittest

from harness import ROOT, TestCase, run, wait_until

DATA = ROOT / "tests" / "data"
CASES = DATA / "web-analytics"
STREAMS = ["WASA_001", "DESTINATION_SQL_STREAM", "EVENT_STREAM", "ANOMALY_TEMP_STREAM", "error_stream"]
# What visitors do, by share; the seven events of the site.
EVENTS = ["click"] * 8 + ["pageview"] * 8 + ["login", "logoff", "playvideo", "exception"]


class WebAnalytics(TestCase):
    def setUp(self):
        super().setUp()
        self.app = self.folder / "web-analytics"
        run("import", DATA / "web-analytics.yaml", "--output", self.app)
        run("check", self.app)  # There are warnings, and no errors.

    def passes(self, *files):
        done = run("test", self.app, *files, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_b2_2_to_b2_6_and_b2_12_in_every_mode(self):
        self.passes(*sorted(CASES.glob("b2_*.slt")))

    def test_b4_2_a_pump_more_with_both_spellings(self):
        sql = self.app / "application.sql"
        program = sql.read_text()
        pump = (CASES / "page_load.sql").read_text()
        self.assertIn("HH:mm:ssz'", pump)
        for text in (pump, pump.replace("HH:mm:ssz'", "HH:mm:ss z'")):
            sql.write_text(program + text)
            self.passes(CASES / "b4_2_page_load.slt", CASES / "b2_3_top_pages.slt")

    def test_b2_11_anomalies_of_half_an_hour(self):
        """Steady traffic of two events a second for 30 minutes, then 540 clicks at 3.3 a second on top."""
        random.seed(7)
        lines = []
        def event(ms, name):
            at = f"2026-11-25 {12 + ms // 3_600_000}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"
            value = {"datetime": f"25/Nov/2026:{at[11:19]} GMT", "event": name}
            lines.append((ms, f"{at}\t{json.dumps(value)}"))
        quiet = 30 * 60_000
        for ms in range(0, quiet + 200_000, 500):
            event(ms + random.randrange(400), EVENTS[ms // 500 % len(EVENTS)])
        for number in range(540):
            event(quiet + 7 + number * 303, "click")
        lines.sort()
        file = self.folder / "anomalies.slt"
        file.write_text("records WASA\n" + "\n".join(line for _, line in lines) +
                        "\n\nadvance +20s\n\nemitted ANOMALY_TEMP_STREAM\n----\n")
        # All modes give the same scores: the seed is fixed.
        self.assertEqual(run("test", self.app, file, "--update", check=False).returncode, 0)
        rows = [line.split("\t") for line in file.read_text().split("----\n")[1].splitlines()]
        calm, burst = {}, []
        for rowtime, at, name, code, count, score in rows:
            ms = int(at) - int(rows[0][1])
            if ms < quiet:
                calm[at] = max(calm.get(at, 0), float(score))
            elif name == "click" and ms < quiet + 164_000:
                burst.append(float(score))
        self.assertEqual(len(calm), 180)
        self.assertLessEqual(sum(score >= 2 for score in calm.values()), 1, sorted(calm.values())[-5:])
        self.assertGreaterEqual(max(burst), 2)

    def test_b2_1_and_b2_12_live(self):
        server = self.serve(self.app, options=["--no-agent"])
        self.assertEqual([stream["name"] for stream in server.application()["streams"]], STREAMS)

        def put(*records):
            code, answer = server.post("/api/streams/web-beacons/records",
                                       {"records": [{"key": "k", "data": json.dumps(record)} for record in records]})
            self.assertEqual(code, 200, answer)

        beacon = {"host": "203.0.113.7", "datetime": "25/Nov/2026:13:30:03 GMT", "event": "click", "page": "page_7",
                  "agent": "A", "clientid": "c1", "response": 200}
        bad = dict(beacon, response="abc")
        put(beacon, beacon, beacon, bad)

        def written():
            files = list((self.folder / "data").glob("apps/web-analytics/*.ndjson"))
            rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
            return rows if any(row["METRICTYPE"] == "top_pages" for row in rows) and len(rows) >= 6 else None

        # The windows close by the clock.
        rows = wait_until(written, "the metrics of the first window", seconds=30)
        start = 1795613400000
        found = {(row["METRICTYPE"], row["METRICITEM"]): row["UNITVALUEINT"] for row in rows}
        self.assertEqual(found[("top_pages", "page_7")], 3)
        self.assertEqual(found[("event_count", "click")], 3)
        self.assertEqual(found[("hourly_events", "click")], 3)
        self.assertEqual(found[("agent_count", "A")], 3)
        self.assertEqual({row["EVENTTIMESTAMP"] for row in rows if row["METRICTYPE"] == "event_count"}, {start})

        # Sampled rows of each stream are there, with the columns that no pump looks at.
        def sampled(stream):
            return server.get(f"/api/apps/web-analytics/streams/{stream}/rows")["rows"]
        self.assertEqual([row["row"]["host"] for row in sampled("WASA_001")], ["203.0.113.7"] * 3)
        [error] = sampled("error_stream")
        self.assertEqual(error["row"]["ERROR_NAME"], "COERCION_ERROR")
        self.assertIn('"response"', error["row"]["MESSAGE"])
        self.assertEqual(json.loads(bytes.fromhex(error["row"]["DATA_ROW"])), bad)
        self.assertEqual(len(sampled("EVENT_STREAM")), 1)
        self.assertEqual(len(sampled("ANOMALY_TEMP_STREAM")), 1)


if __name__ == "__main__":
    unittest.main()
