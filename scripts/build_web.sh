#!/usr/bin/env bash
# Builds the dashboard into web/dist when one of its sources changed. Installs nodejs and npm where they are missing.
# Where it cannot be built (no registry to reach, Node too old), it says so and succeeds: the program then embeds a page that
# tells how to build it, and everything else works. With STRICT=1 it fails instead.
set -euo pipefail
cd "$(dirname "$0")/.."
node_major_min=18

give_up() {
  echo "The dashboard was not built: $*" >&2
  [ "${STRICT:-0}" = 0 ] || exit 1
  [ -f web/dist/index.html ] && echo "The one built earlier stays." >&2
  exit 0
}

stamp=build/web.stamp
now=$(find web/src web/public web/*.json web/*.ts web/index.html -type f ! -name '*.test.ts' -print0 | LC_ALL=C sort -z |
  xargs -0 sha256sum | sha256sum)
if [ -f web/dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then exit 0; fi

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  scripts/install_packages.sh packages-web.txt || give_up "nodejs and npm are missing and could not be installed"
fi
major=$(node --version | sed 's/^v//; s/\..*//')
[ "$major" -ge "$node_major_min" ] || give_up "needs Node $node_major_min or newer, found $(node --version)"

mkdir -p build
log=build/web.log
echo "Building the dashboard"
# npm writes a note of what it installed; as long as that is newer than the lock, nothing is missing.
build() {
  cd web &&
    { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund; } &&
    npm run build
}
(build) >"$log" 2>&1 ||
  give_up "$(tail -n 5 "$log") (all of it in $log)"
echo "$now" >"$stamp"
