"""C2-9: kill -9 of the server at random moments of a flood. TAILRACE_KILL_SEEDS sets how many floods (5)."""

import datetime
import json
import os
import random
import subprocess
import threading
import time
import unittest

from flood import history_rows, scale, with_webhook
from harness import PROGRAM, ROOT, HttpSink, Server, TestCase, run, wait_until


def milliseconds(arrival):
    """The API gives numbers, the verb texts such as 2018-11-01T01:00:00.000Z."""
    if isinstance(arrival, int):
        return arrival
    return round(datetime.datetime.fromisoformat(arrival.replace("Z", "+00:00")).timestamp() * 1000)


SEEDS = int(os.environ.get("TAILRACE_KILL_SEEDS", "5"))
AT_ONCE = 5


class Killed(TestCase):
    """Afterwards everything is as if nothing had happened."""

    DIVISOR = 10  # The flood of 150 s at 10 orders a second, at ten times the speed.
    ORDERS = 1500

    def in_parallel(self, one_flood):
        results = {}

        def hold(seed):
            try:
                results[seed] = one_flood(seed)
            except BaseException as error:  # Handed to the test's own thread.
                results[seed] = error

        seeds = list(range(1, SEEDS + 1))
        while seeds:
            round_seeds, seeds = seeds[:AT_ONCE], seeds[AT_ONCE:]
            threads = [threading.Thread(target=hold, args=(seed,)) for seed in round_seeds]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        for seed, result in sorted(results.items()):
            if isinstance(result, BaseException):
                raise AssertionError(f"seed {seed}: {result}") from result
        return results

    def example(self, seed, sink):
        folder = self.folder / f"seed-{seed}"
        folder.mkdir()
        example = folder / "order-flood"
        subprocess.run(["cp", "-r", ROOT / "examples" / "order-flood", example], check=True)
        with_webhook(example, sink.url)
        (example / "logs").mkdir()
        return folder, example

    @staticmethod
    def kill_at(server, moments):
        start = time.monotonic()
        for moment in moments:
            while time.monotonic() - start < moment:
                time.sleep(0.005)
            server.kill()
            server.start(wait=False)

    @staticmethod
    def wait_for_everything(server, seed, orders):
        wait_until(lambda: server.ready(), f"seed {seed}: the server", 60)
        wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") >= orders, f"seed {seed}: all orders", 120)
        wait_until(lambda: server.application()["deliveries"]["pending"] == 0, f"seed {seed}: the outbox", 60)

    @staticmethod
    def items_and_letters(server):
        items = run("table", "scan", "WebsiteOrders", "--limit", 1_000_000, "--server", server.url).splitlines()
        return len(items) + server.application()["dead_letters"]

    def one_flood(self, seed):
        rng = random.Random(seed)
        sink = HttpSink()
        folder, example = self.example(seed, sink)
        scale(example, self.DIVISOR)
        server = Server(folder, example).start()
        seconds = self.ORDERS / 10 / self.DIVISOR
        writer = subprocess.Popen([PROGRAM, "generate", "orders", "--folder", example / "logs", "--rate",
                                   str(10 * self.DIVISOR), "--for", f"{seconds:g}s"], stdout=subprocess.DEVNULL)
        try:
            self.kill_at(server, sorted(rng.uniform(0.2, seconds) for _ in range(3)))
            self.assertEqual(writer.wait(120), 0)
            self.wait_for_everything(server, seed, self.ORDERS)
            stream = server.get("/api/streams/mywebsiteorder")["shards"][0]
            records = [json.loads(line) for line in
                       run("stream", "get", "mywebsiteorder", "--limit", 10_000, "--json", "--server",
                           server.url).splitlines()]
            numbers = [json.loads(record["data"])["InvoiceNo"] for record in records]
            return {
                "expected": self.expected([milliseconds(record["arrival"]) for record in records]),
                "records": stream["next"],
                "source rows": server.rows("SOURCE_SQL_STREAM_001"),
                "alarm rows": server.rows("ALARM_STREAM"),
                "trigger rows": server.rows("TRIGGER_COUNT_STREAM"),
                "messages": len(sink.taken()),
                "history rows": len(history_rows(server)),
                "items and dead letters": self.items_and_letters(server),
                "orders": numbers,
            }
        finally:
            writer.kill()
            writer.wait()
            server.stop()
            sink.stop()

    def expected(self, arrivals):
        """Rows and messages by plain counts over the arrivals: a busy machine and kills stretch the flood."""
        window, interval = 15_000 // self.DIVISOR, 60_000 // self.DIVISOR
        first, rows, messages, last = 0, 0, 0, None
        for position, arrival in enumerate(arrivals):
            while arrivals[first] < arrival - window:
                first += 1
            if position - first + 1 < 30:
                continue
            rows += 1
            if last is None or arrival - last >= interval:
                messages += 1
                last = arrival
        return {"alarm rows": rows, "trigger rows": rows, "messages": messages, "history rows": messages}

    def test_c2_9_kill_at_random_moments(self):
        expected_lines = run("generate", "orders", "--count", self.ORDERS).split("\n")[:-1]
        numbers = [line.split(",")[0] for line in expected_lines]
        items = None
        for seed, result in sorted(self.in_parallel(self.one_flood).items()):
            with self.subTest(seed=seed):
                self.assertEqual(result.pop("orders"), numbers)  # Each once, in order.
                items = items or result["items and dead letters"]
                expected = result.pop("expected")
                self.assertGreaterEqual(expected["messages"], 2)  # Else nothing was held back.
                self.assertEqual(result, {"records": self.ORDERS, "source rows": self.ORDERS, **expected,
                                          "items and dead letters": items})


class KilledAtFullSpeed(Killed):
    """The same with a log that is there at once, and kills while the server reads it as fast as it can."""

    ORDERS = 20_000

    def one_flood(self, seed):
        rng = random.Random(seed)
        sink = HttpSink()
        folder, example = self.example(seed, sink)
        log = example / "logs" / "orders.log"
        log.write_text(run("generate", "orders", "--count", self.ORDERS))
        server = Server(folder, example).start(wait=False)
        try:
            self.kill_at(server, sorted(rng.uniform(0.05, 1.5) for _ in range(3)))
            self.wait_for_everything(server, seed, self.ORDERS)
            return {
                "records": server.get("/api/streams/mywebsiteorder")["shards"][0]["next"],
                "source rows": server.rows("SOURCE_SQL_STREAM_001"),
                "count rows": server.rows("ORDER_COUNT_STREAM"),
                "history rows are messages": len(history_rows(server)) == len(sink.taken()),
                "items and dead letters": self.items_and_letters(server),
            }
        finally:
            server.stop()
            sink.stop()

    def test_c2_9_kill_at_random_moments(self):
        items = None
        for seed, result in sorted(self.in_parallel(self.one_flood).items()):
            with self.subTest(seed=seed):
                items = items or result["items and dead letters"]
                self.assertEqual(result, {"records": self.ORDERS, "source rows": self.ORDERS,
                                          "count rows": self.ORDERS, "history rows are messages": True,
                                          "items and dead letters": items})


if __name__ == "__main__":
    unittest.main()
