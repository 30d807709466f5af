"""The Kinesis API under the Java libraries that shops run: KPL and KCL, against the real server."""

import json
import subprocess
import unittest

import client_programs
from client_programs import run_client, serve_tls
from harness import Process, TestCase, free_port, wait_until


class Java(TestCase):
    """The Kinesis Producer Library (native daemon, TLS, aggregation) and the Kinesis Client Library (CBOR, HTTP/2)."""

    def work(self, retrieval):
        classes = client_programs.java()
        moto = client_programs.python("moto", "moto[dynamodb,server]==5.1.4")
        url, chain = serve_tls(self)
        trust = self.folder / "trust.p12"
        subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "server", "-file", chain, "-keystore", trust,
                        "-storetype", "PKCS12", "-storepass", "changeit"], check=True, capture_output=True)
        tables = free_port()
        leases = Process([moto, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(tables)], self.folder / "moto.log")
        self.addCleanup(leases.stop)
        wait_until(lambda: "Running on" in leases.output(), "the lease tables", 30)
        output = run_client(["java", "-Xmx512m", "-XX:TieredStopAtLevel=1",
                             "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", f"-Djavax.net.ssl.trustStore={trust}",
                             "-Djavax.net.ssl.trustStorePassword=changeit", "-cp", classes, "Everyday",
                             url.rsplit(":", 1)[1], f"http://127.0.0.1:{tables}", "everyday", retrieval])
        result = json.loads(output.strip().splitlines()[-1])
        self.assertEqual(result, {"stored": 3200, "received": 3200, "keys": 40, "once": True, "aggregated": True,
                                  "shardsEnded": 1})

    def test_the_first_sdk_as_the_kinesis_agent_uses_it(self):
        server = self.serve(self.example("access-log"), options=["--no-agent"])
        output = run_client(["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                             "-cp", client_programs.java(), "FirstSdk", server.url, "lines"])
        self.assertEqual(json.loads(output.strip().splitlines()[-1]), {
            "missing": "ResourceNotFoundException", "failed": 0, "read": 500, "inOrder": True, "arrivedNow": True,
            "rest": 100})

    def test_kpl_to_kcl_by_polling(self):
        self.work("polling")

    def test_kpl_to_kcl_by_subscriptions(self):
        self.work("fanout")


if __name__ == "__main__":
    unittest.main()
