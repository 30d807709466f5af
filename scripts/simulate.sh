#!/usr/bin/env bash
# simulate.sh SEEDS: the simulation of a whole server with that many seeds. A seed that fails is printed; to replay it:
# TAILRACE_SEED=n build/plain/app_test --gtest_filter='SimulationTest.C2*'
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-1000}
mkdir -p build
cmake --preset plain >build/plain.log 2>&1 || { cat build/plain.log; exit 1; }
cmake --build build/plain -j "$(nproc)" --target app_test
TAILRACE_SEEDS=$seeds build/plain/app_test --gtest_brief=1 --gtest_filter='SimulationTest.C2*'
