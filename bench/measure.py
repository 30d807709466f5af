"""What the scenarios of this folder share: programs that answer in turn, their figures, goals, and how these are told.

What counts is CPU time, user and system, of whole processes: it moves less than wall time on a machine that does other things too.
Programs that are compared run in turn (A B A B ...), and a ratio is the median of the ratios of the turns.
"""

import collections
import contextlib
import csv
import dataclasses
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("TAILRACE_PROGRAM", str(ROOT / "build" / "release" / "tailrace"))
FOLDER = ROOT / "build" / "bench-data"
OURS = "tailrace"
LIMIT = "limit loop"


@dataclasses.dataclass
class Contender:
    """One program of a race. `check` takes the path of what it wrote and raises when that is wrong."""

    name: str
    words: list
    check: object
    environment: dict = dataclasses.field(default_factory=dict)
    # The process says itself, on the last line of standard error, what its work cost: "cpu_s wall_s", without its start.
    tells_itself: bool = False
    repetitions: int = 1_000  # At most; for what takes long.


@dataclasses.dataclass
class Turn:
    cpu_s: float
    wall_s: float
    peak_mib: float


def run_once(contender, out):
    """One run of a process, with its output in `out`."""
    errors, report = out.with_suffix(".errors"), out.with_suffix(".cost")
    with open(out, "wb") as file, open(errors, "wb") as error_file:
        done = subprocess.run([built("measured.cpp"), report, *map(str, contender.words)], stdout=file, stderr=error_file,
                              stdin=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C", **contender.environment})
    if done.returncode != 0:
        raise SystemExit(f"{contender.name} exited {done.returncode}: {errors.read_text(errors='replace')[-500:]}")
    cpu, wall, peak = map(float, report.read_text().split())
    if contender.tells_itself:
        cpu, wall = map(float, errors.read_text().splitlines()[-1].split())
    return Turn(cpu, wall, peak / 1024)


class Bench:
    """The figures and goals of one call."""

    def __init__(self, quick, repetitions):
        self.quick = quick
        self.repetitions = 1 if quick else repetitions
        self.figures = []
        self.goals = []
        self.scenario = ""
        FOLDER.mkdir(parents=True, exist_ok=True)

    def size(self, full, quick):
        return quick if self.quick else full

    def race(self, contenders, records, unit="ns/record"):
        """Runs the contenders in turn, checks what each wrote, and gives the turns of each by name."""
        there = [each for each in contenders if shutil.which(str(each.words[0]))]
        for each in contenders:
            if each not in there:
                print(f"  ({each.name} is not there: {each.words[0]})", flush=True)
        turns = {each.name: [] for each in there}
        checked = {}
        for turn in range(self.repetitions):
            for each in there:
                if turn >= each.repetitions:
                    continue
                out = FOLDER / f"out-{self.scenario}-{each.name.replace(' ', '-').replace('/', '-')}"
                turns[each.name].append(run_once(each, out))
                written = hashlib.sha256(out.read_bytes()).digest()
                if checked.get(each.name) != written or not out.stat().st_size:  # The same bytes are as right as before.
                    each.check(out)
                checked[each.name] = written
        ours = next((name for name in turns if name.startswith(OURS)), None)
        for name, each in turns.items():
            self.figure(name, [turn.cpu_s / records * 1e9 for turn in each], unit,
                        wall_s=statistics.median(turn.wall_s for turn in each), peak_mib=max(turn.peak_mib for turn in each),
                        ratio=ratio(each, turns[ours]) if ours else None)
        return turns

    def figure(self, program, values, unit, wall_s=None, peak_mib=None, ratio=None):
        """A line of the table: the median of the values and how far they spread."""
        middle = statistics.median(values)
        spread = (max(values) - min(values)) / middle if middle and len(values) > 1 else None
        self.figures.append({"scenario": self.scenario, "program": program, "value": middle, "unit": unit, "spread": spread,
                             "wall_s": wall_s, "peak_mib": peak_mib, "cost_of_ours": ratio})
        return middle

    def goal(self, name, what, measured, must, at_least=True):
        """Holds a measured number against a goal; a quick run only says that it can be measured."""
        self.goals.append({"scenario": self.scenario, "goal": name, "what": what, "measured": measured, "must": must, "at_least": at_least,
                           "holds": measured >= must if at_least else measured <= must, "load": os.getloadavg()[0]})

    def tell(self):
        print(f"\n{'scenario':<16}{'program':<34}{'median':>12} {'unit':<12}{'spread':>7}{'wall s':>9}{'MiB':>8}{'ours = 1':>10}")
        for row in self.figures:
            def cell(key, form):
                return "" if row[key] is None else format(row[key], form)
            print(f"{row['scenario']:<16}{row['program']:<34}{row['value']:>12,.2f} {row['unit']:<12}{cell('spread', '.2f'):>7}"
                  f"{cell('wall_s', '.3f'):>9}{cell('peak_mib', '.0f'):>8}{cell('cost_of_ours', '.2f'):>10}")
        if self.quick or not self.goals:
            return
        print(f"\n{'goal':<6}{'what':<74}{'must':>10}{'measured':>10}{'load':>6}")
        for goal in self.goals:
            print(f"{goal['goal']:<6}{goal['what']:<74}{('>= ' if goal['at_least'] else '<= ') + format(goal['must'], 'g'):>10}"
                  f"{goal['measured']:>10.3g}{goal['load']:>6.1f}{'' if goal['holds'] else '  MISSED'}")

    def save(self):
        folder = ROOT / "bench" / "results"
        folder.mkdir(exist_ok=True)
        for scenario in dict.fromkeys(row["scenario"] for row in self.figures):
            (folder / f"{scenario}.json").write_text(json.dumps({
                "scenario": scenario, "repetitions": self.repetitions, "cores": os.cpu_count(), "load": os.getloadavg(),
                "figures": [row for row in self.figures if row["scenario"] == scenario],
                "goals": [goal for goal in self.goals if goal["scenario"] == scenario]}, indent=1) + "\n")


def ratio(turns, others):
    """How many times the CPU of `others` the `turns` cost."""
    return statistics.median(a.cpu_s / max(b.cpu_s, 1e-9) for a, b in zip(turns, others))


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def wall_ratio(turns, others):
    return statistics.median(a.wall_s / max(b.wall_s, 1e-9) for a, b in zip(turns, others))


@contextlib.contextmanager
def made_by_one(path, newer_than):
    """Gives where to write a file that is to be at `path`; nothing when it is there and newer. Others wait meanwhile."""
    with open(path.with_name(path.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists() and path.stat().st_mtime >= newer_than.stat().st_mtime:
            yield None
            return
        part = path.with_name(path.name + ".part")
        yield part
        part.rename(path)


def built(source, *options):
    """The program of one source file of bench/limits."""
    path = ROOT / "bench" / "limits" / source
    program = FOLDER / path.stem
    with made_by_one(program, path) as part:
        if part:
            subprocess.run(["g++", "-O3", "-std=c++20", path, "-o", part, *options], check=True)
    return program


def generated(program, *words):
    """A file that the program makes from seeds, kept for the next run; made anew when the program is."""
    path = FOLDER / "-".join(map(str, words))
    with made_by_one(path, program) as part:
        if part:
            with open(part, "wb") as file:
                subprocess.run([program, "generate", *map(str, words)], stdout=file, check=True)
    return path


def rows_of(path, columns, separator=","):
    """How often each row stands in a result, by the named places of its columns; lines with other columns are headers."""
    rows = collections.Counter()
    with open(path, newline="") as file:
        for row in csv.reader(file, delimiter=separator):
            if len(row) > max(max(columns), -min(columns) - 1) and row[-1].replace(".", "", 1).lstrip("-").isdigit():
                rows[tuple(row[column] for column in columns)] += 1
    return rows


def same_rows(expected_path, columns):
    """A check that a result has the rows of another one, which must have some."""
    kept = {}

    def check(path):
        if not kept:
            kept["rows"] = rows_of(expected_path, columns)
            if not kept["rows"]:
                raise SystemExit(f"{expected_path} has no rows")
        if rows_of(path, columns) != kept["rows"]:
            raise SystemExit(f"{path} does not have the rows of {expected_path}")

    return check


def counts_something(path):
    if path.stat().st_size == 0:
        raise SystemExit(f"{path} is empty")


def cpu_seconds(process):
    """Of a process that runs."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(process):
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


@functools.cache
def python_with(name, module, package):
    """A Python with a package from PyPI, pinned, in the build folder; nothing when the registry is out of reach."""
    environment = FOLDER / module
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    if subprocess.run([python, "-c", f"import {module}"], stderr=subprocess.DEVNULL).returncode == 0:
        return python
    installed = subprocess.run([environment / "bin" / "pip", "install", "-q", package], stderr=subprocess.DEVNULL)
    if installed.returncode != 0:
        print(f"  ({name} is not there: PyPI cannot be reached)")
    return python if installed.returncode == 0 else None


def duckdb_python():
    return python_with("DuckDB", "duckdb", "duckdb==1.3.2")


DUCKDB = """
import duckdb, resource, sys, time
duckdb.sql("set threads={threads}; set enable_progress_bar=false")
def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
begin, wall = cpu(), time.perf_counter()
for statement in {statements!r}:
    duckdb.sql(statement)
print(cpu() - begin, time.perf_counter() - wall, file=sys.stderr)
"""


def duckdb_contender(python, name, statements, check, threads=1):
    """DuckDB over files; the start of Python and the library is not counted."""
    return Contender(name, [python, "-c", DUCKDB.format(threads=threads, statements=statements)], check, tells_itself=True)


def with_duckdb(bench, name, statements, check, threads=1):
    """The same as a list, empty where DuckDB is not to be had and in a quick run."""
    python = None if bench.quick else duckdb_python()
    return [duckdb_contender(python, name, statements, check, threads)] if python else []


CLICKHOUSE = """
import chdb, resource, sys, time
def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
chdb.query("select 1")
begin, wall = cpu(), time.perf_counter()
sys.stdout.buffer.write(chdb.query({statement!r} + " settings max_threads={threads}", "CSV").bytes())
print(cpu() - begin, time.perf_counter() - wall, file=sys.stderr)
"""


def with_clickhouse(bench, name, statement, check, threads=1):
    """ClickHouse's engine over files, in a process of Python; its start is not counted. A list, as with_duckdb."""
    python = None if bench.quick else python_with("ClickHouse", "chdb", "chdb==4.4.0")
    words = [python, "-c", CLICKHOUSE.format(statement=statement, threads=threads)]
    return [Contender(name, words, check, tells_itself=True)] if python else []
