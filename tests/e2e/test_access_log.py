"""A6: real web servers, a real load generator and a real proxy in front; the access log counted per client."""

import http.client
import json
import os
import pathlib
import shutil
import subprocess
import unittest
import urllib.request

from harness import Process, Server, TestCase, free_port, run, wait_until, write_lines

LOG_FORMAT = (pathlib.Path(__file__).resolve().parent.parent.parent / "examples" / "access-log" /
              "apache-logformat.conf").read_text()


def program(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
    if not found:
        raise unittest.SkipTest(f"{name} is not installed")
    return found


class Apache:
    """Apache with the example's LogFormat, behind a proxy that it trusts."""

    def __init__(self, test, folder, log):
        self.port = free_port()
        folder.mkdir()
        (folder / "index.html").write_text("<p>hello</p>")
        log_format = next(line for line in LOG_FORMAT.splitlines() if line.startswith("LogFormat"))
        modules = pathlib.Path("/usr/lib/apache2/modules")
        names = ["mpm_event", "authz_core", "dir", "mime", "remoteip"]
        (folder / "httpd.conf").write_text("\n".join(
            [f"LoadModule {name}_module {modules}/mod_{name}.so" for name in names] +
            [f"Listen 127.0.0.1:{self.port}", "ServerName localhost", f"PidFile {folder}/pid", f"ErrorLog {folder}/error.log",
             "TypesConfig /etc/mime.types", f"DocumentRoot {folder}", "DirectoryIndex index.html",
             "RemoteIPHeader X-Forwarded-For", "RemoteIPInternalProxy 127.0.0.1", log_format,
             f"CustomLog {log} kinesis", "<Directory />", "Require all granted", "</Directory>"]) + "\n")
        if os.geteuid() == 0:
            with open(folder / "httpd.conf", "a") as config:
                config.write("User www-data\nGroup www-data\n")
        self.process = Process([program("apache2"), "-d", folder, "-f", folder / "httpd.conf", "-DFOREGROUND"],
                               folder / "apache.log")
        test.addCleanup(self.process.stop)
        wait_until(lambda: get(f"http://127.0.0.1:{self.port}/"), "Apache", 20)
        forget_first_line([log])


def forget_first_line(logs):
    """Empties the logs of what a readiness check wrote; Apache logs a request only after its answer."""
    wait_until(lambda: any(log.stat().st_size for log in logs), "the line of the first request")
    for log in logs:
        with open(log, "w"):
            pass


def get(url, **headers):
    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.read()
    except OSError:
        return None


def counted(server):
    """Sum of request_count over all windows so far, by client."""
    counts = {}
    application = server.application()
    last = server.get(f"/api/apps/{application['name']}/streams/DESTINATION_SQL_STREAM/rows", limit=200)
    for row in last["rows"]:
        client = row["row"]["CLIENT_IP"]
        counts[client] = counts.get(client, 0) + row["row"]["REQUEST_COUNT"]
    return counts


class AccessLog(TestCase):
    def application(self, *logs):
        example = self.example("access-log")
        flows = [{"filePattern": str(log), "kinesisStream": "web-access-log", "partitionKeyOption": "RANDOM",
                  "initialPosition": "START_OF_FILE", "maxBufferAgeMillis": "100"} for log in logs]
        (example / "agent.json").write_text(json.dumps({"flows": flows}))
        return example

    def test_a6_1_every_line_is_one_record_byte_for_byte(self):
        log = self.folder / "access.log"
        lines = run("generate", "access", "--format", "json", "--count", 1000)
        server = self.serve(self.application(log))
        write_lines(log, lines)
        wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") == 1000, "1000 rows")
        stored = run("stream", "get", "web-access-log", "--limit", 10_000, "--server", server.url)
        self.assertEqual(stored, lines)

    def test_a6_5_a_long_address_is_cut_counted_and_shown(self):
        log = self.folder / "access.log"
        server = self.serve(self.application(log))
        write_lines(log, '{"client_ip":"2001:db8::1234:5678:9abc:def0","status":"200"}\n')
        wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") == 1, "the row")
        wait_until(lambda: server.application()["cut_columns"] == [{"column": "client_ip VARCHAR(16)", "values": 1}],
                   "the count of cut values")
        self.assertIn("client_ip", run("check", self.folder / "access-log"))  # The advice to widen it.

    def test_a6_3_the_window_closes_by_the_clock(self):
        log = self.folder / "access.log"
        server = self.serve(self.application(log))
        write_lines(log, '{"client_ip":"203.0.113.7"}\n')
        wait_until(lambda: server.rows("DESTINATION_SQL_STREAM") == 1, "the window to close without further rows", 15)
        rows = server.get("/api/apps/access-log/streams/DESTINATION_SQL_STREAM/rows")["rows"]
        self.assertEqual(rows[0]["rowtime"] % 10_000, 0)

    def test_a6_7_and_a6_10_counts_equal_requests_through_a_proxy(self):
        haproxy, bench = program("haproxy"), program("ab")
        logs = [self.folder / "one.log", self.folder / "two.log"]
        for log in logs:
            log.touch()
        servers = [Apache(self, self.folder / name, log) for name, log in zip(("one", "two"), logs)]
        port = free_port()
        (self.folder / "haproxy.cfg").write_text(
            "defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n"
            f"listen front\n bind 127.0.0.1:{port}\n option forwardfor\n balance roundrobin\n" +
            "".join(f" server s{i} 127.0.0.1:{apache.port}\n" for i, apache in enumerate(servers)))
        proxy = Process([haproxy, "-f", self.folder / "haproxy.cfg", "-db"], self.folder / "haproxy.log")
        self.addCleanup(proxy.stop)
        wait_until(lambda: get(f"http://127.0.0.1:{port}/"), "HAProxy")
        forget_first_line(logs)
        server = self.serve(self.application(*logs))
        requests = 5_000
        subprocess.run([bench, "-q", "-n", str(requests), "-c", "2", f"http://127.0.0.1:{port}/"], check=True,
                       stdout=subprocess.DEVNULL, timeout=120)
        # A client on another address, which only the proxy's header tells, and one that forges the header itself: the
        # proxy's own entry, the last one, counts.
        get(f"http://127.0.0.1:{port}/", **{"X-Forwarded-For": "198.51.100.99"})
        get(f"http://127.0.0.1:{servers[0].port}/", **{"X-Forwarded-For": "203.0.113.50"})
        wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") == requests + 2, "all requests", 60)
        wait_until(lambda: sum(counted(server).values()) == requests + 2, "all windows to close", 30)
        counts = counted(server)
        self.assertEqual(counts.get("203.0.113.50"), 1)
        self.assertEqual(sum(counts.values()), requests + 2)

    def test_a6_6_quotes_and_odd_bytes_in_a_user_agent_lose_nothing(self):
        log = self.folder / "access.log"
        log.touch()
        apache = Apache(self, self.folder / "www", log)
        server = self.serve(self.application(log))
        connection = http.client.HTTPConnection("127.0.0.1", apache.port)
        connection.putrequest("GET", "/")
        connection.putheader("User-Agent", b'Mozilla "quoted" caf\xe9')
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") == 1, "the row")
        self.assertEqual(server.rows("error_stream"), 0)
        row = server.get("/api/apps/access-log/streams/SOURCE_SQL_STREAM_001/rows")["rows"][0]["row"]
        self.assertTrue(row["userAgent"].startswith('Mozilla "quoted" caf'), row)

    def test_a6_8_an_unreadable_log_is_named_with_its_cure(self):
        if os.geteuid() == 0:
            self.skipTest("root may read everything; the agent's own tests cover this on a simulated disk")
        log = self.folder / "access.log"
        log.touch()
        log.chmod(0)
        server = self.serve(self.application(log))
        flow = wait_until(lambda: [f for f in server.application()["agents"] if f["health"] == "error"],
                          "the flow to be shown as broken", 10)[0]
        self.assertIn(str(log), flow["warnings"][0]["message"])


if __name__ == "__main__":
    unittest.main()
