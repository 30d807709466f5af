#!/usr/bin/env bash
# e2e_python.sh FOLDER TEST: runs an end-to-end test whose clients come from PyPI, in a virtual environment in FOLDER that
# is made when it is missing or tests/e2e/requirements.txt has changed. Tests that run at the same time share it.
set -euo pipefail
folder=${1:?folder}
test=${2:?test}
cd "$(dirname "$0")/../tests/e2e"
mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9
if ! cmp -s requirements.txt "$folder/installed.txt"; then
  rm -rf "$folder/python"
  if ! { /usr/bin/python3 -m venv "$folder/python" &&
         "$folder/python/bin/pip" install -q --disable-pip-version-check -r requirements.txt; } >"$folder/pip.log" 2>&1; then
    cat "$folder/pip.log"
    echo "the packages of tests/e2e/requirements.txt could not be installed" >&2
    exit 1
  fi
  cp requirements.txt "$folder/installed.txt"
fi
flock -u 9
export PATH="$folder/python/bin:$PATH"
exec python -m unittest -v "test_$test"
