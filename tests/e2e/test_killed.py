"""C2-9: kill -9 of the server at random moments of a flood, twenty seeds."""

import json
import random
import subprocess
import threading
import time
import unittest

from flood import history_rows, scale, with_webhook
from harness import PROGRAM, ROOT, HttpSink, Server, TestCase, run, wait_until


class Killed(TestCase):
    """kill -9 at random moments of a flood: afterwards everything is as if nothing had happened."""

    DIVISOR = 5  # The flood of 180 s at 10 orders a second, at five times the speed.

    def flood_with_kills(self, seed, results):
        try:
            results[seed] = self.one_flood(seed)
        except BaseException as error:  # Handed to the test's own thread.
            results[seed] = error

    def one_flood(self, seed):
        rng = random.Random(seed)
        folder = self.folder / f"seed-{seed}"
        folder.mkdir()
        sink = HttpSink()
        example = folder / "order-flood"
        subprocess.run(["cp", "-r", ROOT / "examples" / "order-flood", example], check=True)
        with_webhook(example, sink.url)
        scale(example, self.DIVISOR)
        (example / "logs").mkdir()
        server = Server(folder, example).start()
        seconds = 180 / self.DIVISOR
        writer = subprocess.Popen([PROGRAM, "generate", "orders", "--folder", example / "logs", "--rate",
                                   str(10 * self.DIVISOR), "--for", f"{seconds:g}s"], stdout=subprocess.DEVNULL)
        try:
            kills = sorted(rng.uniform(0.2, seconds) for _ in range(3))
            start = time.monotonic()
            for moment in kills:
                while time.monotonic() - start < moment:
                    time.sleep(0.005)
                server.kill()
                server.start(wait=False)
            self.assertEqual(writer.wait(120), 0)
            wait_until(lambda: server.ready(), f"seed {seed}: the server", 60)
            wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") >= 1800, f"seed {seed}: all orders", 60)
            wait_until(lambda: server.application()["deliveries"]["pending"] == 0, f"seed {seed}: the outbox", 60)
            stream = server.get("/api/streams/mywebsiteorder")["shards"][0]
            numbers = [json.loads(line)["InvoiceNo"] for line in
                       run("stream", "get", "mywebsiteorder", "--limit", 10_000, "--server", server.url).splitlines()]
            return {
                "records": stream["next"],
                "source rows": server.rows("SOURCE_SQL_STREAM_001"),
                "alarm rows": server.rows("ALARM_STREAM"),
                "trigger rows": server.rows("TRIGGER_COUNT_STREAM"),
                "messages": len(sink.taken()),
                "history rows": len(history_rows(server)),
                "items and dead letters": len(run("table", "scan", "WebsiteOrders", "--limit", 10_000, "--server",
                                                  server.url).splitlines()) + server.application()["dead_letters"],
                "orders": numbers,
            }
        finally:
            writer.kill()
            writer.wait()
            server.stop()
            sink.stop()

    def test_c2_9_kill_at_random_moments_twenty_seeds(self):
        expected_lines = run("generate", "orders", "--count", 1800).split("\n")[:-1]
        numbers = [line.split(",")[0] for line in expected_lines]
        results = {}
        seeds = list(range(1, 21))
        while seeds:
            round_seeds, seeds = seeds[:5], seeds[5:]
            threads = [threading.Thread(target=self.flood_with_kills, args=(seed, results)) for seed in round_seeds]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        items = None
        for seed, result in sorted(results.items()):
            if isinstance(result, BaseException):
                raise AssertionError(f"seed {seed}: {result}") from result
            with self.subTest(seed=seed):
                self.assertEqual(result.pop("orders"), numbers)  # Each once, in order.
                items = items or result["items and dead letters"]
                self.assertEqual(result, {"records": 1800, "source rows": 1800, "alarm rows": 1771,
                                          "trigger rows": 1771, "messages": 3, "history rows": 3,
                                          "items and dead letters": items})


if __name__ == "__main__":
    unittest.main()
