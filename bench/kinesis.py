"""The Kinesis API under load, beside kinesalite (npm) and Redis in the same run: puts with and without fsync, signed puts, gets, put to
get, memory.

The load comes from bench/kinesis_load.cpp, one thread.
"""

import collections
import csv
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from measure import FOLDER, OURS, ROOT, cpu_seconds, resident_mib

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402
from kinesis_api import Kinesis  # noqa: E402

LOAD = ROOT / "build" / "bench" / "kinesis_load"
PEER = "kinesalite"
PEER_VERSION = "3.3.3"
RECORDS = 500  # Of a PutRecords call.

# A server that is measured: its name in the table, where it listens, its process, and what it calls its streams.
Target = collections.namedtuple("Target", "name url process streams")


def load(target, *words):
    done = subprocess.run([LOAD, target.url.removeprefix("http://"), *map(str, words)], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"kinesis_load {words}: {done.stderr}")
    return json.loads(done.stdout)


def with_cpu(target, *words):
    """What the load tells, and the CPU seconds that the server took for it."""
    before = cpu_seconds(target.process)
    result = load(target, *words)
    return result, cpu_seconds(target.process) - before


def built_load():
    for words in (["--preset", "bench"], ["--build", "build/bench", "--target", "kinesis_load"]):
        subprocess.run(["cmake", *words], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def tailrace(folder, keys=False):
    """The program with streams of both durabilities, and nothing else to do."""
    example = folder / "access-log"
    shutil.copytree(ROOT / "examples" / "access-log", example)
    definition = example / "tailrace.yaml"
    streams = "".join(f"  {durability}-{shards}: {{shards: {shards}, durability: {durability}}}\n"
                      for durability in ("synced", "relaxed") for shards in (1, 8))
    definition.write_text(definition.read_text().replace("streams:\n", "streams:\n" + streams))
    options = ["--no-agent"]
    if keys:
        (folder / "keys").write_text("[load]\naws_access_key_id = load\naws_secret_access_key = secret\n")
        options += ["--aws-keys", folder / "keys"]
    return harness.Server(folder, example, options=options).start()


def kinesalite(folder):
    """Its process and address; nothing without npm."""
    npm = shutil.which("npm")
    if not npm:
        print("  (no npm: nothing to compare with)", flush=True)
        return None, None
    place = ROOT / "build" / "clients" / "kinesalite"
    if not (place / "node_modules" / "kinesalite").exists():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run([npm, "install", "--prefix", place, "--ignore-scripts", "--no-audit", "--no-fund",
                        f"kinesalite@{PEER_VERSION}"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port = harness.free_port()
    process = harness.Process(["node", place / "node_modules" / "kinesalite" / "cli.js", "--port", port, "--shardLimit", 100,
                               "--path", folder / "kinesalite", "--createStreamMs", 1, "--deleteStreamMs", 1],
                              folder / "kinesalite.log")
    url = f"http://127.0.0.1:{port}"

    def listening():
        try:
            Kinesis(url).call("ListStreams")
            return True
        except OSError:
            return False

    harness.wait_until(listening, PEER)
    return process, url


def redis(folder):
    """A Redis that answers when its log is on disk, as we do: its process and port; nothing without Redis."""
    if not shutil.which("redis-server") or not shutil.which("redis-benchmark"):
        print("  (Redis is not there: redis-server and redis-tools are not installed)", flush=True)
        return None, None
    port = harness.free_port()
    process = harness.Process(["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes",
                               "--appendfsync", "always", "--auto-aof-rewrite-percentage", 0], folder / "redis.log")
    harness.wait_until(lambda: redis_says(port, "ping") == "PONG", "Redis")
    return process, port


def redis_says(port, *words):
    done = subprocess.run(["redis-cli", "-p", str(port), *map(str, words)], capture_output=True, text=True)
    return done.stdout.strip()


class Puts:
    """Puts of one kind, measured turn by turn."""

    def __init__(self, bench, target, stream, size=300, connections=8, verb="put", what=""):
        self.bench, self.target, self.words = bench, target, (verb, stream, RECORDS, size, connections)
        self.name = f"{target.name}, {what or stream}, {size} B, {connections} conn."
        self.rates, self.cpu, self.p50, self.p99 = [], [], [], []

    def turn(self):
        result, cpu = with_cpu(self.target, *self.words, self.bench.size(1.5, 0.2))
        refused = result["calls_with_failures"]  # While 8 MiB wait for a shard's disk; they are not counted.
        if result["calls"] == 0 or refused > result["calls"] / 20:
            raise SystemExit(f"{self.name}: {result}")
        taken = result["calls"] - refused
        self.rates.append(result["records_per_s"] * taken / result["calls"])
        self.cpu.append(cpu / taken / RECORDS * 1e9)
        self.p50.append(result["p50_ms"])
        self.p99.append(result["p99_ms"])

    def tell(self):
        self.bench.figure(self.name, [rate / 1e6 for rate in self.rates], "M records/s")
        self.bench.figure(self.name, self.cpu, "ns CPU/record")
        self.bench.figure(self.name + ", p50 of a call", self.p50, "ms")
        self.bench.figure(self.name + ", p99 of a call", self.p99, "ms")
        return self

    def rate(self):
        return statistics.median(self.rates)

    def cpu_ns(self):
        return statistics.median(self.cpu)


class RedisPuts(Puts):
    """XADD of as many records a pipeline as a call has, on as many connections."""

    def __init__(self, bench, process, port, size=300, connections=8):
        super().__init__(bench, Target("Redis XADD", None, process.child.pid, None), "AOF always", size, connections)
        self.port, self.size, self.connections = port, size, connections

    def turn(self):
        records = self.bench.size(500_000, 20_000)
        before = cpu_seconds(self.target.process)
        done = subprocess.run(["redis-benchmark", "-p", str(self.port), "-P", str(RECORDS), "-c", str(self.connections), "-n", str(records),
                               "--csv", "XADD", "records", "*", "d", "x" * self.size], capture_output=True, text=True, check=True)
        cpu = cpu_seconds(self.target.process) - before
        if redis_says(self.port, "xlen", "records") != str(records) or redis_says(self.port, "del", "records") != "1":
            raise SystemExit("Redis does not have every record")
        heads, values = list(csv.reader(done.stdout.splitlines()))[-2:]
        told = dict(zip(heads, values))
        self.rates.append(float(told["rps"]))
        self.cpu.append(cpu / records * 1e9)
        self.p50.append(float(told["p50_latency_ms"]))
        self.p99.append(float(told["p99_latency_ms"]))


def in_turns(bench, all_puts):
    for _ in range(bench.repetitions):
        for puts in all_puts:
            puts.turn()
    return [puts.tell() for puts in all_puts]


def over(ours, others):
    """The median of the ratios of the turns."""
    return statistics.median(a / b for a, b in zip(ours, others))


def put_records(bench):
    """G10 and G11: our puts, signed and not, beside kinesalite's with its data on disk."""
    built_load()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-bench-", dir=FOLDER))
    running = []
    try:
        (folder / "free").mkdir(), (folder / "signed").mkdir()
        server, guarded = tailrace(folder / "free"), tailrace(folder / "signed", keys=True)
        running += [server, guarded]
        ours = Target(OURS, server.url, server.process.child.pid, None)
        checking = Target(OURS, guarded.url, guarded.process.child.pid, None)
        plain = Puts(bench, ours, "synced-1")
        signed = Puts(bench, checking, "synced-1", verb="signed-put", what="signatures checked")
        rest = [Puts(bench, ours, "synced-8"), Puts(bench, ours, "relaxed-1"), Puts(bench, ours, "synced-1", connections=1),
                Puts(bench, ours, "synced-1", connections=64)]
        peer, url = (None, None) if bench.quick else kinesalite(folder)
        theirs = []
        if peer:
            running.append(peer)
            Kinesis(url).create("disk-1")
            theirs = [Puts(bench, Target(PEER, url, peer.child.pid, None), "disk-1")]
        log, port = (None, None) if bench.quick else redis(folder)
        logged = []
        if log:
            running.append(log)
            logged = [RedisPuts(bench, log, port)]
        in_turns(bench, [plain, signed, *theirs, *logged, *rest])
        bench.goal("G10", "PutRecords, 500 x 300 B, synced, 8 connections: M records/s", plain.rate() / 1e6, 0.7)
        bench.goal("G10", "the same: us of CPU a record", plain.cpu_ns() / 1e3, 1.1, at_least=False)
        if logged:
            bench.goal("G10", "the same: CPU a record of Redis XADD, AOF always, over ours", over(logged[0].cpu, plain.cpu), 2)
        if theirs:
            bench.goal("G10", "the same: rate over kinesalite's on disk", over(plain.rates, theirs[0].rates), 40)
            bench.goal("G11", "with signatures checked: rate over kinesalite's on disk", over(signed.rates, theirs[0].rates), 25)
    finally:
        for each in running:
            each.stop()
        shutil.rmtree(folder, ignore_errors=True)


def get_records(bench):
    """G12, put to get, and memory."""
    built_load()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-bench-", dir=FOLDER))
    running = []
    try:
        server = tailrace(folder)
        running.append(server)
        targets = [Target(OURS, server.url, server.process.child.pid, None)]
        peer, url = (None, None) if bench.quick else kinesalite(folder)
        if peer:
            running.append(peer)
            targets.append(Target(PEER, url, peer.child.pid, None))
        rates = {}
        for target in targets:
            retained = bench.size(1_000_000, 20_000) if target.name == OURS else 50_000
            for stream in ("retained", "quiet"):
                Kinesis(target.url).create(stream)
            before = resident_mib(target.process)
            load(target, "fill", "retained", RECORDS, 300, 4, retained // RECORDS)
            after = resident_mib(target.process)
            bench.figure(f"{target.name}, {retained} records retained", [after - before], "MiB more", peak_mib=after)
        for count in (4, 1):
            turns = collections.defaultdict(list)
            for _ in range(bench.repetitions):
                for target in targets:
                    result, cpu = with_cpu(target, "get", "retained", 1, count, bench.size(2, 0.3))
                    if not result["records"]:
                        raise SystemExit(f"{target.name}: GetRecords gives nothing")
                    turns[target.name].append((result["records_per_s"], cpu / result["records"] * 1e9))
            for name, each in turns.items():
                bench.figure(f"{name}, GetRecords, {count} conn.", [rate / 1e6 for rate, _ in each], "M records/s")
                bench.figure(f"{name}, GetRecords, {count} conn.", [cpu for _, cpu in each], "ns CPU/record")
            rates[count] = {name: [rate for rate, _ in each] for name, each in turns.items()}
        bench.goal("G12", "GetRecords, 10,000 a call, 4 connections: M records/s", statistics.median(rates[4][OURS]) / 1e6, 1.5)
        if peer:
            bench.goal("G12", "the same: rate over kinesalite's", over(rates[4][OURS], rates[4][PEER]), 40)
        put_to_get(bench, targets)
    finally:
        for each in running:
            each.stop()
        shutil.rmtree(folder, ignore_errors=True)


def put_to_get(bench, targets):
    times = collections.defaultdict(list)
    for _ in range(bench.repetitions):
        for target in targets:
            times[target.name].append(load(target, "latency", "quiet", 0, bench.size(200, 20)))
    for name, each in times.items():
        for share in ("p50_ms", "p99_ms"):
            bench.figure(f"{name}, put to get, {share[:3]}", [one[share] for one in each], "ms")
    if len(targets) > 1:
        for share in ("p50_ms", "p99_ms"):
            ratio = over([one[share] for one in times[PEER]], [one[share] for one in times[OURS]])
            bench.goal("G14", f"put to get over HTTP, {share[:3]}: kinesalite's over ours", ratio, 2)
