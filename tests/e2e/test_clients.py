"""The Kinesis API under clients that others wrote: each does its everyday work against the real server."""

import json
import os
import subprocess
import unittest

import client_programs
from client_programs import KEYS, run_client, serve_tls
from harness import Process, TestCase, wait_until
from kinesis_api import Kinesis


class JavaScript(TestCase):
    """The AWS SDK for JavaScript v3, which speaks HTTP/2 with Kinesis."""

    def work(self, url, **environment):
        folder = client_programs.javascript()
        result = json.loads(run_client(["node", folder / "everyday.mjs", url, "everyday"], **environment))
        self.assertEqual(result, {
            "failed": 0, "openAfterSplit": 3, "shardsRead": 5, "keys": 50, "read": 2400, "inOrder": True,
            "subscribed": ["one", "two", "three"], "resumed": ["four", "five"], "protocol": "NodeHttp2Handler"})

    def test_in_the_clear(self):
        self.work(self.serve(self.example("access-log"), options=["--no-agent"]).url)

    def test_over_tls(self):
        url, chain = serve_tls(self)
        self.work(url, NODE_EXTRA_CA_CERTS=str(chain))


class Go(TestCase):
    """D14-1: a producer (AWS SDK for Go v2) and a consumer (v1), as programs for the service are written."""

    def test_d14_1_600_reports_in_and_out_in_order(self):
        folder = client_programs.go()
        server = self.serve(self.example("access-log"), options=["--no-agent"])
        kinesis = Kinesis(server.url)
        self.addCleanup(kinesis.close)
        kinesis.create("wildrydes")
        environment = {**os.environ, **KEYS}
        consumer = Process([folder / "consumer", "-stream", "wildrydes", "-endpoint", server.url, "-interval", "50ms"],
                           self.folder / "consumer.log", env=environment)
        self.addCleanup(consumer.stop)
        wait_until(lambda: "ready" in consumer.output(), "the consumer")
        producers = [subprocess.Popen([folder / "producer", "-name", name, "-count", "300", "-interval", "5ms"],
                                      stdout=subprocess.PIPE,
                                      env={**environment, "AWS_ENDPOINT_URL_KINESIS": server.url})
                     for name in ("Shadowfax", "Rocinante")]
        for producer in producers:
            dots, _ = producer.communicate(timeout=60)
            self.assertEqual((producer.returncode, dots), (0, b"." * 300 + b"\n"))

        def reports():
            text = consumer.output().replace("ready\n", "")
            decoder, found, at = json.JSONDecoder(), [], 0
            while at < len(text):
                try:
                    value, at = decoder.raw_decode(text, at)
                except json.JSONDecodeError:
                    break  # It is being written.
                found.append(value)
                at += 1
            return found

        wait_until(lambda: len(reports()) >= 600, "the reports")
        self.assertEqual(len(reports()), 600)
        for name in ("Shadowfax", "Rocinante"):
            times = [report["StatusTime"] for report in reports() if report["Name"] == name]
            self.assertEqual((len(times), times), (300, sorted(times)))


class Aggregated(TestCase):
    """What the Kinesis Producer Library packs into one record reaches SQL as rows, and archives as records of their own."""

    # Made by aws-kinesis-agg 1.2.3 (PyPI): {"n":1}, {"n":2}, {"n":3} and an empty part.
    RECORD = bytes.fromhex(
        "f3899ac20a01610a01621227333430323832333636393230393338343633343633333734363037343331373638323131343535120130"
        "1a0b08001a077b226e223a317d1a0b08011a077b226e223a327d1a0d080010001a077b226e223a337d1a06080010011a0063667c471b7f"
        "45391c751cb85462cc1d")

    def test_each_part_is_a_row_and_a_record(self):
        folder = self.example("access-log")
        archive = self.folder / "archive"
        with open(folder / "tailrace.yaml", "a") as file:
            file.write(f"\ndelivery_streams:\n  copies: {{source: web-access-log, directory: {archive}, "
                       "buffer: {interval: 1s}}\n")
        server = self.serve(folder, options=["--no-agent"])
        kinesis = Kinesis(server.url)
        self.addCleanup(kinesis.close)
        damaged = self.RECORD[:-1] + b"?"
        kinesis.put("web-access-log", [("a", self.RECORD), ("b", b"{}"), ("c", damaged)])
        wait_until(lambda: server.application()["decode_errors"] == 1, "the damaged record")
        wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") == 4, "the rows")

        def archived():
            return b"".join(path.read_bytes() for path in archive.rglob("copies-*"))

        wait_until(lambda: archived().endswith(damaged + b"\n"), "the archive")
        self.assertEqual(archived(), b'{"n":1}\n{"n":2}\n{"n":3}\n\n{}\n' + damaged + b"\n")


if __name__ == "__main__":
    unittest.main()
