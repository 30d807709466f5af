#!/usr/bin/env python3
"""Queries over files beside a loop written for the one question and beside the tools people use for it now.

Every program answers from the same file in turn, REPETITIONS times; what counts is the CPU time of the whole process, user and
system. A result is only a result when the counts are right: rows are compared with those of the limit loop, which does not share a
line with us.
"""

import collections
import csv
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("TAILRACE_PROGRAM", str(ROOT / "build" / "release" / "tailrace"))
RECORDS = int(os.environ.get("RECORDS", "2000000"))
REPETITIONS = int(os.environ.get("REPETITIONS", "5"))
CLIENTS = 20_000
FOLDER = ROOT / "build" / "bench-query"
COUNTS = ("SELECT STREAM client_ip, COUNT(*) AS n FROM log "
          "GROUP BY client_ip, STEP(log.ROWTIME BY INTERVAL '10' SECOND)")


def build_limit():
    program = FOLDER / "window_counts"
    source = ROOT / "bench" / "limits" / "window_counts.cpp"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["g++", "-O3", "-std=c++20", source, "-o", program, "-lsimdjson"], check=True)
    return program


def data(limit, form, clients=CLIENTS):
    path = FOLDER / f"{form}-{RECORDS}-{clients}"
    if not path.exists():
        with open(path, "wb") as file:
            subprocess.run([limit, "generate", form, str(RECORDS), str(clients)], stdout=file, check=True)
    return path


def measured(words, out):
    """CPU seconds and wall seconds of one process, and its peak memory in MiB."""
    with open(out, "wb") as file:
        begin = time.perf_counter()
        child = subprocess.Popen([str(word) for word in words], stdout=file, stderr=subprocess.DEVNULL,
                                 env=dict(os.environ, LC_ALL="C"))
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{words[0]} exited {child.returncode}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def window_counts(path, separator=","):
    """How often each (client, count) stands in a result, whatever its other columns are."""
    rows = collections.Counter()
    with open(path) as file:
        for row in csv.reader(file, delimiter=separator):
            if len(row) >= 2 and row[-1].isdigit():
                rows[(row[-2], row[-1])] += 1
    return rows


class Race:
    """One question, asked of several programs in turn."""

    def __init__(self, name, limit_words):
        self.name, self.programs = name, {"limit": (limit_words, True)}

    def add(self, name, words, same_rows=True):
        if shutil.which(str(words[0])):
            self.programs[name] = (words, same_rows)
        else:
            print(f"  ({name} is not there: {words[0]})")

    def run(self):
        figures = {name: [] for name in self.programs}
        for _ in range(REPETITIONS):
            for name, (words, _) in self.programs.items():
                figures[name].append(measured(words, FOLDER / f"out-{name.replace(' ', '-')}"))
        expected = window_counts(FOLDER / "out-limit")
        if sum(expected.values()) == 0:
            raise SystemExit("the limit loop counted nothing")
        results = {}
        for name, (_, same_rows) in self.programs.items():
            if same_rows and window_counts(FOLDER / f"out-{name.replace(' ', '-')}") != expected:
                raise SystemExit(f"{self.name}: {name} does not give the rows of the limit loop")
            cpu = [figure[0] for figure in figures[name]]
            results[name] = {
                "cpu_ns_per_record": round(statistics.median(cpu) / RECORDS * 1e9, 1),
                "cpu_spread": round((max(cpu) - min(cpu)) / statistics.median(cpu), 2),
                "wall_s": round(statistics.median(figure[1] for figure in figures[name]), 3),
                "peak_mib": round(max(figure[2] for figure in figures[name]), 1),
            }
        ours = results["tailrace"]["cpu_ns_per_record"]
        print(f"\n{self.name}   ({RECORDS} records, median of {REPETITIONS})")
        print(f"  {'program':<22}{'CPU ns/record':>14}{'spread':>8}{'wall s':>9}{'peak MiB':>10}{'CPU, ours = 1':>15}")
        for name, figure in results.items():
            figure["ratio_to_ours"] = round(figure["cpu_ns_per_record"] / ours, 2)
            print(f"  {name:<22}{figure['cpu_ns_per_record']:>14.1f}{figure['cpu_spread']:>8.2f}{figure['wall_s']:>9.3f}"
                  f"{figure['peak_mib']:>10.1f}{figure['ratio_to_ours']:>15.2f}")
        return results


def duckdb_python():
    """A Python with DuckDB from PyPI, pinned, in the build folder; nothing when the registry is out of reach."""
    environment = FOLDER / "duckdb"
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    installed = subprocess.run([environment / "bin" / "pip", "install", "-q", "duckdb==1.3.2"], stderr=subprocess.DEVNULL)
    return python if installed.returncode == 0 else None


def duckdb_words(python, path, columns, threads):
    sql = (f"copy (select (epoch(strptime(substr(request_time, 2, 20), '%d/%b/%Y:%H:%M:%S'))::bigint // 10) * 10 as w, client_ip, "
           f"count(*) as n from {columns} group by all) to '/dev/stdout' (format csv, header false)")
    return [python, "-c", f"import duckdb; duckdb.sql('set threads={threads}'); duckdb.sql({sql!r})"]


def windows(limit, python):
    results = {}
    for clients in (CLIENTS, 200):
        path = data(limit, "json", clients)
        race = Race(f"10 s counts per client from NDJSON, {clients} clients", [limit, "count", "json", path])
        race.add("tailrace", [PROGRAM, "query", COUNTS, path, "--output", "csv", "--threads", "1"])
        race.add("tailrace 2 threads", [PROGRAM, "query", COUNTS, path, "--output", "csv", "--threads", "2"])
        if python:
            source = f"read_json('{path}', format='newline_delimited', columns={{request_time: 'VARCHAR', client_ip: 'VARCHAR'}})"
            race.add("DuckDB 1 thread", duckdb_words(python, path, source, 1))
        results[f"json_{clients}"] = race.run()
    path = data(limit, "combined")
    race = Race(f"10 s counts per client from a combined log, {CLIENTS} clients", [limit, "count", "combined", path])
    race.add("tailrace", [PROGRAM, "query", COUNTS, path, "--output", "csv", "--threads", "1"])
    race.add("tailrace 2 threads", [PROGRAM, "query", COUNTS, path, "--output", "csv", "--threads", "2"])
    race.add("gawk", ["gawk", "{w = substr($4, 2, 19); c[w \",\" $1]++} END {for (k in c) print k \",\" c[k]}", path])
    results["combined"] = race.run()
    return results


def goaccess(limit):
    """A dozen top lists in one pass, as GoAccess' report has them, beside GoAccess."""
    path = data(limit, "combined")
    lists = ["client_ip", "path", "status", "method", "agent", "referer", "protocol"]
    race = Race("top lists of a combined log", [limit, "count", "combined", path])
    sql = "SELECT {0}, COUNT(*) AS n FROM log GROUP BY {0} ORDER BY n DESC LIMIT 20"
    script = " && ".join(f"'{PROGRAM}' query '{sql.format(name)}' '{path}' --output csv --threads 1" for name in lists)
    race.add("tailrace", ["sh", "-c", script], same_rows=False)
    if shutil.which("goaccess"):
        race.add("GoAccess", ["goaccess", path, "--log-format=COMBINED", "--no-progress", "--no-global-config", "-o",
                              FOLDER / "report.json"], same_rows=False)
        results = race.run()
        report = json.loads((FOLDER / "report.json").read_text())
        if report["general"]["total_requests"] != RECORDS:
            raise SystemExit("GoAccess did not read every line")
        return {"top_lists": results}
    print("  (GoAccess is not there)")
    return {}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    limit = build_limit()
    results = windows(limit, duckdb_python())
    results.update(goaccess(limit))
    out = ROOT / "bench" / "results"
    out.mkdir(exist_ok=True)
    (out / "query.json").write_text(json.dumps({"records": RECORDS, "repetitions": REPETITIONS, "races": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
