"""Verbs as a user meets them: help, documents, wrong use, replay, graceful stop."""

import json
import subprocess
import unittest

from harness import ROOT, TestCase, order_csv, run, wait_until, write_lines


class Verbs(TestCase):
    def test_every_verb_has_help_with_an_example(self):
        listed = run("--help")
        for word in ("run", "check", "replay", "tail", "stream", "table", "alarm", "dead-letter", "generate"):
            self.assertIn(word, listed)
        for verb in (["run"], ["check"], ["replay"], ["tail"], ["stream", "put"], ["table", "query"], ["alarm", "history"],
                     ["generate", "orders"]):
            self.assertIn("Examples:\n  tailrace " + " ".join(verb), run(*verb, "--help"))

    def test_wrong_use_exits_2_and_says_why(self):
        for words in (["runn"], ["replay"], ["check"], ["generate", "orders", "--rate", "-1"],
                      ["replay", "--sql", "x.sql", "--until", "tomorrow"]):
            done = run(*words, check=False)
            self.assertEqual(done.returncode, 2, words)
            self.assertTrue(done.stderr.strip() or done.stdout.strip(), words)

    def test_completion_and_man_page_come_from_the_same_lists(self):
        script = run("completion", "bash")
        self.assertEqual(subprocess.run(["bash", "-n"], input=script, text=True).returncode, 0)
        self.assertIn("--until", script)
        page = run("man")
        self.assertIn(".SS replay", page)
        self.assertIn("\\-\\-until", page)

    def test_the_generators_are_seeded(self):
        self.assertEqual(run("generate", "access", "--count", 50, "--seed", 7).split('"')[1::2],
                         run("generate", "access", "--count", 50, "--seed", 7).split('"')[1::2])
        one = run("generate", "orders", "--count", 300)
        self.assertEqual(len(one.splitlines()), 300)
        self.assertIn(',"', one)  # Quoted commas.
        self.assertTrue(any(line.startswith("C") for line in one.splitlines()))  # Cancellations.

    def test_check_is_silent_about_a_good_application_in_a_pipe(self):
        done = run("check", ROOT / "examples" / "access-log", check=False)
        self.assertEqual(done.returncode, 0)

    def program(self, sql, columns):
        """Files of a program with one input, SOURCE_SQL_STREAM_001."""
        (self.folder / "p.sql").write_text(sql)
        (self.folder / "p.json").write_text(json.dumps([{"NamePrefix": "SOURCE_SQL_STREAM", "InputSchema": {
            "RecordColumns": [{"Name": name, "SqlType": kind, "Mapping": "$." + name} for name, kind in columns],
            "RecordFormat": {"RecordFormatType": "JSON"}}}]))
        return ["--sql", self.folder / "p.sql", "--inputs", self.folder / "p.json"]

    def test_a6_4_quoted_columns_keep_their_case_and_unquoted_ones_are_upper_case(self):
        traffic = (ROOT / "examples" / "access-log" / "traffic.sql").read_text()
        words = self.program(traffic, [("client_ip", "VARCHAR(16)")])
        feed = self.folder / "rows.ndjson"
        feed.write_text('{"ROWTIME":"2018-11-01 12:00:01","client_ip":"203.0.113.7"}\n')
        rows = [json.loads(line) for line in run("replay", *words, "--feed", f"SOURCE_SQL_STREAM_001={feed}", "--until",
                                                 "2018-11-01T12:00:10Z").splitlines()]
        self.assertEqual(rows, [{"stream": "DESTINATION_SQL_STREAM", "ROWTIME": "2018-11-01 12:00:10.000",
                                 "CLIENT_IP": "203.0.113.7", "REQUEST_COUNT": 1}])
        words = self.program(traffic.replace('"client_ip"', "client_ip"), [("client_ip", "VARCHAR(16)")])
        done = run("check", *words, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('"client_ip"', done.stdout)
        self.assertRegex(done.stdout, r"p\.sql:\d+:\d+: .*CLIENT_IP")

    def test_a_sql_file_in_an_applications_place(self):
        done = run("check", ROOT / "tests" / "data" / "flood-intended.sql", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("check it alone with --sql ", done.stderr)
        bad = self.folder / "bad.yaml"
        bad.write_text("only a text\n")
        self.assertIn("the file must be a map of keys", run("check", bad, check=False).stdout)

    def test_c2_4_trigger_count_equal_to_one_gives_one_row(self):
        intended = (ROOT / "tests" / "data" / "flood-intended.sql").read_text()
        feed = self.folder / "orders.ndjson"
        feed.write_text("".join(json.dumps({"ROWTIME": 1541073600000 + i * 100, "InvoiceNo": str(i)}) + "\n"
                                for i in range(1800)))
        for condition, expected in ((">= 1", 1771), ("= 1", 1)):
            words = self.program(intended.replace("trigger_count >= 1", "trigger_count " + condition),
                                 [("InvoiceNo", "VARCHAR(16)")])
            rows = run("replay", *words, "--feed", f"SOURCE_SQL_STREAM_001={feed}", "--emit",
                       "TRIGGER_COUNT_STREAM").splitlines()
            self.assertEqual(len(rows), expected)
            self.assertIn("2018-11-01 12:00:02.900", rows[0])

    def test_replay_merges_feeds_and_reports_bad_rows(self):
        (self.folder / "inputs.json").write_text(json.dumps([{"NamePrefix": "S", "InputSchema": {
            "RecordColumns": [{"Name": "k", "SqlType": "VARCHAR(8)", "Mapping": "$.k"},
                              {"Name": "v", "SqlType": "INTEGER", "Mapping": "$.v"}],
            "RecordFormat": {"RecordFormatType": "JSON"}}}]))
        (self.folder / "a.sql").write_text(
            'CREATE STREAM D (k VARCHAR(8), n INTEGER);\n'
            'CREATE PUMP P AS INSERT INTO D SELECT STREAM "k", SUM("v") FROM S_001 '
            'GROUP BY "k", STEP(S_001.ROWTIME BY INTERVAL \'10\' SECOND);\n')
        (self.folder / "one.ndjson").write_text('{"ROWTIME":"2018-11-01 01:00:01","k":"a","v":1}\n'
                                                '{"ROWTIME":"2018-11-01 01:00:02","k":"a","v":"x"}\n'
                                                '{"ROWTIME":"2018-11-01 01:00:05","k":"a","v":2}\n')
        (self.folder / "two.ndjson").write_text('{"ROWTIME":1541034004000,"k":"a","v":4}\n')
        output = run("replay", "--sql", self.folder / "a.sql", "--inputs", self.folder / "inputs.json", "--feed",
                     f"S_001={self.folder}/one.ndjson", "--feed", f"S_001={self.folder}/two.ndjson", "--until",
                     "2018-11-01T01:00:10Z")
        rows = [json.loads(line) for line in output.splitlines()]
        errors = [row for row in rows if row["stream"] == "error_stream"]
        self.assertEqual(len(errors), 1)
        self.assertEqual(errors[0]["ERROR_NAME"], "COERCION_ERROR")
        self.assertEqual([row for row in rows if row["stream"] == "D"],
                         [{"stream": "D", "ROWTIME": "2018-11-01 01:00:10.000", "K": "a", "N": 7}])

    def test_a_terminated_server_stops_cleanly_and_goes_on_where_it_was(self):
        example = self.example("order-flood")
        (example / "logs").mkdir()
        server = self.serve(example)
        log = example / "logs" / "a.log"
        write_lines(log, *[order_csv(i) for i in range(20)])
        wait_until(lambda: server.rows("ORDER_COUNT_STREAM") == 20, "20 orders")
        self.assertEqual(server.stop(), 0)
        write_lines(log, *[order_csv(100 + i) for i in range(10)])
        server.start()
        wait_until(lambda: server.rows("ORDER_COUNT_STREAM") == 30, "the orders written meanwhile")
        # The window went on over the restart: the 30th order within 15 s rings.
        self.assertEqual(server.rows("ALARM_STREAM"), 1)


if __name__ == "__main__":
    unittest.main()
