#!/usr/bin/env bash
# Installs the Debian packages named in the given lists (scripts/packages*.txt), unless all are there already.
# Uses sudo when not root. Says what it does; does nothing twice.
set -euo pipefail
cd "$(dirname "$0")"

wanted=()
for list in "$@"; do
  while read -r package; do
    [ -n "$package" ] && wanted+=("$package")
  done < <(sed 's/#.*//' "$list")
done

missing=()
for package in "${wanted[@]}"; do
  if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
    missing+=("$package")
  fi
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "These Debian packages are missing, and there is no apt-get here: ${missing[*]}" >&2
  exit 1
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "Need root, or sudo, to install: ${missing[*]}" >&2; exit 1; }
  sudo=(sudo)
fi

# Packages must not start their servers: the tests start their own.
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
  "${sudo[@]}" chmod +x "$policy"
  made_policy=yes
fi
cleanup() { [ "$made_policy" = no ] || "${sudo[@]}" rm -f "$policy"; }
trap cleanup EXIT

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
log=$(mktemp)
run() { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >>"$log" 2>&1; }
if ! run apt-get install -y --no-install-recommends "${missing[@]}"; then
  run apt-get update || { tail -n 20 "$log" >&2; exit 1; }
  run apt-get install -y --no-install-recommends "${missing[@]}" || { tail -n 20 "$log" >&2; exit 1; }
fi
rm -f "$log"
