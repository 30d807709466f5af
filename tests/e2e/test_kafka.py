"""Kafka topics as streams and as outputs, against a real broker: exactly once through outages and kills of both sides.

The expected records are what the test's own producer wrote; they are read back with another client (confluent-kafka) that
sees only committed transactions."""

import collections
import json
import random
import threading
import unittest

from harness import Support, TestCase, wait_until

try:
    import confluent_kafka
    from confluent_kafka import admin
except ImportError:
    confluent_kafka = None

APPLICATION = """
streams:
  clicks:
    shards: 2
    kafka: {{brokers: "127.0.0.1:{port}", topic: {topic}{source}}}
inputs:
  CLICKS:
    stream: clicks
    columns:
      - {{name: n, type: INTEGER, path: $.n}}
      - {{name: who, type: VARCHAR(16), path: $.who}}
sql: program.sql
outputs:
  - {{from: OUT, file: out.ndjson}}
{outputs}
"""
PROGRAM = """
CREATE OR REPLACE STREAM "OUT" ("n" INTEGER, "who" VARCHAR(16));
CREATE OR REPLACE PUMP "P" AS INSERT INTO "OUT" SELECT STREAM "n", "who" FROM "CLICKS_001";
"""


class Module:
    """Lets the broker serve all tests of this file."""

    addCleanup = staticmethod(unittest.addModuleCleanup)
    broker = None
    topics = 0


def setUpModule():
    if confluent_kafka is None:
        raise unittest.SkipTest("python3-confluent-kafka is not installed")
    Module.broker = Support(Module, "kafka_broker.py")


class KafkaTest(TestCase):
    def setUp(self):
        super().setUp()
        self.broker = Module.broker
        self.address = f"127.0.0.1:{self.broker.port}"
        self.admin = admin.AdminClient({"bootstrap.servers": self.address})

    def make_topic(self, partitions=1, create=True, **config):
        Module.topics += 1
        name = f"topic-{Module.topics}"
        if create:
            self.create(name, partitions, **config)
        return name

    def create(self, name, partitions=1, **config):
        for future in self.admin.create_topics([admin.NewTopic(name, partitions, 1, config=config)]).values():
            future.result(30)

    def producer(self, **settings):
        return confluent_kafka.Producer({"bootstrap.servers": self.address, "linger.ms": 0, **settings})

    def send(self, topic, records, producer=None):
        """Records are (partition, key, value)."""
        own = self.producer() if producer is None else producer  # An idle one is false.
        for partition, key, value in records:
            own.produce(topic, value, key, partition)
        if producer is None:
            own.flush(30)

    def application(self, topic, source="", outputs=""):
        folder = self.folder / "app"
        folder.mkdir(exist_ok=True)
        port = self.broker.port
        (folder / "tailrace.yaml").write_text(APPLICATION.format(port=port, topic=topic, source=source, outputs=outputs))
        (folder / "program.sql").write_text(PROGRAM)
        return folder

    def source(self, server):
        return server.get("/api/streams/clicks")["source"]

    def records(self, server):
        """All records of the stream: (partition key, data)."""
        found = []
        for shard in (0, 1):
            answer = server.get("/api/streams/clicks/records", shard=shard, limit=10_000)
            found += [(record["key"], record["data"]) for record in answer["records"]]
        return found

    def count(self, server):
        return server.get("/api/streams/clicks")["records"]

    def caught_up(self, server, count):
        def complete():
            source = self.source(server)
            return source["state"] == "caught up" and source["lag"] == 0 and self.count(server) >= count
        try:
            wait_until(complete, f"{count} records")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.count(server)} are there: {self.source(server)}")


def click(n, who="ann"):
    return json.dumps({"n": n, "who": who}).encode()


class Source(KafkaTest):
    def test_reads_every_partition_and_those_that_come_later(self):
        topic = self.make_topic(3)
        self.send(topic, [(n % 3, f"user-{n}" if n % 2 else None, click(n)) for n in range(300)])
        server = self.serve(self.application(topic))
        self.caught_up(server, 300)
        records = self.records(server)
        self.assertEqual(sorted(json.loads(data)["n"] for _, data in records), list(range(300)))
        for key, data in records:
            n = json.loads(data)["n"]
            self.assertEqual(key, f"user-{n}" if n % 2 else str(n % 3))
        for partition in range(3):
            order = [n for n in (json.loads(data)["n"] for _, data in records) if n % 3 == partition]
            self.assertEqual(order, sorted(order))
        # Spread over the shards: partition 1 begins the upper half of the ring.
        self.assertTrue(all(shard["next"] > 0 for shard in server.get("/api/streams/clicks")["shards"]))
        wait_until(lambda: server.rows("OUT") == 300, "all rows")

        list(self.admin.create_partitions([admin.NewPartitions(topic, 4)]).values())[0].result(30)
        self.send(topic, [(3, None, click(n)) for n in range(300, 310)])
        self.caught_up(server, 310)
        self.assertEqual([p["id"] for p in self.source(server)["partitions"]], [0, 1, 2, 3])

    def test_waits_for_a_topic_and_tells_it(self):
        topic = self.make_topic(create=False)
        server = self.serve(self.application(topic))
        wait_until(lambda: self.source(server)["error"] == f"the cluster has no topic {topic}", "the error")
        self.assertEqual(self.source(server)["state"], "waiting")
        self.create(topic)
        self.send(topic, [(0, None, click(1))])
        self.caught_up(server, 1)

    def test_sees_only_committed_transactions(self):
        topic = self.make_topic()
        producer = self.producer(**{"transactional.id": "test-source"})
        producer.init_transactions(30)
        for round in range(6):
            producer.begin_transaction()
            self.send(topic, [(0, None, click(round * 10 + i)) for i in range(10)], producer)
            producer.flush(30)
            (producer.abort_transaction if round % 2 else producer.commit_transaction)(30)
        server = self.serve(self.application(topic))
        committed = [round * 10 + i for round in (0, 2, 4) for i in range(10)]
        self.caught_up(server, len(committed))
        self.assertEqual([json.loads(data)["n"] for _, data in self.records(server)], committed)
        # The markers of the end do not count as lag, and a restart reads nothing again.
        server.stop()
        server.start()
        self.caught_up(server, len(committed))
        self.assertEqual(len(self.records(server)), len(committed))

    def test_begins_with_the_latest_and_stays_with_that_beginning(self):
        topic = self.make_topic()
        self.send(topic, [(0, None, click(n)) for n in range(5)])
        server = self.serve(self.application(topic, source=", start: latest, group: shown"))
        self.caught_up(server, 0)
        server.kill()
        # Written while the program is away, before the stream has any record.
        self.send(topic, [(0, None, click(n)) for n in range(5, 8)])
        server.start()
        self.caught_up(server, 3)
        self.assertEqual([json.loads(data)["n"] for _, data in self.records(server)], [5, 6, 7])
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.address, "group.id": "shown"})
        place = confluent_kafka.TopicPartition(topic, 0)
        wait_until(lambda: consumer.committed([place], timeout=10)[0].offset == 8, "the group's position")
        consumer.close()

    def test_tells_that_the_topic_is_another_one(self):
        topic = self.make_topic()
        self.send(topic, [(0, None, click(n)) for n in range(20)])
        server = self.serve(self.application(topic))
        self.caught_up(server, 20)
        server.stop()
        list(self.admin.delete_topics([topic]).values())[0].result(30)
        wait_until(lambda: topic not in self.admin.list_topics(timeout=10).topics, "the topic to be gone")
        self.create(topic)
        self.send(topic, [(0, None, click(100))])
        server.start()
        wait_until(lambda: "raise 'incarnation'" in self.source(server)["error"], "the error")
        self.assertEqual(self.source(server)["state"], "waiting")
        server.stop()
        self.application(topic, source=", incarnation: 2")
        server.start()
        self.caught_up(server, 21)


class Outages(KafkaTest):
    def test_takes_each_record_once_whoever_dies(self):
        rng = random.Random(7)
        topic = self.make_topic(2)
        server = self.serve(self.application(topic))
        total = 4_000
        transactional = self.producer(**{"transactional.id": "test-outages"})
        transactional.init_transactions(30)
        aborted = []
        written = threading.Event()

        def write():
            for begin in range(0, total, 50):
                transactional.begin_transaction()
                give_up = begin % 350 == 0
                for n in range(begin, begin + 50):
                    transactional.produce(topic, click(n), None, n % 2)
                transactional.flush(60)
                if give_up:
                    aborted.extend(range(begin, begin + 50))
                    transactional.abort_transaction(60)
                else:
                    transactional.commit_transaction(60)
            written.set()

        writer = threading.Thread(target=write)
        writer.start()
        for kill in range(5):
            goal = self.count(server) + rng.randrange(50, 400)
            wait_until(lambda: self.count(server) >= goal or written.is_set(), "records before the kill", 60)
            server.kill()
            server.start()
        self.assertEqual(self.broker.command("kill"), "stopped")
        wait_until(lambda: self.source(server)["state"] == "waiting", "the source to tell of the outage")
        self.assertIn("127.0.0.1", self.source(server)["error"])
        self.assertEqual(self.broker.command("start"), f"ready {self.broker.port}")
        writer.join(60)
        self.assertTrue(written.is_set())
        expected = sorted(set(range(total)) - set(aborted))
        self.caught_up(server, len(expected))
        numbers = [json.loads(data)["n"] for _, data in self.records(server)]
        self.assertEqual(sorted(numbers), expected)
        for partition in (0, 1):
            order = [n for n in numbers if n % 2 == partition]
            self.assertEqual(order, sorted(order))
        wait_until(lambda: server.rows("OUT") == len(expected), "all rows")
        server.stop()
        lines = (self.folder / "data" / "apps" / "app" / "out.ndjson").read_text().splitlines()
        rows = [json.loads(line)["n"] for line in lines]
        self.assertEqual(collections.Counter(rows), collections.Counter(expected))


if __name__ == "__main__":
    unittest.main()
