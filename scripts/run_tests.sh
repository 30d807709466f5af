#!/usr/bin/env bash
# run_tests.sh PRESET: builds the preset's tests and its program, and runs them all, the end-to-end tests included.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:?preset}
jobs=$(nproc)
# What another clone on this machine has compiled need not be compiled again.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
mkdir -p build
cmake --preset "$preset" >"build/$preset.log" 2>&1 || { cat "build/$preset.log"; exit 1; }
cmake --build "build/$preset" -j "$jobs"
ctest --test-dir "build/$preset" --output-on-failure -j "$jobs"
