"""Backup of a data folder beside a running program, and what comes of it after a restore."""

import collections
import json
import shutil
import threading
import unittest

from harness import Server, TestCase, run, wait_until
from test_survival import APPLICATION, SQL, Writer


class Backup(TestCase):
    def setUp(self):
        super().setUp()
        self.app = self.folder / "shop"
        self.app.mkdir()
        (self.app / "tailrace.yaml").write_text(APPLICATION)
        (self.app / "program.sql").write_text(SQL)

    def numbers(self, server):
        found, position = [], 0
        while True:
            records = server.get("/api/streams/orders/records", **{"from": position, "limit": 10_000})["records"]
            if not records:
                return found
            found += [json.loads(record["data"])["n"] for record in records]
            position = records[-1]["sequence"] + 1

    def test_copy_beside_a_running_program(self):
        server = self.serve(self.app)
        writer = Writer(server, 200)
        for _ in range(50):
            self.assertTrue(writer.put(100))
        before = set(writer.acknowledged)
        ending = threading.Event()

        def write():
            while not ending.is_set():
                writer.put(20)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            text = run("backup", self.folder / "copy", "--data", self.folder / "data")
        finally:
            ending.set()
            thread.join()
        self.assertRegex(text, r"copy: \d+ files, ")
        server.kill()

        restored = self.folder / "restored"
        restored.mkdir()
        run("restore", self.folder / "copy", "--data", restored / "data")
        again = Server(restored, self.app)
        self.addCleanup(again.stop)
        again.start()
        wait_until(lambda: again.rows("OUT") == again.get("/api/streams/orders")["records"], "all rows", 60)
        self.assertTrue(Writer(again, 0).put(1))  # It takes records, one with the number 0 once more.
        wait_until(lambda: again.rows("OUT") == again.get("/api/streams/orders")["records"], "the new row", 60)
        numbers = self.numbers(again)
        self.assertEqual(numbers.pop(), 0)
        counts = collections.Counter(numbers)
        self.assertEqual([n for n, count in counts.items() if count > 1], [])
        self.assertEqual(before - set(counts), set())
        rows = [json.loads(line)["n"] for line in
                (restored / "data" / "apps" / "shop" / "out.ndjson").read_text().splitlines()]
        self.assertEqual(rows, numbers + [0])
        items = run("table", "scan", "seen", "--limit", 1_000_000, "--server", again.url).splitlines()
        self.assertEqual(len(items), len(counts))

    def test_refusals(self):
        server = self.serve(self.app)
        Writer(server, 10).put(10)
        server.stop()
        copy = self.folder / "copy"
        run("backup", copy, "--data", self.folder / "data")
        done = run("backup", copy, "--data", self.folder / "data", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is there already", done.stderr)
        done = run("restore", copy, "--data", self.folder / "data", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not empty", done.stderr)
        checkpoint = copy / "apps" / "shop" / "checkpoint"
        damaged = bytearray(checkpoint.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        checkpoint.write_bytes(damaged)
        done = run("restore", copy, "--data", self.folder / "other", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("apps/shop/checkpoint is not as it was written", done.stderr)
        self.assertFalse((self.folder / "other").exists())
        (copy / "BACKUP").unlink()
        done = run("restore", copy, "--data", self.folder / "third", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is no complete backup", done.stderr)
        done = run("backup", self.folder / "fourth", "--data", self.app, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is no data folder", done.stderr)
        shutil.rmtree(copy)


if __name__ == "__main__":
    unittest.main()
