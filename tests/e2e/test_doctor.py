"""`tailrace doctor`: each single fault is named with its step and cure, and nothing else is called broken (A7-1)."""

import contextlib
import email.utils
import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import unittest

from harness import Support, TestCase, free_port, run

APPLICATION = """
streams: {orders: {}}
agent: agent.json
inputs:
  ORDERS: {stream: orders, columns: [{name: n, type: INTEGER}]}
sql: program.sql
outputs:
  - {from: OUT, alarm: bell}
alarms:
  bell:
    notify: {subject: "${n}", message: "${n}", to: [hook]}
    history: {to: history}
targets:
  hook: {webhook: {url: "%(hook)s"}}
  history:
    mysql: {host: "%(host)s", port: %(port)d, database: %(database)s, user: %(user)s, password: "%(password)s"}
"""
SQL = 'CREATE OR REPLACE STREAM "OUT" ("n" INTEGER);\n' \
      'CREATE OR REPLACE PUMP "P" AS INSERT INTO "OUT" SELECT STREAM "n" FROM "ORDERS_001";\n'


class Hook:
    """A web service whose clock may be wrong."""

    def __init__(self):
        self.ahead = 0
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.send_response(200)
                self.end_headers()

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(time.time() + hook.ahead, usegmt=True)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/secret-path"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Module:
    addCleanup = staticmethod(unittest.addModuleCleanup)
    database = None


def setUpModule():
    Module.database = Support(Module, "mariadb_server.py")


class Doctor(TestCase):
    def setUp(self):
        super().setUp()
        self.hook = Hook()
        self.addCleanup(self.hook.stop)
        self.values = {"hook": self.hook.url, "host": "127.0.0.1", "port": Module.database.port, "database": "logs",
                       "user": "tailrace", "password": "pass word"}
        self.app = self.folder / "shop"
        self.app.mkdir()
        (self.app / "logs").mkdir()
        (self.app / "logs" / "orders.log").write_text("")
        (self.app / "agent.json").write_text(json.dumps(
            {"flows": [{"filePattern": "logs/*.log", "kinesisStream": "orders"}]}))
        (self.app / "program.sql").write_text(SQL)
        self.listen = f"127.0.0.1:{free_port()}"

    def examine(self, prefix=(), options=()):
        """Exit code and all steps."""
        (self.app / "tailrace.yaml").write_text(APPLICATION % self.values)
        words = ["doctor", self.app, "--data", self.folder / "data", "--listen", self.listen, "--timeout", "3", "--json",
                 *options]
        if prefix:
            from harness import PROGRAM
            done = subprocess.run([*prefix, PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=120)
        else:
            done = run(*words, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def expect(self, dependency, step, detail, **options):
        """The only thing that is not well."""
        code, steps = self.examine(**options)
        self.assertEqual(code, 1)
        failed = [entry for entry in steps if entry["state"] == "failed"]
        self.assertEqual([(entry["dependency"], entry["step"]) for entry in failed], [(dependency, step)], failed)
        self.assertIn(detail, failed[0]["detail"])
        self.assertTrue(failed[0]["cure"].endswith((".", "'%'", "unit.")), failed[0]["cure"])
        for entry in steps:
            self.assertNotIn("pass word", json.dumps(entry))
            self.assertNotIn("secret-path", json.dumps(entry))

    def sql(self, *statements):
        subprocess.run(["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(Module.database.port), "-u", "root",
                        "--skip-ssl"], input=";\n".join(statements) + ";\n", text=True, check=True)

    def test_all_is_well(self):
        code, steps = self.examine()
        self.assertEqual([entry for entry in steps if entry["state"] != "ok"], [])
        self.assertEqual(code, 0)
        looked = {(entry["dependency"], entry["step"]) for entry in steps}
        for step in ("resolve", "connect", "login", "database", "table", "grant"):
            self.assertIn(("target history", step), looked)
        self.assertIn(("clock", "time"), looked)
        text = run("doctor", self.app, "--data", self.folder / "data", "--listen", self.listen)
        self.assertTrue(text.endswith("all is well\n"), text)
        # Nothing stays behind.
        self.assertFalse((self.folder / "data").exists())

    def test_text_names_the_step_and_its_cure(self):
        self.values["password"] = "wrong"
        self.examine()
        done = run("doctor", self.app, "--data", self.folder / "data", "--listen", self.listen, check=False)
        self.assertEqual(done.returncode, 1)
        lines = done.stdout.splitlines()
        index = next(i for i, line in enumerate(lines) if line.startswith("FAILED"))
        self.assertRegex(lines[index], r"^FAILED +login +Access denied for user 'tailrace'@.*\(1045\)$")
        self.assertRegex(lines[index + 1], r"^ +cure: Correct user and password of the mysql target")
        self.assertEqual(lines[-1], "1 dependency is not well")

    def test_database_faults(self):
        with self.subTest("wrong host"):
            self.values["host"] = "database.invalid"
            self.expect("target history", "resolve", "database.invalid")
            self.values["host"] = "127.0.0.1"
        with self.subTest("closed port"):
            self.values["port"] = free_port()
            self.expect("target history", "connect", "Connection refused")
            self.values["port"] = Module.database.port
        with self.subTest("wrong user"):
            self.values["user"] = "nobody"
            self.expect("target history", "login", "Access denied for user 'nobody'")
            self.values["user"] = "tailrace"
        with self.subTest("missing database"):
            self.values["database"] = "lost"
            self.expect("target history", "database", "lost")
            self.values["database"] = "logs"
        with self.subTest("missing grant to make the table"):
            self.sql("CREATE DATABASE IF NOT EXISTS narrow", "CREATE USER IF NOT EXISTS 'reader'@'%' IDENTIFIED BY 'pass word'",
                     "GRANT SELECT ON narrow.* TO 'reader'@'%'")
            self.values.update(database="narrow", user="reader")
            self.expect("target history", "table", "denied")
        with self.subTest("missing grant to write rows"):
            self.sql("CREATE TABLE narrow.logs_history (alarm_creation_time DATETIME, Number_of_orders INT) ENGINE=InnoDB")
            self.expect("target history", "grant", "INSERT command denied")
        with self.subTest("nothing is written"):
            self.sql("GRANT INSERT, CREATE ON narrow.* TO 'reader'@'%'")
            self.assertEqual(self.examine()[0], 0)
            count = subprocess.run(["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(Module.database.port), "-u",
                                    "root", "--skip-ssl", "-N", "-e", "SELECT COUNT(*) FROM narrow.logs_history"],
                                   capture_output=True, text=True, check=True)
            self.assertEqual(count.stdout.strip(), "0")

    def test_web_service_faults(self):
        with self.subTest("closed port"):
            self.values["hook"] = f"http://127.0.0.1:{free_port()}/secret-path"
            self.expect("target hook", "connect", "Connection refused")
        with self.subTest("no TLS where it is expected"):
            self.values["hook"] = self.hook.url.replace("http:", "https:")
            self.expect("target hook", "answer", "")
        with self.subTest("refused"):
            self.values["hook"] = self.hook.url
            self.hook.server.RequestHandlerClass.do_HEAD = lambda handler: (handler.send_response(401), handler.end_headers())
            self.expect("target hook", "rights", "HTTP 401")

    def test_clock_is_ten_minutes_off(self):
        # The database shares the machine's clock, and the nearest counts: without it only the web service is asked.
        self.hook.ahead = 600
        self.values["port"] = free_port()
        code, steps = self.examine()
        failed = {(entry["dependency"], entry["step"]): entry for entry in steps if entry["state"] == "failed"}
        self.assertEqual(set(failed), {("target history", "connect"), ("clock", "time")})
        self.assertRegex(failed["clock", "time"]["detail"], r"this machine is (599|600)\.\d s behind the webhook's url")

    def test_files_and_machine(self):
        with self.subTest("SQL does not compile"):
            (self.app / "program.sql").write_text("CREATE OR REPLACE STREAM;\n")
            self.expect("application shop", "SQL", "program.sql:1:")
            (self.app / "program.sql").write_text(SQL)
        with self.subTest("log folder missing"):
            shutil.rmtree(self.app / "logs")
            pattern = f"logs {self.app}/logs/*.log"
            self.expect(pattern, "read", "No such file")
            (self.app / "logs").mkdir()
        with self.subTest("address taken"):
            with contextlib.closing(socket.socket()) as other:
                other.bind(("127.0.0.1", 0))
                other.listen(1)
                listen, self.listen = self.listen, f"127.0.0.1:{other.getsockname()[1]}"
                self.expect("page and API", "listen", "another program listens")
                self.listen = listen
        with self.subTest("few descriptors"):
            self.expect("limits", "descriptors", "256 open files", prefix=("prlimit", "--nofile=256:256"))
        with self.subTest("data folder is a file"):
            (self.folder / "data").write_text("")
            self.expect("data folder", "write", "is no folder")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody else")
    def test_rights(self):
        nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        data = self.folder / "data"
        data.mkdir()
        os.chown(data, 65534, 65534)
        self.app.chmod(0o755)
        with self.subTest("log unreadable"):
            log = self.app / "logs" / "orders.log"
            log.chmod(0o600)
            self.expect(f"logs {self.app}/logs/*.log", "read", "Permission denied", prefix=nobody)
            log.chmod(0o644)
        with self.subTest("data folder of somebody else"):
            os.chown(data, 0, 0)
            data.chmod(0o755)
            self.expect("data folder", "write", "Permission denied", prefix=nobody)


if __name__ == "__main__":
    unittest.main()
