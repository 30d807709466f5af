#!/usr/bin/env bash
# simulate.sh SEEDS: the simulation of a whole server with that many seeds. A seed that fails is printed; to replay it:
# TAILRACE_SEED=n build/test/app_test --gtest_filter='SimulationTest.C2*'
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-1000}
mkdir -p build
cmake --preset test >build/test.log 2>&1 || { cat build/test.log; exit 1; }
cmake --build build/test -j "$(nproc)" --target app_test
TAILRACE_SEEDS=$seeds build/test/app_test --gtest_brief=1 --gtest_filter='SimulationTest.C2*'
