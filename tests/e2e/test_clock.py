"""The machine's clock is set back and forth by minutes while the server runs, and while it is dead."""

import pathlib
import subprocess
import time
import unittest

from harness import PROGRAM, ROOT, Process, Server, TestCase, run, wait_until

LIBRARIES = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class JumpingServer(Server):
    """A server whose wall clock is the machine's plus what stands in a file."""

    def __init__(self, folder, *applications):
        super().__init__(folder, *applications)
        self.offset = self.folder / "offset"
        self.environment = {"LD_PRELOAD": " ".join([*self.sanitizer_runtime(), str(LIBRARIES[0])]),
                            "FAKETIME_TIMESTAMP_FILE": str(self.offset), "FAKETIME_NO_CACHE": "1",
                            "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}

    @staticmethod
    def sanitizer_runtime():
        """The library of AddressSanitizer has to come first where the program was built with it."""
        linked = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout
        return [line.split()[2] for line in linked.splitlines() if "libasan" in line]

    def set_clock(self, seconds):
        self.offset.with_suffix(".new").write_text(f"{seconds:+d}\n")
        self.offset.with_suffix(".new").rename(self.offset)

    def start(self, wait=True):
        self.process = Process(["env", *(f"{name}={value}" for name, value in self.environment.items()),
                                *self.words()], self.folder / "server.log")
        if wait:
            wait_until(self.ready, "the server to be ready")
        return self


@unittest.skipUnless(LIBRARIES, "the package faketime is not installed")
class Clock(TestCase):
    def test_orders_go_on_whatever_the_clock_does(self):
        example = self.folder / "order-flood"
        subprocess.run(["cp", "-r", ROOT / "examples" / "order-flood", example], check=True)
        (example / "logs").mkdir()
        lines = run("generate", "orders", "--count", 700).splitlines(keepends=True)
        server = JumpingServer(self.folder, example)
        server.set_clock(0)
        server.start()
        written = 0
        try:
            for jump, killed in [(0, False), (-600, False), (300, False), (1200, False), (-300, True), (0, True),
                                 (-900, False)]:
                if killed:
                    server.kill()
                server.set_clock(jump)
                if killed:
                    server.start()
                with open(example / "logs" / "orders.log", "a") as log:
                    log.writelines(lines[written:written + 100])
                written += 100
                started = time.monotonic()
                # Not after minutes: at once, whatever the clock says.
                wait_until(lambda: server.rows("ORDER_COUNT_STREAM") == written, f"the orders after {jump} s", 15)
                self.assertLess(time.monotonic() - started, 15)
                self.assertEqual(server.application()["state"], "running")
            self.assertGreater(server.get("/api/status")["clock_ahead_ms"], 0)
            self.assertEqual(server.get("/api/streams/mywebsiteorder")["shards"][0]["next"], written)
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main()
