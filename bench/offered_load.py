#!/usr/bin/env python3
"""Offers lines at a steady rate, marks among them, and says when each mark was sent.

  offered_load.py log FILE RATE SECONDS             appends to a log file
  offered_load.py put URL STREAM RATE SECONDS       PutRecords, 500 lines a call at most

A RATE of 0 offers as much as is taken. The load is open: what should have been sent by now is sent, however late the other
side is. The answer on standard output is JSON: lines sent, and the send times of the marks by number, on the monotonic clock.
"""

import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from kinesis_api import AUTHORIZATION  # noqa: E402

TICK_S = 0.005
MARK_EVERY_S = 0.01
CALL_LINES = 500
CONNECTIONS = 8


def line(number):
    return json.dumps({"id": str(number), "client": f"c{number % 5000}", "size": number % 100}, separators=(",", ":")) + "\n"


def mark(number):
    return json.dumps({"id": str(number), "client": "mark", "size": 1}, separators=(",", ":")) + "\n"


def ticks(rate, seconds):
    """How many lines are due at each tick, and the number of a mark when one is due too."""
    begin = time.monotonic()
    sent = marks = 0
    while (now := time.monotonic() - begin) < seconds:
        due = int(rate * now) - sent
        marked = marks if now >= marks * MARK_EVERY_S else None
        yield due, marked
        sent += due
        marks += marked is not None
        time.sleep(max(0, TICK_S - (time.monotonic() - begin - now)))


def to_log(path, rate, seconds):
    lines = "".join(line(number) for number in range(50_000)).encode()
    ends = [0]
    while (end := lines.find(b"\n", ends[-1])) >= 0:
        ends.append(end + 1)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    sent, times = 0, {}
    for due, marked in ticks(rate, seconds):
        while due > 0:
            first = sent % 50_000
            some = min(due, 50_000 - first)
            os.write(file, lines[ends[first]:ends[first + some]])
            sent += some
            due -= some
        if marked is not None:
            times[marked] = time.monotonic()
            os.write(file, mark(marked).encode())
    return sent, times


class Putter:
    def __init__(self, url, stream):
        self.address = urllib.parse.urlsplit(url).netloc
        self.stream = stream
        self.free = []
        self.records = [self.record(line(number)) for number in range(CALL_LINES)]
        self.full = self.body(CALL_LINES)

    @staticmethod
    def record(text):
        return json.dumps({"PartitionKey": text[7:14], "Data": base64.b64encode(text.encode()).decode()})

    def body(self, count, marked=None):
        records = self.records[:count] + ([] if marked is None else [self.record(mark(marked))])
        return json.dumps({"StreamName": self.stream})[:-1] + ', "Records": [' + ",".join(records) + "]}"

    def put(self, count, marked=None):
        connection = self.free.pop() if self.free else http.client.HTTPConnection(self.address, timeout=60)
        body = self.full if count == CALL_LINES and marked is None else self.body(count, marked)
        sent = time.monotonic()
        connection.request("POST", "/", body, {"content-type": "application/x-amz-json-1.1",
                                               "x-amz-target": "Kinesis_20131202.PutRecords",
                                               "x-amz-date": "20260102T030405Z", "authorization": AUTHORIZATION})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200 or b'"FailedRecordCount":0' not in text.replace(b" ", b""):
            raise SystemExit(f"put: {answer.status} {text[:300]}")
        self.free.append(connection)
        return count, marked, sent


def to_stream(url, stream, rate, seconds):
    putter = Putter(url, stream)
    sent, times = 0, {}

    def taken(future):
        nonlocal sent
        count, marked, at = future.result()
        sent += count
        if marked is not None:
            times[marked] = at

    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        if rate == 0:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                for future in [pool.submit(putter.put, CALL_LINES) for _ in range(CONNECTIONS)]:
                    taken(future)
            return sent, times
        waiting = []
        for due, marked in ticks(rate, seconds):
            while due >= CALL_LINES:
                waiting.append(pool.submit(putter.put, CALL_LINES))
                due -= CALL_LINES
            if due or marked is not None:
                waiting.append(pool.submit(putter.put, min(due, CALL_LINES - 1), marked))
        for future in waiting:
            taken(future)
    return sent, times


def main():
    rate, seconds = float(sys.argv[-2]), float(sys.argv[-1])
    if sys.argv[1] == "log":
        sent, times = to_log(sys.argv[2], rate, seconds)
    else:
        sent, times = to_stream(sys.argv[2], sys.argv[3], rate, seconds)
    json.dump({"lines": sent, "marks": times}, sys.stdout)


if __name__ == "__main__":
    main()
