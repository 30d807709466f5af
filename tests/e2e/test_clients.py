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


if __name__ == "__main__":
    unittest.main()
