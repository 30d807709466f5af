#!/usr/bin/env bash
# The main job, shown: a shop's order log is written, watched, and a flood of orders rings one alarm.
set -euo pipefail
cd "$(dirname "$0")/.."
program=build/release/tailrace
demo=build/demo
listen=${LISTEN:-127.0.0.1:8080}
mkdir -p "$demo"
[ -d "$demo/order-flood" ] || cp -r examples/order-flood "$demo/order-flood"
mkdir -p "$demo/order-flood/logs"

"$program" run "$demo/order-flood" --data "$demo/data" --listen "$listen" &
server=$!
generator=
stop() {
  trap - INT TERM EXIT
  [ -z "$generator" ] || kill "$generator" 2>/dev/null || true
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
}
trap stop EXIT
trap 'stop; exit 0' INT TERM

up=no
for _ in $(seq 100); do
  kill -0 "$server" 2>/dev/null || { echo "The server did not start; see the lines above." >&2; exit 1; }
  if "$program" stream list --server "http://$listen" >/dev/null 2>&1; then up=yes; break; fi
  sleep 0.1
done
[ "$up" = yes ] || { echo "The server does not answer at http://$listen" >&2; exit 1; }

cat <<TEXT

  The page:      http://$listen/
  The shop:      one order a second now, a flood of 10 a second from time to time
  The messages:  $demo/data/apps/order-flood/messages.log
  An order:      $program table scan WebsiteOrders --limit 3 --server http://$listen
  Ctrl-C ends it.

TEXT
# Quiet for 20 seconds, then a flood of 30 seconds, and again.
(
  while true; do
    "$program" generate orders --folder "$demo/order-flood/logs" --rate 1 --for 20s --without-customer 0.02
    "$program" generate orders --folder "$demo/order-flood/logs" --rate 10 --for 30s --without-customer 0.02
  done
) >/dev/null 2>&1 &
generator=$!
wait "$server"
