"""A small client of the Kinesis API, and a relay in front of it that can be away or lose answers."""

import base64
import http.client
import http.server
import json
import threading
import time
import urllib.parse

from harness import wait_until

AUTHORIZATION = ("AWS4-HMAC-SHA256 Credential=test/20260102/us-east-1/kinesis/aws4_request, "
                 "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64)


class ApiError(Exception):
    def __init__(self, status, kind, message):
        super().__init__(f"{status} {kind}: {message}")
        self.kind = kind


class Kinesis:
    """One connection, used by one thread. The server must not check keys."""

    def __init__(self, url, service="Kinesis_20131202"):
        self.address = urllib.parse.urlsplit(url).netloc
        self.service = service
        self.connection = http.client.HTTPConnection(self.address, timeout=30)
        self.used = 0

    def call(self, action, **members):
        if time.monotonic() - self.used > 2:
            self.connection.close()  # A server may have closed it meanwhile; the next request opens it again.
        self.used = time.monotonic()
        self.connection.request("POST", "/", json.dumps(members), {
            "content-type": "application/x-amz-json-1.1", "x-amz-target": f"{self.service}.{action}",
            "x-amz-date": "20260102T030405Z", "authorization": AUTHORIZATION})
        response = self.connection.getresponse()
        text = response.read()
        answer = json.loads(text) if text else {}
        if response.status != 200:
            raise ApiError(response.status, answer.get("__type"), answer.get("message"))
        return answer

    def create(self, stream, shards=1):
        self.call("CreateStream", StreamName=stream, ShardCount=shards)
        wait_until(lambda: self.call("DescribeStreamSummary", StreamName=stream)["StreamDescriptionSummary"]
                   ["StreamStatus"] == "ACTIVE", f"stream {stream}")

    def shards(self, stream):
        return self.call("ListShards", StreamName=stream)["Shards"]

    def put(self, stream, records):
        """Records are (key, bytes). Gives what the call answers for each."""
        return self.call("PutRecords", StreamName=stream, Records=[
            {"PartitionKey": key, "Data": base64.b64encode(data).decode()} for key, data in records])["Records"]

    def read_shard(self, stream, shard):
        """All records of a shard so far, in order."""
        iterator = self.call("GetShardIterator", StreamName=stream, ShardId=shard,
                             ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        records = []
        while iterator:
            answer = self.call("GetRecords", ShardIterator=iterator)
            for record in answer["Records"]:
                record["Data"] = base64.b64decode(record["Data"])
                records.append(record)
            iterator = answer.get("NextShardIterator")
            if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                break
        return records

    def read(self, stream):
        """The data of all records of all shards, shard by shard."""
        return [record["Data"] for shard in self.shards(stream) for record in self.read_shard(stream, shard["ShardId"])]

    def close(self):
        self.connection.close()


class Relay:
    """Hands calls on to a server. `away` closes connections unanswered, `lose_answers` takes the call and then does."""

    def __init__(self, test, url):
        self.target = urllib.parse.urlsplit(url).netloc
        self.away = False
        self.lose_answers = 0
        self.calls = []  # Number of records of each PutRecords or PutRecordBatch call that was handed on.
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if relay.away:
                    self.close_connection = True
                    return
                connection = http.client.HTTPConnection(relay.target, timeout=30)
                try:
                    connection.request("POST", self.path, body, {
                        name: value for name, value in self.headers.items() if name.lower() != "content-length"})
                    answer = connection.getresponse()
                    text = answer.read()
                except OSError:
                    self.close_connection = True
                    return
                finally:
                    connection.close()
                if b'"Records":' in body:
                    relay.calls.append(len(json.loads(body)["Records"]))
                if relay.lose_answers > 0:
                    relay.lose_answers -= 1
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("content-type", answer.headers.get("content-type", "application/x-amz-json-1.1"))
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *arguments: None  # A client that was killed under its call.
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.stop)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
