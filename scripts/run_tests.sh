#!/usr/bin/env bash
# run_tests.sh PRESET [PART...]: builds the preset's tests and its program, and runs them all, the end-to-end tests included;
# with parts (stream, ingest, ...) only the unit tests of these.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:?preset}
shift
jobs=$(nproc)
# What another clone on this machine has compiled need not be compiled again.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
export TSAN_OPTIONS=suppressions=$PWD/scripts/tsan_suppressions.txt
mkdir -p build
cmake --preset "$preset" >"build/$preset.log" 2>&1 || { cat "build/$preset.log"; exit 1; }
if [ $# -eq 0 ]; then
  cmake --build "build/$preset" -j "$jobs"
  ctest --test-dir "build/$preset" --output-on-failure -j "$jobs"
else
  cmake --build "build/$preset" -j "$jobs" --target "${@/%/_test}"
  ctest --test-dir "build/$preset" --output-on-failure -j "$jobs" -R "^($(IFS='|'; echo "$*"))\$"
fi
