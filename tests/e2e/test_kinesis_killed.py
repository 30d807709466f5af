"""kill -9 of the server under four writers of the Kinesis API: every acknowledged record is read back once, in order.

TAILRACE_SEEDS=20 runs twenty seeds instead of the few that CI runs.
"""

import http.client
import os
import random
import threading
import time
import unittest

from harness import TestCase, Server, wait_until
from kinesis_api import ApiError, Kinesis

WRITERS = 4
SHARDS = 3
KILLS = 3


class Writer(threading.Thread):
    """Puts batches of new records until told to stop. What was not acknowledged is never sent again: it may be there."""

    def __init__(self, number, url, seed):
        super().__init__(daemon=True)
        self.name_of_records = f"w{number}"
        self.url = url
        self.rng = random.Random(seed * 100 + number)
        self.stopping = False
        self.acknowledged = {}  # Name to (shard, sequence number).
        self.put = set()

    def run(self):
        kinesis = Kinesis(self.url)
        number = 0
        while not self.stopping:
            batch = []
            for _ in range(self.rng.randrange(1, 25)):
                number += 1
                name = f"{self.name_of_records}-{number:06}"
                batch.append((f"key-{self.rng.randrange(100)}", name.encode() + b" " * self.rng.randrange(300)))
                self.put.add(name)
            try:
                for (_, data), answer in zip(batch, kinesis.put("log", batch), strict=True):
                    if "SequenceNumber" in answer:
                        self.acknowledged[data.decode().strip()] = (answer["ShardId"], answer["SequenceNumber"])
            except (OSError, http.client.HTTPException, ApiError):
                kinesis.close()  # Killed under the call.
                time.sleep(0.01)  # As a client backs off.
        kinesis.close()


class KinesisKilled(TestCase):
    def one(self, seed):
        folder = self.folder / f"seed-{seed}"
        folder.mkdir()
        rng = random.Random(seed)
        server = Server(folder, self.application, options=["--no-agent"])
        self.addCleanup(server.stop)
        server.start()
        kinesis = Kinesis(server.url)
        self.addCleanup(kinesis.close)
        kinesis.create("log", SHARDS)
        writers = [Writer(number, server.url, seed) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        for _ in range(KILLS):
            begun = sum(len(writer.acknowledged) for writer in writers)
            wait_until(lambda: sum(len(writer.acknowledged) for writer in writers) > begun, f"seed {seed}: progress", 30)
            time.sleep(rng.uniform(0, 0.5))
            server.kill()
            server.start()
        begun = sum(len(writer.acknowledged) for writer in writers)
        wait_until(lambda: sum(len(writer.acknowledged) for writer in writers) > begun + 100, f"seed {seed}: progress", 30)
        for writer in writers:
            writer.stopping = True
        for writer in writers:
            writer.join(30)

        kinesis.close()  # It led to a server that was killed.
        read = {}
        for shard in kinesis.shards("log"):
            last = {}
            before = -1
            for record in kinesis.read_shard("log", shard["ShardId"]):
                name = record["Data"].decode().strip()
                self.assertNotIn(name, read, f"seed {seed}: read twice")
                read[name] = (shard["ShardId"], record["SequenceNumber"])
                self.assertGreater(int(record["SequenceNumber"]), before, f"seed {seed}: sequence numbers")
                before = int(record["SequenceNumber"])
                writer = name.split("-")[0]
                self.assertGreater(name, last.get(writer, ""), f"seed {seed}: order within a writer")
                last[writer] = name
        acknowledged = {name: place for writer in writers for name, place in writer.acknowledged.items()}
        put = set().union(*(writer.put for writer in writers))
        self.assertEqual({name: read.get(name) for name in acknowledged}, acknowledged, f"seed {seed}")
        self.assertEqual(set(read) - put, set(), f"seed {seed}: records that nobody put")
        server.stop()
        return len(acknowledged), len(read) - len(acknowledged)

    def test_every_acknowledged_record_is_read_back_once_in_order(self):
        self.application = self.example("access-log")
        for seed in range(1, int(os.environ.get("TAILRACE_SEEDS", "3")) + 1):
            acknowledged, more = self.one(seed)
            print(f"seed {seed}: {acknowledged} acknowledged records, {more} others", flush=True)
            self.assertGreater(acknowledged, 100)


if __name__ == "__main__":
    unittest.main()
