#!/usr/bin/python3
"""An HTTP server for tests. Prints "ready PORT", then one JSON line a request. Ends when its input ends.

GET /requests answers the number of requests so far. Paths steer the answer:
  /status/NNN        that status            /size/N    N bytes of body
  /slow/SECONDS      answers late           /fail/N    503 for the first N requests, then 200
A port given as argument is used, else a free one."""

import http.server
import json
import sys
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    failures = 0
    lock = threading.Lock()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = self.path.split("?")[0].strip("/").split("/")
        record = {
            "method": self.command,
            "path": self.path,
            "peer_port": self.client_address[1],
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode("utf-8", "replace"),
        }
        with Handler.lock:
            print(json.dumps(record), flush=True)
        status, reply = 200, b"ok"
        if parts[0] == "status":
            status = int(parts[1])
        elif parts[0] == "size":
            reply = b"x" * int(parts[1])
        elif parts[0] == "slow":
            time.sleep(float(parts[1]))
        elif parts[0] == "fail":
            with Handler.lock:
                Handler.failures += 1
                status = 503 if Handler.failures <= int(parts[1]) else 200
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(reply)))
            self.send_header("X-Answer", "yes")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply)
        except OSError:
            pass

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def log_message(self, *_arguments) -> None:
        pass


def main() -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"ready {server.server_address[1]}", flush=True)
    sys.stdin.read()


main()
