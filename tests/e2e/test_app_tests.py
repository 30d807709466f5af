"""Users test their own applications: `tailrace test`."""

import json
import unittest

from harness import TestCase, run

ORDER = ('{"InvoiceNo":"%s","StockCode":"85123A","Description":"LANTERN","Quantity":"6",'
         '"InvoiceDate":"12/1/2010 8:26","UnitPrice":"2.55","Customer":"17850","Country":"France"}')


class AppTests(TestCase):
    def setUp(self):
        super().setUp()
        self.app = self.example("order-flood")

    def write(self, text, name="mine.slt"):
        file = self.app / "tests" / name
        file.write_text(text)
        return file

    def check(self, *options):
        return run("test", self.app, *options, check=False)

    def test_the_example_passes_in_every_mode(self):
        done = self.check()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("flood.slt (9 modes)\n", done.stdout)
        self.assertIn("2 files passed\n", done.stdout)

    def test_what_differs_is_shown_with_its_line(self):
        file = self.write("records SOURCE_SQL_STREAM\n"
                          f"2018-11-01 01:00:00\t{ORDER % 1}\n+1s\t{ORDER % 2}\n+1s\t{ORDER % 3}\n\n"
                          "emitted ORDER_COUNT_STREAM\n----\n"
                          "2018-11-01 01:00:00\t1\n2018-11-01 01:00:01\t7\n2018-11-01 01:00:02\t3\n")
        done = self.check("--filter", "mine")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{file}:6: emitted ORDER_COUNT_STREAM: 1 of 3 expected lines missing (-), 1 others found (+)\n"
                      "     8   2018-11-01 01:00:00  1\n"
                      "     9 - 2018-11-01 01:00:01  7\n"
                      "       + 2018-11-01 01:00:01  2\n"
                      "    10   2018-11-01 01:00:02  3\n"
                      "1 of 1 file failed\n", done.stdout)
        [line] = self.check("--filter", "mine", "--json").stdout.splitlines()
        result = json.loads(line)
        self.assertEqual((result["passed"], result["mode"]), (False, "records_1024"))
        self.assertEqual(result["failures"][0]["found"][1], "2018-11-01 01:00:01\t2")

    def test_update_writes_what_was_found(self):
        records = f"# What  Mine.\n\nrecords SOURCE_SQL_STREAM\n2018-11-01 01:00:00\t{ORDER % 1}\n\n"
        wrong = "emitted ORDER_COUNT_STREAM\n----\n2018-11-01 01:00:00\t2\n2018-11-01 01:00:00\t3\n\n"
        file = self.write(records + wrong + "items WebsiteOrders\n")
        done = self.check(file, "--update")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(file.read_text(), records + "emitted ORDER_COUNT_STREAM\n----\n2018-11-01 01:00:00\t1\n\n"
                         'items WebsiteOrders\n----\n{"Country":"France","CustomerID":17850,"Description":"LANTERN",'
                         '"OrderDate":"12/1/2010 8:26","OrderID":"1-85123A","Quantity":6,"UnitPrice":2.55}\n')
        self.assertEqual(self.check(file).returncode, 0)

    def test_faults_of_a_file_say_where_and_what(self):
        head = f"records SOURCE_SQL_STREAM\n2018-11-01 01:00:00\t{ORDER % 1}\n\n"
        for text, message in [
            ("records SOURCE_SQL_STREM\n2018-11-01 01:00:00\tx\n", ":1: records SOURCE_SQL_STREM: the application has "
             "no input SOURCE_SQL_STREM; did you mean SOURCE_SQL_STREAM?\n"),
            (head + "emitted ALARM\n----\n", ":4: emitted ALARM: the application has no in-application stream ALARM"),
            (head + "advance 2018-11-01 00:00:00\n", ":4: advance 2018-11-01 00:00:00: time is already 2018-11-01 "
             "01:00:00 and cannot go back to 2018-11-01 00:00:00\n"),
            (head + head, ":4: records SOURCE_SQL_STREAM: time has already been advanced past 2018-11-01 01:00:00; "
             "put records of one moment into one block\n"),
            (head + "statement\nSELECT 1\n", ":4: statement: the application has its inputs, tables and SQL already"),
            (head + "alarms\n----\n", ":4: alarms: unknown block; there are clock, records, advance, "),
            ("records SOURCE_SQL_STREAM\n01:00\tx\n", "line 2: '01:00' is not a time"),
        ]:
            with self.subTest(text=text):
                file = self.write(text)
                done = self.check(file)
                self.assertEqual(done.returncode, 1)
                self.assertIn(message, done.stdout)

    def test_exit_codes(self):
        self.assertEqual(self.check("--filter", "nothing").returncode, 2)
        self.assertEqual(self.check("--mode", "nothing").returncode, 2)
        (self.app / "monitor.sql").write_text("SELEC 1;")
        done = self.check()
        self.assertEqual(done.returncode, 78)
        self.assertIn("monitor.sql:1:1", done.stderr)


if __name__ == "__main__":
    unittest.main()
