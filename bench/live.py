"""The way a server goes: log file, agent, durable stream, SQL, alarm; and what it costs when there is nothing to do."""

import pathlib
import shutil
import statistics
import sys
import tempfile
import time

from measure import FOLDER, OURS, ROOT, cpu_seconds, resident_mib

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402


def idle(bench):
    """The order flood, watching a folder without lines."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-bench-", dir=FOLDER))
    server = None
    try:
        example = folder / "order-flood"
        shutil.copytree(ROOT / "examples" / "order-flood", example)
        (example / "logs").mkdir(exist_ok=True)
        starts = []
        for _ in range(bench.repetitions):
            if server:
                server.stop()
            begin = time.perf_counter()
            server = harness.Server(folder, example).start()
            starts.append((time.perf_counter() - begin) * 1000)
        time.sleep(bench.size(3, 0.2))
        seconds = bench.size(20, 0.5)
        before = cpu_seconds(server.process.child.pid)
        time.sleep(seconds)
        used = 100 * (cpu_seconds(server.process.child.pid) - before) / seconds
        memory = resident_mib(server.process.child.pid)
        bench.figure(f"{OURS}, start to ready", starts, "ms")
        bench.figure(f"{OURS}, idle", [used], "% of a core", peak_mib=memory)
        bench.goal("G19", "a server with nothing to do, % of a core", used, 0.2, at_least=False)
        bench.goal("G28", "the same: MiB resident", memory, 60, at_least=False)
        bench.goal("G28", "start to ready, ms", statistics.median(starts), 300, at_least=False)
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


# Counts as the order flood does; the table of all orders is left out, which would be what is measured.
WITHOUT_TABLE = """
outputs:
  - {from: TRIGGER_COUNT_STREAM, alarm: order-flood}
"""


def flooded(folder, lines):
    example = folder / "order-flood"
    shutil.copytree(ROOT / "examples" / "order-flood", example)
    (example / "logs").mkdir(exist_ok=True)
    definition = example / "tailrace.yaml"
    text = definition.read_text()
    begin, end = text.index("\noutputs:"), text.index("\nalarms:")
    definition.write_text(text[:begin] + WITHOUT_TABLE + text[end:])
    (example / "logs" / "a.log").write_text("".join(harness.order_csv(number) for number in range(lines)))
    return example


def order_flood(bench):
    """A log that is there already is read to its end: CPU of the whole server a line, from file to alarm."""
    lines = bench.size(400_000, 2_000)
    costs, walls = [], []
    memory = 0
    for _ in range(bench.size(3, 1)):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="tailrace-bench-", dir=FOLDER))
        server = None
        try:
            example = flooded(folder, lines)
            begin = time.perf_counter()
            server = harness.Server(folder, example).start()
            process = server.process.child.pid
            harness.wait_until(lambda: server.rows("SOURCE_SQL_STREAM_001") >= lines, "every line", 300)
            costs.append(cpu_seconds(process) * 1e9 / lines)
            walls.append(time.perf_counter() - begin)
            memory = max(memory, resident_mib(process))
            if server.rows("SOURCE_SQL_STREAM_001") != lines or server.rows("TRIGGER_COUNT_STREAM") < 1:
                raise SystemExit("the flood did not ring")
        finally:
            if server:
                server.stop()
            shutil.rmtree(folder, ignore_errors=True)
    bench.figure(f"{OURS}, file to alarm", costs, "ns/line", wall_s=statistics.median(walls), peak_mib=memory)
    bench.goal("G13", "log file, agent, synced stream, SQL, alarm: M lines/s of CPU", 1e3 / statistics.median(costs), 0.6)
