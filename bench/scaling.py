"""What more threads bring and cost: a curve over one and two cores, and counts that must not grow with threads."""

import re
import shutil
import subprocess

from files import CLIENTS, COUNTS, access_logs, query
from measure import OURS, Contender, counts_something, generated, ratio, wall_ratio

# Most of the time goes into the keyed operator, whose keys are shared out among the threads.
SIZE = 'CAST("size" AS INTEGER)'
SLIDING = (f"SELECT STREAM client_ip, COUNT(*) OVER w AS n, SUM({SIZE}) OVER w AS s, MIN({SIZE}) OVER w AS low, "
           f"MAX({SIZE}) OVER w AS high FROM log WINDOW w AS (PARTITION BY client_ip RANGE INTERVAL '1' MINUTE PRECEDING)")


def curve(bench, what, sql, records):
    """One thread on one core, two on two, and up to eight on one: there a thread can only cost. All give the same bytes."""
    path = generated(access_logs(), "json", records, CLIENTS)
    first = []

    def same(out):
        counts_something(out)
        first.append(out) if not first else None
        if out.read_bytes() != first[0].read_bytes():
            raise SystemExit(f"{out} is not {first[0]}")

    def pinned(cores, threads):
        name = f"{OURS} {what} {threads} thr core {cores}"
        return Contender(name, ["taskset", "-c", cores, *query(sql, path, threads=threads)], same)

    turns = bench.race([pinned("0", 1), pinned("0,1", 2), pinned("0", 2), pinned("0", 4), pinned("0", 8)], records)
    one, two, *crowded = turns.values()
    bench.goal("G7", f"{what}: wall time of one thread on a core over that of two on two", wall_ratio(one, two), 1.7)
    bench.goal("G7", f"{what}: CPU a record of two threads on two cores over one's", ratio(two, one), 1.15, at_least=False)
    bench.goal("", f"{what}: the same of eight threads on one core", ratio(crowded[-1], one), 1.15, at_least=False)
    return path


def instructions(program_words):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, program_words)],
                          capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def counted(bench, what, sql):
    """Instructions a record by threads: those of 40,000 records less those of 20,000, so without the start of a process."""
    few, many = 20_000, 40_000
    paths = [generated(access_logs(), "json", records, CLIENTS) for records in (few, many)]
    costs = {}
    for threads in (1, 2, 4, 8):
        low, high = (instructions(query(sql, path, threads=threads)) for path in paths)
        costs[threads] = (high - low) / (many - few)
        bench.figure(f"{OURS} {what} {threads} thr", [costs[threads]], "instr/record")
    bench.goal("", f"{what}: instructions a record of eight threads over one's", costs[8] / costs[1], 1.15, at_least=False)


def run(bench):
    for what, sql, records in (("counts", COUNTS, 2_000_000), ("sliding", SLIDING, 500_000)):
        curve(bench, what, sql, bench.size(records, 20_000))
        if bench.quick:
            continue
        if shutil.which("valgrind"):
            counted(bench, what, sql)
        else:
            print("  (valgrind is not there: no instructions are counted)")
