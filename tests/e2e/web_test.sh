#!/usr/bin/env bash
# The dashboard's tests: types, units, and a real browser clicking through every view.
#   tests/e2e/web_test.sh                                      against the mock server
#   TAILRACE_PROGRAM=build/release/tailrace tests/e2e/web_test.sh   and with that program behind the page
#   TAILRACE_URL=http://127.0.0.1:8080 tests/e2e/web_test.sh   against a running server
set -euo pipefail
[ -z "${TAILRACE_PROGRAM:-}" ] || TAILRACE_PROGRAM=$(realpath "$TAILRACE_PROGRAM")
cd "$(dirname "$0")/../.."
STRICT=1 scripts/build_web.sh
cd web
npm run --silent check
npm test --silent
npm run --silent e2e
if [ -n "${TAILRACE_PROGRAM:-}" ]; then node e2e/program.mjs; fi
