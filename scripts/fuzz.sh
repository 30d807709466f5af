#!/usr/bin/env bash
# fuzz.sh SECONDS: runs every fuzz target for that long, beginning from the committed corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
cmake --preset fuzz >build/fuzz.log 2>&1 || { cat build/fuzz.log; exit 1; }
cmake --build build/fuzz -j "$(nproc)"
# The programs of the SQL tests are seeds of what reads SQL.
sql_seeds=build/fuzz/seeds/sql
mkdir -p "$sql_seeds"
for file in tests/sql/*.slt; do
  awk '/^(statement|query)( error)?$/ { inside = 1; next } /^(----)?$/ { inside = 0 } inside' "$file" \
    >"$sql_seeds/$(basename "$file" .slt).sql"
done
cp tests/data/*.sql "$sql_seeds"
# So are the files that are imported in the tests, each behind the byte that tells import_fuzz its kind.
import_seeds=build/fuzz/seeds/import
mkdir -p "$import_seeds"
kind=0
for ending in json yaml tf sql; do
  for file in tests/data/*."$ending"; do
    { printf "\\x0$kind"; cat "$file"; } >"$import_seeds/$(basename "$file")"
  done
  kind=$((kind + 1))
done
found=0
for target in build/fuzz/*_fuzz; do
  name=$(basename "$target")
  work=build/fuzz/corpus/$name
  mkdir -p "$work"
  options=(-max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -artifact_prefix=build/fuzz/)
  [ -f "tests/corpus/$name.dict" ] && options+=(-dict="tests/corpus/$name.dict")
  seeds=()
  [ -d "tests/corpus/$name" ] && seeds=("tests/corpus/$name")
  case $name in parser_fuzz | compile_fuzz) seeds+=("$sql_seeds") ;; import_fuzz) seeds+=("$import_seeds") ;; esac
  echo "fuzz $name for $seconds s"
  "$target" "${options[@]}" "$work" "${seeds[@]}" >"build/fuzz/$name.log" 2>&1 ||
    { found=1; tail -n 30 "build/fuzz/$name.log"; }
done
exit "$found"
