"""What the end-to-end tests share: the real program and real servers on free loopback ports, stopped by their own ids.

Nothing here sleeps to wait: wait_until polls until a condition holds, and fails loudly when it does not.
"""

import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ.get("TAILRACE_PROGRAM", ROOT / "build" / "release" / "tailrace"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=20):
    """Polls until condition() is true; gives its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.01)


def run(*words, input=None, check=True):
    """Runs the program to its end and gives its standard output."""
    done = subprocess.run([PROGRAM, *map(str, words)], input=input, capture_output=True, text=True, timeout=120)
    if check and done.returncode != 0:
        raise AssertionError(f"tailrace {' '.join(map(str, words))} exited {done.returncode}: {done.stderr}")
    return done.stdout if check else done


class Process:
    """A child that is stopped by its own id, whatever happens."""

    def __init__(self, words, log, **options):
        self.log = log
        with open(log, "ab") as output:
            self.child = subprocess.Popen([str(word) for word in words], stdout=output, stderr=output, **options)

    def stop(self, seconds=15):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        if "Sanitizer: " in self.output():  # Of a leak it says only now.
            raise AssertionError(f"a sanitizer has something to say: {self.output()[-8000:]}")
        return self.child.returncode

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def output(self):
        return pathlib.Path(self.log).read_text(errors="replace")


class Server:
    """A running tailrace over applications and one data folder; may be killed and started again."""

    def __init__(self, folder, *applications, options=()):
        self.folder = pathlib.Path(folder)
        self.applications = applications
        self.options = options
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def words(self):
        return [PROGRAM, "run", *self.applications, "--data", self.folder / "data", "--listen",
                f"127.0.0.1:{self.port}", "--log", "text", *self.options]

    def start(self, wait=True):
        self.process = Process(self.words(), self.folder / "server.log")
        if wait:
            wait_until(self.ready, "the server to be ready")
        return self

    def ready(self):
        if self.process.child.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.child.returncode}: {self.process.output()}")
        try:
            with urllib.request.urlopen(self.url + "/readyz", timeout=5) as response:
                return response.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def get(self, path, **query):
        text = urllib.parse.urlencode(query)
        with urllib.request.urlopen(self.url + path + ("?" + text if text else ""), timeout=30) as response:
            return json.load(response)

    def post(self, path, body=None):
        data = json.dumps(body if body is not None else {}).encode()
        request = urllib.request.Request(self.url + path, data=data, headers={"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def application(self, index=0):
        return self.get("/api/status")["apps"][index]

    def rows(self, stream, application=0):
        """How many rows the in-application stream has had."""
        for entry in self.application(application)["streams"]:
            if entry["name"] == stream:
                return entry["rows"]
        raise AssertionError(f"no stream {stream}")

    def kill(self):
        self.process.kill()

    def stop(self):
        return self.process.stop() if self.process else None


class HttpSink:
    """An HTTP endpoint that keeps what it is sent. Set `status` to refuse."""

    def __init__(self):
        self.requests = []
        self.status = 200
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length).decode()
                sink.requests.append({"path": self.path, "headers": dict(self.headers.items()), "body": body,
                                      "answered": sink.status})
                self.send_response(sink.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def taken(self):
        """Messages that were answered with success, each idempotency key once."""
        seen = {}
        for request in self.requests:
            if request["answered"] == 200:
                seen.setdefault(request["headers"].get("Idempotency-Key"), json.loads(request["body"]))
        return list(seen.values())

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class TestCase(unittest.TestCase):
    """A test with a folder of its own; what it starts is stopped when it ends."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def example(self, name):
        """A copy of an example's folder."""
        copy = self.folder / name
        shutil.copytree(ROOT / "examples" / name, copy)
        return copy

    def serve(self, *applications, options=()):
        server = Server(self.folder, *applications, options=options)
        self.addCleanup(server.stop)
        return server.start()

    def sink(self):
        sink = HttpSink()
        self.addCleanup(sink.stop)
        return sink


class Support:
    """One of the server scripts under tests/support: prints "ready PORT", obeys lines on its input, ends with it."""

    def __init__(self, test, script, *words):
        self.child = subprocess.Popen(["/usr/bin/python3", ROOT / "tests" / "support" / script, *words],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.stop)
        line = self.child.stdout.readline().strip()
        if line.startswith("skip"):
            raise unittest.SkipTest(line)
        self.ports = [int(word) for word in line.split()[1:]]
        self.port = self.ports[0]

    def command(self, word):
        self.child.stdin.write(word + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()

    def stop(self):
        self.child.stdin.close()
        self.child.wait(30)
        self.child.stdout.close()


def order_csv(number, customer="17850", quantity="6", description="WHITE HANGING HEART", stock="85123A", price="2.55"):
    return f'{number},{stock},{description},{quantity},12/1/2010 8:26,{price},{customer},United Kingdom\r\n'


def write_lines(path, *lines):
    """Appends in one write, as a web server's log does."""
    with open(path, "ab") as file:
        file.write("".join(lines).encode() if not isinstance(lines[0], bytes) else b"".join(lines))
