#!/usr/bin/env python3
"""put_rows.py URL STREAMS SECONDS: one record a second into each of the streams small-0 ..., over one connection, evenly spread."""

import http.client
import json
import sys
import time
import urllib.parse


def main():
    address = urllib.parse.urlparse(sys.argv[1])
    streams, seconds = int(sys.argv[2]), int(sys.argv[3])
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    begin = time.perf_counter()
    for number in range(streams * seconds):
        wait = begin + number / streams - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        body = json.dumps({"records": [{"key": "k", "data": json.dumps({"client": f"c{number % 7}", "size": number % 100})}]})
        connection.request("POST", f"/api/streams/small-{number % streams}/records", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"put to small-{number % streams}: {answer.status} {answer.read()[:200]}")
        answer.read()


if __name__ == "__main__":
    main()
