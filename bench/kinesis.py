#!/usr/bin/env python3
"""The Kinesis API under load, beside kinesalite (npm) in the same run: puts with and without fsync, gets, put to get, memory.

The load comes from bench/kinesis_load.cpp, one thread. SECONDS_EACH (1) is how long each put case lasts.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
import harness  # noqa: E402
from kinesis_api import Kinesis  # noqa: E402
from measure import cpu_seconds, resident_mib  # noqa: E402

SECONDS = float(os.environ.get("SECONDS_EACH", "1"))
LOAD = harness.ROOT / "build" / "bench" / "kinesis_load"
PEER_VERSION = "3.3.3"
RETAINED = int(os.environ.get("RETAINED", "1000000"))
PEER_RETAINED = 50_000


def load(url, *words):
    done = subprocess.run([LOAD, url.removeprefix("http://"), *map(str, words)], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"kinesis_load {words}: {done.stderr}")
    return json.loads(done.stdout)


def put_table(url, process, streams, connections, rows, name):
    for durability, prefix in streams:
        for size in (300, 1000):
            for shards in (1, 8):
                for count in connections:
                    before = cpu_seconds(process)
                    result = load(url, "put", f"{prefix}-{shards}", 500, size, count, SECONDS)
                    # What the server's processor does, whatever else the machine does.
                    cpu_us = (cpu_seconds(process) - before) * 1e6 / (result["calls"] * 500)
                    rows.append({"server": name, "durability": durability, "bytes": size, "shards": shards,
                                 "connections": count, "cpu_us_per_record": round(cpu_us, 2), **result})
                    print(f"  {name:<10} {durability:<8} 500 x {size:>4} B  {shards} shards  {count:>2} connections"
                          f"  {result['calls_per_s']:>7.0f} calls/s {result['records_per_s']:>9.0f} records/s"
                          f" {result['mb_per_s']:>6.1f} MB/s   p50 {result['p50_ms']:.2f} ms  p99 {result['p99_ms']:.2f} ms"
                          f"   {cpu_us:.2f} us of CPU a record", flush=True)


def tailrace(folder):
    """The program with streams of both durabilities, and nothing else to do."""
    example = folder / "access-log"
    harness.shutil.copytree(harness.ROOT / "examples" / "access-log", example)
    definition = example / "tailrace.yaml"
    streams = "".join(f"  {durability}-{shards}: {{shards: {shards}, durability: {durability}}}\n"
                      for durability in ("synced", "relaxed") for shards in (1, 8))
    definition.write_text(definition.read_text().replace("streams:\n", "streams:\n" + streams))
    return harness.Server(folder, example, options=["--no-agent"]).start()


def kinesalite(folder):
    npm = harness.shutil.which("npm")
    if not npm:
        print("  no npm: nothing to compare with")
        return None, None
    place = harness.ROOT / "build" / "clients" / "kinesalite"
    if not (place / "node_modules" / "kinesalite").exists():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run([npm, "install", "--prefix", place, "--ignore-scripts", "--no-audit", "--no-fund",
                        f"kinesalite@{PEER_VERSION}"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port = harness.free_port()
    process = harness.Process(["node", place / "node_modules" / "kinesalite" / "cli.js", "--port", port, "--shardLimit", 100,
                               "--createStreamMs", 1, "--deleteStreamMs", 1], folder / "kinesalite.log")
    url = f"http://127.0.0.1:{port}"

    def listening():
        try:
            Kinesis(url).call("ListStreams")
            return True
        except OSError:
            return False

    harness.wait_until(listening, "kinesalite")
    return process, url


def measure_rest(url, process_id, retained, name):
    """Reading, put to get and memory."""
    before = resident_mib(process_id)
    load(url, "fill", "retained", 500, 300, 4, retained // 500)
    after = resident_mib(process_id)
    get = load(url, "get", "retained", 1, 2)
    latency = load(url, "latency", "quiet", 0, 200)
    result = {"server": name, "get": get, "put_to_get": latency, "retained_records": retained,
              "resident_mib": round(after, 1), "grown_mib": round(after - before, 1)}
    print(f"  {name:<10} GetRecords {get['mb_per_s']:.1f} MB/s ({get['records_per_s']:.0f} records/s, 1 shard, 300 B)   "
          f"put to get p50 {latency['p50_ms']:.2f} ms p99 {latency['p99_ms']:.2f} ms   "
          f"{retained} records retained: {after:.0f} MiB resident, {after - before:+.0f}", flush=True)
    return result


def main():
    subprocess.run(["cmake", "--preset", "bench"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "build/bench", "--target", "kinesis_load"], check=True, stdout=subprocess.DEVNULL)
    folder = pathlib.Path(harness.tempfile.mkdtemp(prefix="tailrace-bench-", dir=harness.ROOT / "build"))
    server = peer = None
    begin = time.monotonic()
    puts, rest = [], []
    try:
        server = tailrace(folder)
        kinesis = Kinesis(server.url)
        for stream in ("retained", "quiet"):
            kinesis.create(stream)
        put_table(server.url, server.process.child.pid, [("synced", "synced"), ("relaxed", "relaxed")], (1, 8, 64), puts, "tailrace")
        rest.append(measure_rest(server.url, server.process.child.pid, RETAINED, "tailrace"))
        peer, url = kinesalite(folder)
        if peer:
            kinesis = Kinesis(url)
            for stream, shards in (("memory-1", 1), ("memory-8", 8), ("retained", 1), ("quiet", 1)):
                kinesis.create(stream, shards)
            put_table(url, peer.child.pid, [("memory", "memory")], (1, 8), puts, "kinesalite")
            rest.append(measure_rest(url, peer.child.pid, PEER_RETAINED, "kinesalite"))
        results = harness.ROOT / "bench" / "results"
        results.mkdir(exist_ok=True)
        (results / "kinesis.json").write_text(json.dumps({"puts": puts, "rest": rest}, indent=1) + "\n")
        print(f"  {time.monotonic() - begin:.0f} s in all")
    finally:
        if server:
            server.stop()
        if peer:
            peer.stop()
        harness.shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    os.chdir(harness.ROOT)
    main()
