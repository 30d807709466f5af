#!/usr/bin/env bash
# run_tests.sh PRESET: builds the preset's tests and runs them; with `test` also the end-to-end tests of the release program.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:?preset}
jobs=$(nproc)
mkdir -p build
cmake --preset "$preset" >"build/$preset.log" 2>&1 || { cat "build/$preset.log"; exit 1; }
cmake --build "build/$preset" -j "$jobs"
if [ "$preset" = test ]; then
  cmake --preset release >build/release.log 2>&1 || { cat build/release.log; exit 1; }
  cmake --build build/release -j "$jobs"
fi
ctest --test-dir "build/$preset" --output-on-failure -j "$jobs"
