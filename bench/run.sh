#!/usr/bin/env bash
# run.sh [NAME]: runs the scenarios of this folder, or the one named, and keeps their results in bench/results/.
# Each measures beside a limit or a peer in the same run; nothing here is a test.
set -euo pipefail
cd "$(dirname "$0")/.."
only=${1:-}
run() { [ -z "$only" ] || [ "$only" = "$1" ] || return 0; echo "== $1"; shift; "$@"; }
kernels() {
  cmake --preset bench >build/bench.log 2>&1 || { cat build/bench.log; exit 1; }
  cmake --build build/bench -j "$(nproc)" --target "$1"
  "build/bench/$1" --benchmark_min_time=0.2
}
mkdir -p bench/results
run query python3 bench/query.py
run line_to_alarm python3 bench/line_to_alarm.py
run kinesis python3 bench/kinesis.py
run replay python3 bench/replay.py
run stream kernels stream_bench
run engine kernels engine_bench
run ingest kernels ingest_bench
