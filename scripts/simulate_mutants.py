#!/usr/bin/env python3
"""Shows that the simulation bites: plants one mistake after the other, builds, and expects the simulation to fail.

simulate_mutants.py [NAME...]    exits 1 when a mistake is not found. The files are restored whatever happens.
"""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "plain"
SEEDS = os.environ.get("TAILRACE_SEEDS", "1000")

SIMULATION = ("app_test", "SimulationTest.C2*")
# Name, file, what stands there, what the mistake makes of it; and the test that must find it, when it is not the whole
# server's: one that needs three faults in a row is seldom met there.
MUTANTS = [
    ("missing-fsync", "src/stream/shard.cpp",
     "if (Status status = SyncActive(); !status.ok()) {\n      active_.write_offset -= size;",
     "if (Status status = Ok(); !status.ok()) {\n      active_.write_offset -= size;"),
    ("double-commit", "src/stream/shard.cpp",
     "if (number <= producer_last) {",
     "if (number < producer_last) {"),
    ("lost-position", "src/app/application.cpp",
     "if (!changed_since_checkpoint_ || OutputsWait() || checkpoint_under_way_) return;",
     "if (!changed_since_checkpoint_ || checkpoint_under_way_) return;"),
    ("checkpoint-before-outputs-are-settled", "src/app/application.cpp",
     "    const Status settled = output->Settle();\n",
     "    const Status settled = Ok();\n"),
    ("window-closes-a-millisecond-early", "src/engine/window_tracker.cpp",
     "return (FloorDivide(rowtime - window_end_.origin_ms, step) + 1) * step + window_end_.origin_ms;",
     "return (FloorDivide(rowtime - window_end_.origin_ms, step) + 1) * step + window_end_.origin_ms - 1;"),
    ("refused-records-stay-on-disk", "src/stream/shard.cpp",
     "if (active_.file == nullptr || active_.scrub_end <= active_.write_offset) return true;",
     "return true;"),
    ("time-told-before-it-is-stored", "src/app/told_time.cpp",
     "  TAILRACE_TRY(Store(time + reserve_));\n  TAILRACE_CHECK(Covers(time));\n", ""),
    ("time-ahead-believed-before-it-is-stored", "src/app/told_time.cpp",
     "    Store(std::max(foreseen, now) + reserve_).Ignore(\"Reach tries again, and says why not\");\n    lock.lock();\n",
     "    lock.lock();\n    stored_ = std::max(foreseen, now) + reserve_;\n"),
    ("commit-believed-without-sync", "src/alarm/sqlite.cpp",
     "  TAILRACE_TRY(opened->Harden());\n", "", ("alarm_test", "SqliteTest.C2*")),
    ("an-old-log-is-played-over-the-database", "src/alarm/sqlite.cpp",
     "return Execute(StrCat(\"PRAGMA user_version = \", version));",
     "return version < 0 ? Execute(\"\") : Ok();", ("alarm_test", "SqliteTest.C2*")),
    ("a-late-clock-holds-everything-up", "src/base/forward_clock.cpp",
     "last_ = std::max<Precise>(machine_.Now(), slow);",
     "last_ = std::max<Precise>(machine_.Now(), std::min(slow, Precise{}));"),
]


def build():
    subprocess.run(["cmake", "--build", BUILD, "--target", "app_test", "alarm_test"], check=True,
                   stdout=subprocess.DEVNULL)


def finds(program, tests):
    """Whether these tests fail, and the first line that says why."""
    run = subprocess.run([BUILD / program, "--gtest_brief=1", f"--gtest_filter={tests}"],
                         env={**os.environ, "TAILRACE_SEEDS": SEEDS}, capture_output=True, text=True)
    seed = next((line for line in run.stdout.splitlines() if "TAILRACE_SEED=" in line), "")
    return run.returncode != 0, seed.split("TAILRACE_SEED=")[-1]


def main() -> int:
    missed = []
    for name, file, right, wrong, *test in MUTANTS:
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        path = ROOT / file
        text = path.read_text()
        if text.count(right) != 1:
            print(f"{name}: {file} has changed; bring the mutant up to date")
            missed.append(name)
            continue
        try:
            path.write_text(text.replace(right, wrong))
            build()
            program, tests = test[0] if test else SIMULATION
            found, seed = finds(program, tests)
        finally:
            path.write_text(text)
        replay = f"found. To replay it: TAILRACE_SEED={seed} {program} --gtest_filter='{tests}'"
        print(f"{name}: {replay if found else 'NOT FOUND'}", flush=True)
        if not found:
            missed.append(name)
    build()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
