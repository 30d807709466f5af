"""What a machine can do to a running program: a full disk, a disk that takes no writes, no descriptors left, an end under load.

Nothing that was acknowledged is lost or there twice, and the state says what is wrong."""

import collections
import json
import os
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request

from harness import Server, TestCase, run, wait_until

APPLICATION = """
streams: {orders: {segment_bytes: 256KiB}}
inputs:
  ORDERS: {stream: orders, columns: [{name: n, type: INTEGER}]}
sql: program.sql
tables:
  seen: {key: [n NUMBER]}
outputs:
  - {from: OUT, file: out.ndjson}
  - {from: OUT, table: seen, item: {n: {number: n}}}
checkpoint_interval: 50ms
"""
SQL = 'CREATE OR REPLACE STREAM "OUT" ("n" INTEGER);\n' \
      'CREATE OR REPLACE PUMP "P" AS INSERT INTO "OUT" SELECT STREAM "n" FROM "ORDERS_001";\n'


class Writer:
    """Puts numbered records and remembers what was acknowledged."""

    def __init__(self, server, padding):
        self.server = server
        self.padding = "x" * padding
        self.next = 0
        self.acknowledged = set()
        self.refusals = collections.Counter()

    def put(self, count=20):
        numbers = range(self.next, self.next + count)
        self.next += count
        records = [{"key": str(n), "data": json.dumps({"n": n, "padding": self.padding})} for n in numbers]
        try:
            status, answer = self.server.post("/api/streams/orders/records", {"records": records})
        except (OSError, urllib.error.URLError):
            self.refusals["connection"] += 1
            return False
        if status == 200:
            self.acknowledged.update(numbers)
            return True
        self.refusals[answer["error"]["message"]] += 1
        return False


class Survival(TestCase):
    def setUp(self):
        super().setUp()
        self.app = self.folder / "shop"
        self.app.mkdir()
        (self.app / "tailrace.yaml").write_text(APPLICATION)
        (self.app / "program.sql").write_text(SQL)

    def mount(self, size):
        """A disk of its own for the data."""
        data = self.folder / "data"
        data.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tailrace-test", data],
                                               capture_output=True).returncode != 0:
            self.skipTest("a file system cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", data], check=True)
        return data

    def check(self, server, writer):
        """All that was acknowledged is there once; what was not may be, once."""
        wait_until(lambda: server.rows("OUT") == server.get("/api/streams/orders")["records"], "all rows", 60)
        found = []
        position = 0
        while True:
            records = server.get("/api/streams/orders/records", **{"from": position, "limit": 10_000})["records"]
            if not records:
                break
            found += [json.loads(record["data"])["n"] for record in records]
            position = records[-1]["sequence"] + 1
        counts = collections.Counter(found)
        self.assertEqual([n for n, count in counts.items() if count > 1], [])
        self.assertEqual(writer.acknowledged - set(counts), set())
        rows = collections.Counter(json.loads(line)["n"] for line in
                                   (self.folder / "data" / "apps" / "shop" / "out.ndjson").read_text().splitlines())
        self.assertEqual(rows, counts)
        self.assertGreater(len(writer.acknowledged), 0)
        wait_until(lambda: all(output["waiting_rows"] == 0 for output in server.application()["outputs"]), "the table", 60)
        items = run("table", "scan", "seen", "--limit", 1_000_000, "--server", server.url).splitlines()
        self.assertEqual(len(items), len(counts))

    def test_full_disk(self):
        data = self.mount("24m")
        server = self.serve(self.app)
        writer = Writer(server, 4_000)
        wait_until(lambda: not writer.put(), "the disk to be full", 120)
        refusal = next(iter(writer.refusals))
        self.assertIn("No space left", refusal)
        # The program is alive, answers, and refuses more.
        self.assertEqual(server.application()["name"], "shop")
        self.assertFalse(writer.put())
        before = len(writer.acknowledged)
        subprocess.run(["mount", "-o", "remount,size=96m", data], check=True)
        wait_until(writer.put, "room again", 60)
        for _ in range(20):
            self.assertTrue(writer.put())
        self.assertGreater(len(writer.acknowledged), before)
        wait_until(lambda: server.application()["state"] == "running", "the application to go on", 60)
        self.check(server, writer)
        server.kill()
        server.start()
        self.check(server, writer)

    def test_full_disk_at_the_start(self):
        data = self.mount("64k")
        (data / "filler").write_bytes(b"x" * 60_000)
        server = Server(self.folder, self.app)
        self.addCleanup(server.stop)
        server.start(wait=False)
        self.assertEqual(server.process.child.wait(60), 1)
        self.assertIn("No space left", server.process.output())

    def test_disk_that_takes_no_writes(self):
        data = self.mount("1m")
        subprocess.run(["mount", "-o", "remount,ro", data], check=True)
        server = Server(self.folder, self.app)
        server.start(wait=False)
        self.assertEqual(server.process.child.wait(60), 1)
        self.assertIn("Read-only file system", server.process.output())

    def test_no_descriptors_left(self):
        server = self.serve(self.app)
        writer = Writer(server, 10)
        self.assertTrue(writer.put())
        pid = str(server.process.child.pid)
        limit = subprocess.run(["prlimit", "--pid", pid, "--nofile", "--noheadings", "--output", "SOFT,HARD", "--raw"],
                               capture_output=True, text=True, check=True).stdout.split()
        used = len(os.listdir(f"/proc/{pid}/fd"))
        subprocess.run(["prlimit", "--pid", pid, f"--nofile={used}:{limit[1]}"], check=True)
        for _ in range(20):  # Some are refused; none is half done.
            self.try_put(writer)
        self.assertIsNone(server.process.child.poll())
        subprocess.run(["prlimit", "--pid", pid, f"--nofile={limit[0]}:{limit[1]}"], check=True)
        wait_until(lambda: self.try_put(writer), "descriptors again", 60)
        wait_until(lambda: server.application()["state"] == "running", "the application", 60)
        self.check(server, writer)

    def try_put(self, writer):
        """With a short patience: a connection that nobody accepts waits."""
        numbers = range(writer.next, writer.next + 5)
        writer.next += 5
        body = json.dumps({"records": [{"key": str(n), "data": json.dumps({"n": n})} for n in numbers]}).encode()
        request = urllib.request.Request(writer.server.url + "/api/streams/orders/records", data=body,
                                         headers={"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=2):
                writer.acknowledged.update(numbers)
                return True
        except (OSError, urllib.error.URLError):
            return False

    def test_end_under_load(self):
        server = self.serve(self.app)
        writers = [Writer(server, 200) for _ in range(4)]
        for index, writer in enumerate(writers):
            writer.next = index * 1_000_000
        ending = threading.Event()

        def write(writer):
            while not ending.is_set():
                writer.put(100)

        threads = [threading.Thread(target=write, args=(writer,)) for writer in writers]
        for thread in threads:
            thread.start()
        wait_until(lambda: all(len(writer.acknowledged) > 1_000 for writer in writers), "a load", 60)
        begin = time.monotonic()
        server.process.child.terminate()
        code = server.process.child.wait(60)
        took = time.monotonic() - begin
        ending.set()
        for thread in threads:
            thread.join()
        self.assertEqual(code, 0)
        self.assertLess(took, 15)  # 10 s to read up, 1 s for answers, and what the machine is busy with.
        server.start()
        everything = Writer(server, 0)
        for writer in writers:
            everything.acknowledged |= writer.acknowledged
        self.check(server, everything)


if __name__ == "__main__":
    unittest.main()
