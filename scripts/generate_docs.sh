#!/usr/bin/env bash
# Writes the pages of docs/ that come from the program's own lists.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${TAILRACE_PROGRAM:-build/release/tailrace}
"$program" functions --markdown >docs/sql-functions.md
"$program" configuration >docs/configuration.md
"$program" man --markdown >docs/verbs.md
