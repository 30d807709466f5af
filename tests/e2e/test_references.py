"""Reference tables from a real S3 server (row C5-1): read, replaced while running, kept when the server is away."""

import json
import os
import unittest

from harness import TestCase, run, wait_until
from s3_server import S3Server

YAML = """name: shop
streams:
  sales: {shards: 1}
inputs:
  S: {stream: sales, columns: [{name: StockCode, type: VARCHAR(8)}]}
reference_tables:
  PRODUCTS:
    s3: {bucket: archive, endpoint: "ENDPOINT", access_key_id: S3RVER, secret_access_key: S3RVER}
    key: lists/products.csv
    columns: [{name: StockCode, type: VARCHAR(8)}, {name: Category, type: VARCHAR(16)},
              {name: Shelf, type: INTEGER}]
    refresh: 500ms
sql: shop.sql
"""
SQL = """CREATE STREAM SALES (code VARCHAR(8), category VARCHAR(16));
CREATE PUMP sales_pump AS INSERT INTO SALES
  SELECT STREAM s."StockCode", p."Category" FROM "S_001" s
  LEFT JOIN "PRODUCTS" p ON s."StockCode" = p."StockCode";
"""


class References(TestCase):
    def setUp(self):
        super().setUp()
        self.bucket = S3Server(self)
        self.app = self.folder / "shop"
        self.app.mkdir()
        self.yaml = self.app / "tailrace.yaml"
        self.yaml.write_text(YAML.replace("ENDPOINT", self.bucket.url))
        (self.app / "shop.sql").write_text(SQL)
        self.sold = 0

    def put(self, text, key="lists/products.csv"):
        self.bucket.client().put_object(Bucket="archive", Key=key, Body=text.encode())

    def sell(self, code):
        """Sells once and gives the category that the sale got."""
        status, answer = self.server.post("/api/streams/sales/records", {"records": [
            {"key": "k", "data": json.dumps({"StockCode": code})}]})
        self.assertEqual(status, 200, answer)
        self.sold += 1
        wait_until(lambda: self.server.rows("SALES") == self.sold, f"sale {self.sold}")
        row = self.server.get("/api/apps/shop/streams/SALES/rows")["rows"][-1]["row"]
        self.assertEqual(row["CODE"], code)
        return row["CATEGORY"]

    def table(self):
        return self.server.application()["reference_tables"][0]

    def test_c5_1_an_object_is_replaced_while_running(self):
        self.put("StockCode,Category,Shelf\n85123A,lights,1\n22752,toys,2\n")
        self.server = self.serve(self.app)
        self.assertEqual((self.sell("85123A"), self.sell("99999")), ("lights", None))
        self.assertEqual((self.table()["place"], self.table()["rows"], self.table()["error"]),
                         ("s3://archive/lists/products.csv", 2, ""))
        # From one moment on all rows are the new object's.
        self.put("85123A,lamps,1\n99999,books,2\n22752,games,3\n")
        wait_until(lambda: self.table()["rows"] == 3, "the new object")
        self.assertEqual((self.sell("85123A"), self.sell("99999"), self.sell("22752")), ("lamps", "books", "games"))
        # An object that is no table, and one that is gone, change nothing but the status.
        self.put("85123A,lights,1\n22752,toys,the second\n")
        wait_until(lambda: "the second" in self.table()["error"], "the bad object to be noticed")
        self.assertEqual((self.sell("85123A"), self.table()["rows"]), ("lamps", 3))
        self.bucket.client().delete_object(Bucket="archive", Key="lists/products.csv")
        wait_until(lambda: "NoSuchKey" in self.table()["error"], "the missing object to be noticed")
        self.assertEqual(self.sell("85123A"), "lamps")
        self.put("85123A,lanterns,1\n")
        wait_until(lambda: self.table()["error"] == "", "the object that is there again")
        self.assertEqual((self.sell("85123A"), self.sell("22752")), ("lanterns", None))

    def test_a_start_without_the_bucket_waits_for_it(self):
        self.bucket.stop()
        self.server = self.serve(self.app)
        wait_until(lambda: self.server.application()["state"] == "waiting for a reference table", "the state")
        self.assertIn("127.0.0.1", wait_until(lambda: self.table()["error"], "the reason"))
        status, _ = self.server.post("/api/streams/sales/records", {"records": [
            {"key": "k", "data": '{"StockCode": "22752"}'}]})
        self.assertEqual(status, 200)  # Records wait in their stream.
        self.assertEqual((self.server.rows("SALES"), self.table()["since"]), (0, None))
        self.bucket.start()
        self.put("85123A,lights\n22752,toys\n")
        wait_until(lambda: self.server.rows("SALES") == 1, "the first sale")
        self.sold = 1
        self.assertEqual(self.server.application()["state"], "running")
        rows = self.server.get("/api/apps/shop/streams/SALES/rows")["rows"]
        self.assertEqual([row["row"]["CATEGORY"] for row in rows], ["toys"])  # It did not miss its table.

    def test_a_restart_without_the_bucket_goes_on_with_what_was_read_last(self):
        self.put("85123A,lights\n22752,toys\n")
        self.server = self.serve(self.app)
        self.assertEqual(self.sell("22752"), "toys")
        self.bucket.stop()
        self.server.kill()
        self.server.start()
        wait_until(lambda: self.server.application()["state"] == "running", "the application to run")
        self.assertIn("read last", self.table()["error"])
        self.sold = self.server.rows("SALES")
        self.assertEqual(self.sell("85123A"), "lights")
        self.bucket.start()
        wait_until(lambda: self.table()["error"] == "", "the bucket to be read again")
        self.put("85123A,lamps,1\n")
        wait_until(lambda: self.table()["rows"] == 1, "the new object")
        self.assertEqual(self.sell("85123A"), "lamps")
        copy = self.folder / "copy"
        run("backup", "--data", self.folder / "data", copy)
        self.assertTrue((copy / "apps" / "shop" / "references" / "PRODUCTS").exists())

    def test_verbs(self):
        self.put("85123A,lights\n22752,toys\n")
        self.assertEqual(run("check", self.app, check=False).returncode, 0)  # It needs no bucket.
        doctor = run("doctor", self.app, check=False).stdout
        self.assertIn("2 rows", doctor)
        (self.app / "tests").mkdir()
        (self.app / "tests" / "sale.slt").write_text("""clock 2024-03-01 12:00:00

records S
2024-03-01 12:00:00	{"StockCode":"22752"}

emitted SALES
----
2024-03-01 12:00:00	22752	cards
""")
        refused = run("test", self.app, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("give it a file beside s3", refused.stdout + refused.stderr)
        (self.app / "products.csv").write_text("22752,cards,1\n")
        self.yaml.write_text(self.yaml.read_text().replace("    key:", "    file: products.csv\n    key:"))
        run("test", self.app)
        self.yaml.write_text(YAML.replace("{bucket: archive, endpoint: \"ENDPOINT\", access_key_id: S3RVER, "
                                          "secret_access_key: S3RVER}", "{bucket: archive}"))
        os.environ.update(AWS_ENDPOINT_URL=self.bucket.url, AWS_ACCESS_KEY_ID="S3RVER", AWS_SECRET_ACCESS_KEY="S3RVER")
        self.addCleanup(lambda: [os.environ.pop(name) for name in (
            "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")])
        self.server = self.serve(self.app)
        self.assertEqual(self.sell("22752"), "toys")


if __name__ == "__main__":
    unittest.main()
