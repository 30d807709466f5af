"""A running application takes a changed definition as a whole, or refuses it as a whole (row B4)."""

import json
import signal
import subprocess
import time
import unittest

from harness import PROGRAM, TestCase, run, wait_until

YAML = """name: shop
streams:
  hits: {shards: 1}
inputs:
  S: {stream: hits, columns: [{name: page, type: VARCHAR(8)}]}
sql: shop.sql
outputs:
  - {from: TOTALS, file: totals.ndjson}
"""
SQL = """CREATE STREAM TOTALS (page VARCHAR(8), n BIGINT);
CREATE PUMP totals_pump AS INSERT INTO TOTALS
  SELECT STREAM "page", COUNT(*) OVER (PARTITION BY "page" RANGE INTERVAL '1' HOUR PRECEDING) FROM S_001;
"""
MORE = """CREATE STREAM HOME (n BIGINT);
CREATE PUMP home_pump AS INSERT INTO HOME
  SELECT STREAM COUNT(*) OVER (RANGE INTERVAL '1' HOUR PRECEDING) FROM S_001 WHERE "page" = 'home';
"""


class Reload(TestCase):
    def setUp(self):
        super().setUp()
        self.app = self.folder / "shop"
        self.app.mkdir()
        (self.app / "tailrace.yaml").write_text(YAML)
        self.sql = self.app / "shop.sql"
        self.sql.write_text(SQL)

    def serve(self, *options):
        self.server = super().serve(self.app, options=options)
        return self.server

    def hit(self, *pages):
        status, answer = self.server.post(
            "/api/streams/hits/records",
            {"records": [{"key": page, "data": json.dumps({"page": page})} for page in pages]})
        self.assertEqual(status, 200, answer)

    def rows(self, stream):
        return [row["row"] for row in self.server.get(f"/api/apps/shop/streams/{stream}/rows")["rows"]]

    def wait_for(self, stream, *rows):
        wait_until(lambda: self.rows(stream)[-len(rows):] == list(rows), f"{rows} on {stream}: {self.rows(stream)}")

    def totals(self):
        file = self.folder / "data" / "apps" / "shop" / "totals.ndjson"
        return [json.loads(line)["N"] for line in file.read_text().splitlines()] if file.exists() else []

    def logged(self, text):
        return text in self.server.process.output().replace('"', "")

    def verb(self, *words):
        return subprocess.run([PROGRAM, "reload", *words, "--server", self.server.url], capture_output=True, text=True,
                              timeout=60)

    def put(self, sql):
        new = self.folder / "new.sql"
        new.write_text(sql)
        return self.verb("shop", "--sql", new)

    def test_b4_1_save_and_run(self):
        self.serve("--no-watch")
        self.hit("home", "home", "cart")
        self.wait_for("TOTALS", {"PAGE": "cart", "N": 1})

        begun = time.monotonic()
        done = self.put(SQL + MORE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertIn("go on with their state: TOTALS_PUMP\n", done.stdout)
        self.assertIn("begin now: HOME_PUMP\n", done.stdout)
        self.assertEqual(self.sql.read_text(), SQL + MORE)
        # The old pump has its hour still, the new one begins now.
        self.hit("home")
        self.wait_for("HOME", {"N": 1})
        self.wait_for("TOTALS", {"PAGE": "home", "N": 3})

        # A statement with an error: nothing changes, the place is told.
        done = self.put(SQL + MORE + "CREATE PUMP bad AS INSERT INTO HOME\n  SELECT STREAM COUNT(*) OVER W FROM S_001;\n")
        self.assertEqual(done.returncode, 78)
        self.assertIn("shop.sql:8:31: ", done.stderr)
        self.assertEqual(self.sql.read_text(), SQL + MORE)
        self.assertEqual(self.server.get("/api/apps/shop/sql")["sql"], SQL + MORE)
        self.hit("home")
        self.wait_for("HOME", {"N": 2})

        # A kill and a new start go on from there.
        self.server.kill()
        self.server.start()
        self.hit("home")
        self.wait_for("HOME", {"N": 3})
        self.wait_for("TOTALS", {"PAGE": "home", "N": 5})
        self.assertEqual(wait_until(lambda: len(self.totals()) == 6 and self.totals(), "six rows"), [1, 2, 1, 3, 4, 5])

    def test_a_changed_pump_begins_anew_and_the_others_go_on(self):
        self.sql.write_text(SQL + MORE)
        self.serve("--no-watch")
        self.hit("home", "home")
        self.wait_for("HOME", {"N": 2})
        status, answer = self.server.post("/api/apps/shop/reload")
        self.assertEqual((status, answer["reloaded"], answer["kept"], answer["begun"], answer["gone"]),
                         (200, True, ["TOTALS_PUMP", "HOME_PUMP"], [], []))
        self.sql.write_text(SQL + MORE.replace("= 'home'", "<> 'cart'"))
        status, answer = self.server.post("/api/apps/shop/reload")
        self.assertEqual((answer["kept"], answer["begun"]), (["TOTALS_PUMP"], ["HOME_PUMP"]))
        self.hit("home")
        self.wait_for("HOME", {"N": 1})
        self.wait_for("TOTALS", {"PAGE": "home", "N": 3})
        # A stream that goes and comes back goes on counting its rows: outputs know which they have.
        self.sql.write_text(SQL)
        self.assertEqual(self.server.post("/api/apps/shop/reload")[1]["gone"], ["HOME_PUMP"])
        self.sql.write_text(SQL + MORE)
        self.assertEqual(self.server.post("/api/apps/shop/reload")[1]["begun"], ["HOME_PUMP"])
        self.hit("home")
        self.wait_for("HOME", {"N": 1})
        wait_until(lambda: self.server.rows("HOME") == 4, "the fourth row")

    def test_files_that_change_and_hangup(self):
        server = self.serve()
        self.hit("home")
        self.wait_for("TOTALS", {"PAGE": "home", "N": 1})
        self.sql.write_text(SQL + MORE)
        wait_until(lambda: self.logged("begun=HOME_PUMP"), "the reload")
        self.sql.write_text("SELEC")
        wait_until(lambda: "shop.sql:1:1: " in server.process.output(), "the refusal in the log")
        self.assertEqual([stream["name"] for stream in server.application()["streams"]][-2:], ["HOME", "error_stream"])
        self.sql.write_text(SQL)
        server.process.child.send_signal(signal.SIGHUP)
        wait_until(lambda: self.logged("gone=HOME_PUMP"), "the reload")
        self.hit("home")
        self.wait_for("TOTALS", {"PAGE": "home", "N": 2})

    def test_outputs_alarms_and_tables_follow(self):
        self.serve("--no-watch")
        self.hit("home")
        self.wait_for("TOTALS", {"PAGE": "home", "N": 1})
        (self.app / "tailrace.yaml").write_text(YAML + """  - {from: TOTALS, alarm: busy}
  - {from: TOTALS, table: Pages, item: {Page: PAGE, Hits: N}}
tables:
  Pages: {key: [Page STRING]}
alarms:
  busy: {notify: {subject: Busy, message: "${N}", to: [log]}}
targets:
  log: {file: {path: busy.log}}
""")
        done = self.verb()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.hit("home")
        wait_until(lambda: (self.folder / "data" / "apps" / "shop" / "busy.log").exists(), "the message")
        wait_until(lambda: self.server.get("/api/tables/Pages/scan")["items"] == [{"Hits": 2, "Page": "home"}],
                   "the item")
        (self.app / "tailrace.yaml").write_text(YAML)
        self.assertEqual(self.verb("shop").returncode, 0)
        self.hit("home")
        self.wait_for("TOTALS", {"PAGE": "home", "N": 3})
        self.assertEqual(self.server.get("/api/tables/Pages/scan")["items"], [{"Hits": 2, "Page": "home"}])

        (self.app / "tailrace.yaml").write_text(YAML.replace("name: shop", "name: store"))
        self.assertIn("is not that of the running application", self.verb("shop").stderr)
        self.assertEqual(self.verb("nothing").returncode, 1)
        self.assertEqual(self.verb("shop", "--sql", self.folder / "missing.sql").returncode, 2)

    def test_c5_1_a_reference_table_is_replaced_while_running(self):
        products = self.app / "products.csv"
        products.write_text("StockCode,Category\n85123A,lights\n22752,toys\n")
        (self.app / "tailrace.yaml").write_text("""name: shop
streams:
  hits: {shards: 1}
inputs:
  S: {stream: hits, columns: [{name: StockCode, type: VARCHAR(8)}]}
reference_tables:
  PRODUCTS: {file: products.csv, refresh: 1s}
sql: shop.sql
""")
        self.sql.write_text("""CREATE STREAM SALES (code VARCHAR(8), category VARCHAR(16));
CREATE PUMP sales_pump AS INSERT INTO SALES
  SELECT STREAM s."StockCode", p."Category" FROM "S_001" s
  LEFT JOIN "PRODUCTS" p ON s."StockCode" = p."StockCode";
""")
        self.serve("--no-watch")

        def sell(code):
            status, answer = self.server.post("/api/streams/hits/records", {"records": [
                {"key": "k", "data": json.dumps({"StockCode": code})}]})
            self.assertEqual(status, 200, answer)

        def categories(code):
            return [row["CATEGORY"] for row in self.rows("SALES") if row["CODE"] == code]

        sell("85123A")
        sell("99999")
        wait_until(lambda: categories("99999"), "two sales")
        self.assertEqual((categories("85123A"), categories("99999")), (["lights"], [None]))
        new = self.app / "products.new"
        new.write_text("StockCode,Category\n85123A,lamps\n99999,books\n")
        new.replace(products)

        def sold_as_lamps():
            sell("85123A")
            return categories("85123A")[-1] == "lamps"
        wait_until(sold_as_lamps, "the new category", seconds=60)
        sell("99999")
        wait_until(lambda: categories("99999")[-1] == "books", "the new product")
        self.assertEqual(set(categories("85123A")), {"lights", "lamps"})
        # Without a file the rows in use stay.
        products.unlink()
        count = len(categories("85123A"))
        for _ in range(3):
            sell("85123A")
        wait_until(lambda: len(categories("85123A")) == count + 3, "three sales more")
        self.assertEqual(categories("85123A")[-1], "lamps")


if __name__ == "__main__":
    unittest.main()
