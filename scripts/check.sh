#!/usr/bin/env bash
# What a machine can say about the code: layers and sizes, format, static analysis, generated documents.
set -euo pipefail
cd "$(dirname "$0")/.."
python3 scripts/check_layers.py
git ls-files 'src/*.cpp' 'src/*.h' | xargs -r clang-format-19 --dry-run --Werror
scripts/generate_docs.sh
git diff --exit-code -- docs || { echo "docs/ was out of date; commit what make docs wrote"; exit 1; }
if [ "${TIDY:-yes}" = yes ]; then
  git ls-files 'src/*.cpp' | grep -vE '_(test|fuzz|bench)\.cpp$' |
    xargs -r -n 4 -P "$(nproc)" clang-tidy-19 --quiet -p build/release 2>/dev/null
fi
