"""The order flood end to end: log line to one message, history row and table item. Names: docs/reference-systems.md."""

import json
import pathlib
import time
import unittest

from flood import history_rows, with_webhook
from harness import ROOT, Support, TestCase, free_port, order_csv, run, wait_until, write_lines


class OneFlood(TestCase):
    def test_c3_1_one_flood_gives_one_message_and_one_history_row(self):
        sink = self.sink()
        example = self.example("order-flood")
        with_webhook(example, sink.url)
        (example / "logs").mkdir()
        server = self.serve(example)
        before = time.time()
        log = example / "logs" / "20101201-082600.log"
        write_lines(log, *[order_csv(536365 + i) for i in range(30)])
        message = wait_until(sink.taken, "the message", 5)[0]
        self.assertLess(time.time() - before, 5)
        self.assertEqual(message["subject"], "Mywebsite Order Rate Alarm")
        self.assertRegex(message["message"],
                         r"^Investigate sudden surge in orders\. Order Count: 30 @ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        rows = wait_until(lambda: history_rows(server), "the history row", 5)
        self.assertEqual([row[1] for row in rows], [30])
        self.assertEqual(str(rows[0][0])[:19], message["message"][-19:])
        # One more order of the same flood: an alarm row, and nobody is told again.
        write_lines(log, order_csv(537000))
        wait_until(lambda: server.rows("TRIGGER_COUNT_STREAM") == 2, "the second alarm row")
        self.assertEqual(len(sink.taken()), 1)
        self.assertEqual(len(history_rows(server)), 1)

    def test_c3_7_a_secret_shows_nowhere(self):
        sink = self.sink()
        example = self.example("order-flood")
        secret = "tOpSeCrEt-4711"
        (self.folder / "secret.txt").write_text(secret + "\n")
        with_webhook(example, sink.url + "/" + secret)
        definition = example / "tailrace.yaml"
        definition.write_text(definition.read_text().replace(
            f'url: "{sink.url}/{secret}"', f'url: "{sink.url}/x", signing_key: {{file: {self.folder}/secret.txt}}'))
        (example / "logs").mkdir()
        sink.status = 500
        server = self.serve(example)
        write_lines(example / "logs" / "a.log", *[order_csv(i) for i in range(30)])
        wait_until(lambda: sink.requests, "a refused attempt")
        self.assertIn("X-Tailrace-Signature", sink.requests[0]["headers"])
        command_line = pathlib.Path(f"/proc/{server.process.child.pid}/cmdline").read_text()
        answers = json.dumps([server.get("/api/status"), server.get("/api/apps/order-flood/alarms/deliveries")])
        for text in (command_line, answers, server.process.output(), run("check", example)):
            self.assertNotIn(secret, text)

    def test_c4_orders_become_items_and_bad_ones_dead_letters(self):
        example = self.example("order-flood")
        (example / "logs").mkdir()
        server = self.serve(example)
        lines = [order_csv(536365 + i, customer=str(17850 + i % 10)) for i in range(97)]
        lines += [order_csv("C536379", quantity="-1")]  # C4-6: a cancellation is an order like any other.
        lines += [order_csv(600001, customer=""), order_csv(600002, quantity="six"), "600003,85123A\r\n"]
        write_lines(example / "logs" / "a.log", *lines)
        wait_until(lambda: server.application()["outputs"][0]["rows"] == 101, "all orders to pass")
        items = [json.loads(line) for line in run("table", "scan", "WebsiteOrders", "--limit", 1000, "--server",
                                                  server.url).splitlines()]
        self.assertEqual(len(items), 98)
        item = json.loads(run("table", "get", "WebsiteOrders", 17850, "536365-85123A", "--server", server.url))
        self.assertEqual(item, {"CustomerID": 17850, "OrderID": "536365-85123A", "OrderDate": "12/1/2010 8:26",
                                "Quantity": 6, "UnitPrice": 2.55, "Description": "WHITE HANGING HEART",
                                "Country": "United Kingdom"})
        self.assertIn('"UnitPrice":2.55', run("table", "get", "WebsiteOrders", 17850, "536365-85123A", "--server",
                                              server.url))
        self.assertEqual(json.loads(run("table", "get", "WebsiteOrders", 17850, "C536379-85123A", "--server",
                                        server.url))["Quantity"], -1)
        # C4-4: sorted by OrderID, and by the beginning of it.
        found = [json.loads(line)["OrderID"] for line in
                 run("table", "query", "WebsiteOrders", 17850, "--server", server.url).splitlines()]
        self.assertEqual(found, sorted(found))
        self.assertEqual(len(found), 11)
        found = run("table", "query", "WebsiteOrders", 17850, "--begins-with", "536365-", "--server", server.url)
        self.assertEqual(len(found.splitlines()), 1)
        # C4-3: the three bad ones, with reason, bytes and position.
        letters = [json.loads(line) for line in run("dead-letter", "list", "--json", "--server",
                                                    server.url).splitlines()]
        self.assertEqual(len(letters), 3)
        reasons = " ".join(letter["reason"] for letter in letters)
        self.assertIn("CustomerID", reasons)
        self.assertIn("Quantity", reasons)
        for letter in letters:
            self.assertIsNotNone(letter["bytes"])
            self.assertEqual(letter["shard"], 0)
            self.assertIsInstance(letter["sequence"], int)
        # Given back as it was, it is refused again and stays.
        again = run("dead-letter", "redrive", letters[0]["id"], "--server", server.url, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("CustomerID", again.stderr)
        self.assertEqual(server.application()["dead_letters"], 3)

    def test_c4_2_of_two_orders_with_one_key_the_later_wins(self):
        example = self.example("order-flood")
        (example / "logs").mkdir()
        server = self.serve(example)
        log = example / "logs" / "a.log"
        write_lines(log, order_csv(536365, quantity="1"), order_csv(536365, quantity="2"))
        wait_until(lambda: server.application()["outputs"][0]["rows"] == 2, "both orders")
        write_lines(log, order_csv(536365, quantity="3"))
        wait_until(lambda: server.application()["outputs"][0]["rows"] == 3, "the third order")
        items = run("table", "scan", "WebsiteOrders", "--server", server.url).splitlines()
        self.assertEqual([json.loads(item)["Quantity"] for item in items], [3])

    def test_c1_2_and_c1_3_quotes_commas_line_breaks_and_bytes_of_latin_1(self):
        example = self.example("order-flood")
        (example / "logs").mkdir()
        server = self.serve(example)
        write_lines(example / "logs" / "a.log",
                    b'536365,85123A,"BAKING SET 9 PIECE, ""RETROSPOT""\r\nSECOND LINE",6,12/1/2010 8:26,2.55,17850,EIRE\r\n',
                    b'536366,85123A,CAF\xe9 CUP,6,12/1/2010 8:26,2.55,17850,EIRE\r\n')
        wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") == 2, "two orders")
        records = [json.loads(line) for line in run("stream", "get", "mywebsiteorder", "--server",
                                                    server.url).splitlines()]
        self.assertEqual([list(record) for record in records],
                         [["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "Customer",
                           "Country"]] * 2)
        self.assertEqual(records[0]["Description"], 'BAKING SET 9 PIECE, "RETROSPOT"\r\nSECOND LINE')
        self.assertEqual(records[0]["Customer"], "17850")
        self.assertEqual(records[1]["Description"], "CAF\ufffd CUP")
        self.assertNotIn("\r", records[1]["Country"])

    def test_c2_7_a_flood_over_four_shards_is_one_flood(self):
        example = self.example("order-flood")
        definition = example / "tailrace.yaml"
        definition.write_text(definition.read_text().replace("shards: 1", "shards: 4"))
        (example / "logs").mkdir()
        server = self.serve(example)
        write_lines(example / "logs" / "a.log", *[order_csv(i) for i in range(100)])
        wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") == 100, "all orders")
        shards = server.get("/api/streams/mywebsiteorder")["shards"]
        self.assertEqual(sum(shard["next"] for shard in shards), 100)
        self.assertTrue(all(shard["next"] > 0 for shard in shards), shards)
        self.assertEqual(server.rows("ALARM_STREAM"), 71)


class History(TestCase):
    def test_c3_2_a_row_for_every_alarm_row_when_asked(self):
        example = self.example("order-flood")
        definition = example / "tailrace.yaml"
        definition.write_text(definition.read_text().replace("mode: per_message", "mode: per_alarm_row"))
        (example / "logs").mkdir()
        server = self.serve(example)
        write_lines(example / "logs" / "a.log", *[order_csv(i) for i in range(100)])
        wait_until(lambda: len(history_rows(server)) == 71, "71 history rows")
        self.assertEqual([row[1] for row in history_rows(server)], list(range(30, 101)))


class Outages(TestCase):
    def test_c3_3_a_gateway_that_is_down_gets_the_message_once_later(self):
        sink = self.sink()
        sink.status = 503
        example = self.example("order-flood")
        with_webhook(example, sink.url)
        (example / "logs").mkdir()
        server = self.serve(example)
        write_lines(example / "logs" / "a.log", *[order_csv(i) for i in range(30)])
        wait_until(lambda: len(sink.requests) >= 3, "refused attempts")
        wait_until(lambda: history_rows(server), "the history row beside it")
        keys = {request["headers"]["Idempotency-Key"] for request in sink.requests}
        self.assertEqual(len(keys), 1)
        # SQL and tables go on meanwhile.
        write_lines(example / "logs" / "a.log", order_csv(30))
        wait_until(lambda: server.rows("TRIGGER_COUNT_STREAM") == 2, "another alarm row")
        sink.status = 200
        wait_until(sink.taken, "the message after recovery")
        wait_until(lambda: server.application()["deliveries"]["pending"] == 0, "an empty outbox")
        self.assertEqual(len(sink.taken()), 1)

    def test_c3_3_a_database_that_is_down_gets_its_row_later(self):
        sink = self.sink()
        database = Support(self, "mariadb_server.py")
        self.assertEqual(database.command("stop"), "stopped")
        example = self.example("order-flood")
        with_webhook(example, sink.url)
        definition = example / "tailrace.yaml"
        text = definition.read_text()
        (self.folder / "password").write_text("pass word\n")
        definition.write_text(text.replace(
            "history: {sqlite: {table: logs_history}}",
            f"history: {{mysql: {{host: 127.0.0.1, port: {database.port}, database: logs, user: tailrace, "
            f"password: {{file: {self.folder}/password}}}}, retry_first: 50ms, retry_max: 200ms}}"))
        (example / "logs").mkdir()
        server = self.serve(example)
        write_lines(example / "logs" / "a.log", *[order_csv(i) for i in range(30)])
        wait_until(sink.taken, "the message, although the database is down")
        wait_until(lambda: server.application()["deliveries"]["pending"] == 1, "only the history row to be left")
        write_lines(example / "logs" / "a.log", order_csv(30))
        wait_until(lambda: server.rows("TRIGGER_COUNT_STREAM") == 2, "another alarm row, although the database is down")
        self.assertTrue(database.command("start").startswith("ready"))
        wait_until(lambda: server.application()["deliveries"]["pending"] == 0, "the history row")
        history = server.get("/api/apps/order-flood/history")[0]
        self.assertEqual([row["value"] for row in history["rows"]], [30])
        self.assertEqual([(month["alarms"], month["orders_max"]) for month in history["months"]], [(1, 30)])  # C3-5


class BadInput(TestCase):
    def test_a_bad_definition_is_refused_with_78_and_all_places(self):
        example = self.example("order-flood")
        definition = example / "tailrace.yaml"
        definition.write_text(definition.read_text().replace("shards: 1", "shard: 1").replace("alarm: order-flood", "alarm: order-flod"))
        done = run("run", example, "--data", self.folder / "data", "--listen", f"127.0.0.1:{free_port()}", check=False)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, r"tailrace\.yaml:10:\d+: unknown key 'shard' in streams\.mywebsiteorder; did you mean 'shards'\?")
        self.assertFalse((self.folder / "data" / "streams").exists())

    def test_c2_1_the_published_text_is_refused_and_repaired(self):
        inputs = ROOT / "examples" / "order-flood" / "inputs.json"
        printed = ROOT / "tests" / "data" / "flood-as-printed.sql"
        done = run("check", "--sql", printed, "--inputs", inputs, check=False)
        self.assertEqual(done.returncode, 1)
        errors = [line for line in done.stdout.splitlines() if "warning" not in line]
        self.assertEqual(len(errors), 3, errors)
        for line in errors:
            self.assertRegex(line, r"flood-as-printed\.sql:\d+:\d+: ")
        self.assertIn("expected SELECT before FROM in INSERT INTO", errors[0])
        self.assertIn("statement ends inside '(' - remove ';' before WINDOW", errors[1])
        self.assertIn("statement ends inside '(' - remove ';' before WINDOW", errors[2])
        repo = run("check", "--sql", ROOT / "tests" / "data" / "flood-repo.sql", "--inputs", inputs, check=False)
        self.assertIn("window FIFTEEN_SECOND_SLIDING_WINDOW not defined; did you mean TEN_SECOND_SLIDING_WINDOW?",
                      repo.stdout)
        repaired = self.folder / "repaired.sql"
        repaired.write_text(run("check", "--sql", printed, "--inputs", inputs, "--fix"))
        run("check", "--sql", repaired, "--inputs", inputs)
        feed = self.folder / "orders.ndjson"
        feed.write_text("".join(json.dumps({"ROWTIME": 1541073600000 + i * 100, "InvoiceNo": str(i)}) + "\n"
                                for i in range(1800)))
        rows = [json.loads(line) for line in run("replay", "--sql", repaired, "--inputs", inputs, "--feed",
                                                 f"SOURCE_SQL_STREAM_001={feed}").splitlines()]
        alarms = [row for row in rows if row["stream"] == "ALARM_STREAM"]
        self.assertEqual((len(alarms), alarms[0]["ROWTIME"], alarms[0]["ORDER_COUNT"]),
                         (1771, "2018-11-01 12:00:02.900", 30))  # C2-4

    def test_records_that_do_not_parse_go_to_the_error_stream(self):
        example = self.example("order-flood")
        (example / "logs").mkdir()
        server = self.serve(example)
        run("stream", "put", "mywebsiteorder", "this is no JSON", '{"InvoiceNo":"1"}', "--server", server.url)
        wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") == 1, "the good record")
        wait_until(lambda: server.rows("error_stream") == 1, "the bad one's error row")
        row = json.loads(run("tail", "error_stream", "--no-follow", "--server", server.url))
        self.assertEqual(bytes.fromhex(row["DATA_ROW"]).decode(), "this is no JSON")

    def test_a_second_server_on_the_folder_is_refused(self):
        example = self.example("order-flood")
        (example / "logs").mkdir()
        self.serve(example)
        done = run("run", example, "--data", self.folder / "data", "--listen", f"127.0.0.1:{free_port()}", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is in use by process", done.stderr)


if __name__ == "__main__":
    unittest.main()
