"""Kafka topics as streams and as outputs, against a real broker: exactly once through outages and kills of both sides.

The expected records are what the test's own producer wrote; they are read back with another client (confluent-kafka) that
sees only committed transactions."""

import collections
import json
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import unittest

import harness
from harness import Support, TestCase

try:
    import confluent_kafka
    from confluent_kafka import admin
except ImportError:
    confluent_kafka = None



def wait_until(condition, what):
    """A broker on a busy machine takes its time to start and to elect."""
    return harness.wait_until(condition, what, 60)


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


def make_certificates(folder):
    """A certificate authority (ca.pem) and what it signed: server.pem, client.pem, each the key and the certificate."""
    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, cwd=folder)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", 2, "-subj", "/CN=authority")
    for name in ("server", "client"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
                "-addext", "subjectAltName=IP:127.0.0.1")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", 2,
                "-copy_extensions", "copy", "-out", f"{name}.crt")
        (folder / f"{name}.pem").write_text((folder / f"{name}.key").read_text() + (folder / f"{name}.crt").read_text())


class Module:
    """Lets the broker serve all tests of this file."""

    addCleanup = staticmethod(unittest.addModuleCleanup)
    broker = None
    topics = 0


def setUpModule():
    if confluent_kafka is None:
        raise unittest.SkipTest("python3-confluent-kafka is not installed")
    Module.certificates = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-kafka-"))
    unittest.addModuleCleanup(shutil.rmtree, Module.certificates)
    make_certificates(Module.certificates)
    Module.broker = Support(Module, "kafka_broker.py", Module.certificates)


class KafkaTest(TestCase):
    def setUp(self):
        super().setUp()
        self.broker = Module.broker
        self.broker_stopped = False
        self.address = f"127.0.0.1:{self.broker.port}"
        self.admin = admin.AdminClient({"bootstrap.servers": self.address})

    def stop_broker(self, how):
        """A test that fails before it starts the broker again takes it from no other."""
        self.assertEqual(self.broker.command(how), "stopped")
        self.broker_stopped = True
        self.addCleanup(self.start_broker)

    def start_broker(self):
        if self.broker_stopped:
            self.assertEqual(self.broker.command("start").split()[:2], ["ready", str(self.broker.port)])
            self.broker_stopped = False

    def make_topic(self, partitions=1, create=True, **config):
        Module.topics += 1
        name = f"topic-{Module.topics}"
        if create:
            self.create(name, partitions, **config)
        return name

    def create(self, name, partitions=1, **config):
        for future in self.admin.create_topics([admin.NewTopic(name, partitions, 1, config=config)]).values():
            future.result(240)

    def producer(self, **settings):
        # Idempotent: else what librdkafka sends again may overtake what was sent after it.
        return confluent_kafka.Producer({"bootstrap.servers": self.address, "linger.ms": 0, "message.timeout.ms": 240_000,
                                        "enable.idempotence": True, **settings})

    def send(self, topic, records, producer=None):
        """Records are (partition, key, value)."""
        own = self.producer() if producer is None else producer  # An idle one is false.
        for partition, key, value in records:
            own.produce(topic, value, key, partition)
        if producer is None:
            own.flush(240)

    def application(self, topic, source="", outputs="", port=None):
        folder = self.folder / "app"
        folder.mkdir(exist_ok=True)
        port = port or self.broker.port
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

        list(self.admin.create_partitions([admin.NewPartitions(topic, 4)]).values())[0].result(240)
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
        producer = self.producer(**{"transactional.id": "test-source", "transaction.timeout.ms": 240_000})
        producer.init_transactions(240)
        for round in range(6):
            producer.begin_transaction()
            self.send(topic, [(0, None, click(round * 10 + i)) for i in range(10)], producer)
            producer.flush(240)
            (producer.abort_transaction if round % 2 else producer.commit_transaction)(240)
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
        list(self.admin.delete_topics([topic]).values())[0].result(240)
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


class Security(KafkaTest):
    def test_reads_and_writes_with_logins_and_certificates(self):
        topic, by_login, by_certificate = self.make_topic(), self.make_topic(), self.make_topic()
        self.send(topic, [(0, None, click(n)) for n in range(20)])
        _, login, certificate = self.broker.ports
        pem = Module.certificates
        tls = f"tls: true, ca_file: {pem}/ca.pem"
        outputs = (f"  - {{from: OUT, kafka: {{brokers: '127.0.0.1:{login}', topic: {by_login}, {tls}, "
                   "login: scram-sha-512, user: tailrace, password: kafka-secret}}\n"
                   f"  - {{from: OUT, kafka: {{brokers: '127.0.0.1:{certificate}', topic: {by_certificate}, {tls}, "
                   f"certificate_file: {pem}/client.crt, key_file: {pem}/client.key}}}}")
        server = self.serve(self.application(topic, f", {tls}, login: plain, user: tailrace, password: kafka-secret",
                                             outputs, port=login))
        self.caught_up(server, 20)
        for out in (by_login, by_certificate):
            self.assertEqual(self.values(out, 20), list(range(20)))

    def values(self, topic, count):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.address, "group.id": "reader",
                                             "isolation.level": "read_committed", "enable.auto.commit": False})
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
        found = []

        def read():
            found.extend(json.loads(message.value())["n"] for message in consumer.consume(1000, 0.2) if not message.error())
            return len(found) >= count
        try:
            wait_until(read, f"{count} rows in {topic}")
        finally:
            consumer.close()
        return found

    def test_tells_what_is_wrong_with_login_and_certificate(self):
        topic = self.make_topic()
        _, login, certificate = self.broker.ports
        pem = Module.certificates
        tls = f", tls: true, ca_file: {pem}/ca.pem"
        for port, settings, words in (
                (login, f"{tls}, login: plain, user: tailrace, password: wrong", "uthentication fail"),
                (login, ", tls: true, login: plain, user: tailrace, password: kafka-secret", "certificate"),
                (certificate, tls, "certificate")):
            server = self.serve(self.application(topic, settings, port=port))
            wait_until(lambda: words in self.source(server)["error"], f"the error '{words}'")
            self.assertEqual(self.source(server)["state"], "waiting")
            self.assertNotIn("wrong", self.source(server)["error"])
            server.stop()


class Outages(KafkaTest):
    def test_takes_each_record_once_whoever_dies(self):
        rng = random.Random(7)
        topic = self.make_topic(2)
        server = self.serve(self.application(topic))
        total = 3_000
        transactional = self.producer(**{"transactional.id": "test-outages", "transaction.timeout.ms": 240_000})
        transactional.init_transactions(240)
        aborted = []
        written = threading.Event()

        def write():
            for begin in range(0, total, 50):
                transactional.begin_transaction()
                give_up = begin % 350 == 0
                for n in range(begin, begin + 50):
                    transactional.produce(topic, click(n), None, n % 2)
                transactional.flush(240)
                if give_up:
                    aborted.extend(range(begin, begin + 50))
                    transactional.abort_transaction(240)
                else:
                    transactional.commit_transaction(240)
            written.set()

        writer = threading.Thread(target=write)
        writer.start()
        for kill in range(3):
            goal = self.count(server) + rng.randrange(50, 400)
            wait_until(lambda: self.count(server) >= goal or written.is_set(), "records before the kill")
            server.kill()
            server.start()
        self.stop_broker("kill")

        def told():
            source = self.source(server)
            return source["state"] == "waiting" and self.address in source["error"]
        try:
            wait_until(told, "the source to tell of the outage")
        except AssertionError as error:
            raise AssertionError(f"{error}; it tells {self.source(server)}")
        self.start_broker()
        writer.join(240)
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


class Sink(KafkaTest):
    def output(self, topic, more=""):
        return f'  - {{from: OUT, kafka: {{brokers: "{self.address}", topic: {topic}, key: who{more}}}}}'

    def rows(self, topic, count=None, partitions=1):
        """What a reader of committed records finds: (key, row), per partition in order."""
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.address, "group.id": "reader",
                                             "isolation.level": "read_committed", "enable.auto.commit": False,
                                             "enable.partition.eof": True})
        consumer.assign([confluent_kafka.TopicPartition(topic, p, 0) for p in range(partitions)])
        found, ended = [], set()

        def read():
            for message in consumer.consume(1000, 0.2):
                if message.error():
                    ended.add(message.partition())
                else:
                    ended.discard(message.partition())
                    found.append((message.key().decode(), json.loads(message.value())))
            return len(ended) == partitions and (count is None or len(found) >= count)
        try:
            wait_until(read, f"{count} rows in {topic}")
        except AssertionError as error:
            raise AssertionError(f"{error}; {len(found)} are there")
        finally:
            consumer.close()
        return found

    def test_sends_rows_with_keys(self):
        topic, out = self.make_topic(), self.make_topic(3)
        self.send(topic, [(0, None, click(n, f"user-{n % 7}")) for n in range(100)])
        server = self.serve(self.application(topic, outputs=self.output(out)))
        rows = self.rows(out, 100, partitions=3)
        self.assertEqual(sorted(row["n"] for _, row in rows), list(range(100)))
        self.assertTrue(all(key == row["who"] for key, row in rows))
        for who in range(7):
            order = [row["n"] for _, row in rows if row["who"] == f"user-{who}"]
            self.assertEqual(order, sorted(order))
        wait_until(lambda: server.application()["outputs"][1]["waiting_rows"] == 0, "nothing to wait")

    def test_waits_for_the_cluster_without_holding_back_others(self):
        topic, out = self.make_topic(), self.make_topic(create=False)
        self.send(topic, [(0, None, click(n)) for n in range(10)])
        server = self.serve(self.application(topic, outputs=self.output(out)))
        wait_until(lambda: "no topic" in server.application()["outputs"][1]["error"], "the error")
        wait_until(lambda: server.application()["outputs"][1]["waiting_rows"] == 10, "the rows to wait")
        wait_until(lambda: server.application()["checkpoints"] > 1, "a checkpoint meanwhile")
        self.assertEqual(server.application()["outputs"][0]["rows"], 10)
        self.create(out)
        self.assertEqual([row["n"] for _, row in self.rows(out, 10)], list(range(10)))

    def test_keeps_rows_that_the_brokers_refuse(self):
        topic, out = self.make_topic(), self.make_topic(**{"max.message.bytes": "200"})
        self.send(topic, [(0, None, click(n, "short" if n != 5 else "x" * 16)) for n in range(10)])
        folder = self.application(topic, outputs=self.output(out))
        # A wide row: 5 is repeated often enough to be too large.
        sql = folder / "program.sql"
        sql.write_text(sql.read_text().replace('"who" VARCHAR(16));', '"who" VARCHAR(16), "wide" VARCHAR(400));').replace(
            '"n", "who" FROM', '"n", "who", CASE WHEN "n" = 5 THEN "who" || \'' + "w" * 300 + '\' ELSE \'-\' END FROM'))
        server = self.serve(folder)
        rows = self.rows(out, 9)
        self.assertEqual([row["n"] for _, row in rows], [0, 1, 2, 3, 4, 6, 7, 8, 9])
        letters = server.get("/api/apps/app/dead-letters")["letters"]
        self.assertEqual([(letter["ordinal"], letter["reason"]) for letter in letters],
                         [(6, "Kafka: Broker: Message size too large")])

    def test_sends_at_least_once_without_transactions(self):
        topic, out = self.make_topic(), self.make_topic()
        self.send(topic, [(0, None, click(n)) for n in range(50)])
        server = self.serve(self.application(topic, outputs=self.output(out, ", exactly_once: false")))
        self.assertEqual([row["n"] for _, row in self.rows(out, 50)], list(range(50)))
        server.stop()
        server.start()
        self.send(topic, [(0, None, click(50))])
        self.assertEqual([row["n"] for _, row in self.rows(out, 51)], list(range(51)))

    def test_each_row_is_there_once_whoever_dies(self):
        rng = random.Random(11)
        topic, out = self.make_topic(), self.make_topic()
        total = 5_000
        self.send(topic, [(0, None, click(n)) for n in range(100)])
        server = self.serve(self.application(topic, outputs=self.output(out)))
        self.rows(out, 1)
        producer = self.producer()
        for n in range(100, total):
            producer.produce(topic, click(n), None, 0)
            if n % 1_000 == 0:
                producer.flush(240)
                # Between nothing and all of the newest thousand are on their way.
                goal = n - rng.randrange(0, 900)
                wait_until(lambda: server.rows("OUT") >= goal, "rows before the kill")
                server.kill()
                server.start()
        producer.flush(240)
        self.stop_broker("kill")
        self.start_broker()
        self.assertEqual([row["n"] for _, row in self.rows(out, total)], list(range(total)))
        server.stop()
        self.assertEqual(len(self.rows(out)), total)

    def test_a_new_data_folder_is_not_taken_for_the_old_one(self):
        topic, out = self.make_topic(), self.make_topic()
        self.send(topic, [(0, None, click(n)) for n in range(5)])
        server = self.serve(self.application(topic, outputs=self.output(out)))
        self.rows(out, 5)
        server.stop()
        shutil.rmtree(self.folder / "data")
        server.start()
        self.assertEqual([row["n"] for _, row in self.rows(out, 10)], [*range(5), *range(5)])


if __name__ == "__main__":
    unittest.main()
