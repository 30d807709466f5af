#!/usr/bin/env bash
# run.sh [NAME]: see bench.py.
set -euo pipefail
exec python3 "$(dirname "$0")/bench.py" "$@"
