"""Delivery streams: archives in folders and in a real S3 server, the other destinations, the Firehose API under boto3."""

import base64
import gzip
import http.server
import json
import os
import pathlib
import random
import socket
import threading
import time
import unittest
import unittest.mock

import boto3
import botocore.config
import botocore.exceptions

from harness import Process, TestCase, free_port, wait_until
from s3_server import S3Server

def objects_below(folder):
    """{path: bytes} of an archive's folder; hidden ones are not the archive's."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(pathlib.Path(folder).rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)}


def in_order(objects):
    """The objects' bodies, one after the other. Names of one second are in no order: what is inside tells it."""
    return b"".join(sorted((body for _, body in objects), key=lambda body: json.loads(body.partition(b"\n")[0])["n"]))


def metric(server, name, stream):
    import urllib.request
    with urllib.request.urlopen(server.url + "/metrics", timeout=10) as response:
        for line in response.read().decode().splitlines():
            if line.startswith(f'{name}{{delivery_stream="{stream}"}}'):
                return float(line.split()[-1])
    return 0.0


class Endpoint:
    """An HTTP server whose answers a function gives: answer(path, headers, body) -> (status, dict)."""

    def __init__(self, test, answer):
        endpoint = self
        self.requests = []
        self.answer = answer

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, document = endpoint.answer(self.path, self.headers, body)
                endpoint.requests.append((self.path, dict(self.headers.items()), body, status))
                text = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        test.addCleanup(self.stop)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class DeliveryCase(TestCase):
    def application(self, yaml, columns="- {name: n, type: INTEGER}", stream="web"):
        folder = self.folder / "shop"
        folder.mkdir()
        (folder / "tailrace.yaml").write_text(yaml + f"""
inputs:
  IN:
    delivery_stream: {stream}
    columns:
      {columns}
sql: app.sql
""")
        (folder / "app.sql").write_text(
            'CREATE OR REPLACE STREAM SEEN (n INTEGER);\n'
            'CREATE OR REPLACE PUMP P AS INSERT INTO SEEN SELECT STREAM "n" FROM IN_001;\n')
        return folder

    def firehose(self, server):
        return boto3.client("firehose", endpoint_url=server.url, region_name="eu-central-1", aws_access_key_id="tester",
                            aws_secret_access_key="secret", config=botocore.config.Config(retries={"max_attempts": 0}))

    def put(self, client, stream, records):
        step = 100  # Well within the service's 500 records and 4 MiB.
        for begin in range(0, len(records), step):
            answer = client.put_record_batch(DeliveryStreamName=stream,
                                             Records=[{"Data": record} for record in records[begin:begin + step]])
            self.assertEqual(answer["FailedPutCount"], 0)

    def delivery(self, server, name):
        return next(entry for entry in server.get("/api/delivery-streams") if entry["name"] == name)


class Archive(DeliveryCase):
    def test_a6_1_agent_to_archive_byte_for_byte(self):
        """A6-1, B1-6: what the agent reads is archived byte for byte and in order; SQL does not wait for the archive."""
        folder = self.application("""
agent: agent.json
delivery_streams:
  web:
    directory: ARCHIVE
    buffer: {size: 64KiB, interval: 3s}
""".replace("ARCHIVE", str(self.folder / "archive")))
        log = self.folder / "access.log"
        log.write_text("")
        (folder / "agent.json").write_text(json.dumps({"flows": [
            {"filePattern": str(log), "deliveryStream": "web", "maxBufferAgeMillis": "1000",
             "initialPosition": "START_OF_FILE"}]}))
        server = self.serve(folder)
        lines = [json.dumps({"n": n, "agent": "curl \"7\" caf\u00e9"}, ensure_ascii=False) + "\n" for n in range(1000)]
        with open(log, "a", encoding="latin-1") as file:  # Byte 0xE9 is no UTF-8.
            file.write("".join(lines))
        wait_until(lambda: server.rows("SEEN") == 1000, "SQL to see all records")
        archive = self.folder / "archive"
        expected = "".join(lines).encode("latin-1")
        wait_until(lambda: sum(map(len, objects_below(archive).values())) >= len(expected), "the archive")
        self.assertEqual(b"".join(objects_below(archive).values()), expected)
        for name in objects_below(archive):
            self.assertRegex(name, r"^\d{4}/\d\d/\d\d/\d\d/web-1-\d{4}(-\d\d){5}-[0-9a-f-]{36}$")
        status = wait_until(lambda: (lambda d: d if d["records"] == 1000 else None)(self.delivery(server, "web")),
                            "the status")
        self.assertEqual((status["waiting_records"], status["failed_records"], status["error"]), (0, 0, ""))

    def test_b1_7_s3_outage(self):
        """B1-7: with the S3 server away records wait, and the alarm on the lag rings; all come in order when it is back.
        Objects larger than a part."""
        s3 = S3Server(self)
        folder = self.application("""
streams:
  health:
    metrics: {every: 200ms, names: [tailrace_delivery_lag_seconds]}
delivery_streams:
  web:
    s3:
      bucket: archive
      endpoint: URL
      access_key_id: S3RVER
      secret_access_key: {env: TEST_S3_SECRET}
      part_size: 5MiB
    buffer: {size: 6MiB, interval: 2s}
    compression: none
    prefix: web/!{timestamp:yyyy/MM}/
    file_extension: .jsonl
outputs:
- {from: LATE, alarm: archive_lag_s}
alarms:
  archive_lag_s:
    value: LAG_S
    keys: [ARCHIVE]
    notify: {subject: late, message: "${ARCHIVE} is ${value} s late", to: [lines]}
targets:
  lines: {file: {path: FOLDER/told.jsonl}}
""".replace("URL", s3.url).replace("FOLDER", str(self.folder)))
        with open(folder / "tailrace.yaml") as file:
            definition = file.read()
        (folder / "tailrace.yaml").write_text(definition.replace("inputs:", """inputs:
  HEALTH:
    stream: health
    columns:
      - {name: archive, type: VARCHAR(64), path: $.labels.delivery_stream}
      - {name: value, type: DOUBLE}"""))
        with open(folder / "app.sql", "a") as file:
            file.write("""
CREATE OR REPLACE STREAM LATE (archive VARCHAR(64), lag_s INTEGER);
CREATE OR REPLACE PUMP L AS INSERT INTO LATE
SELECT STREAM "archive", CAST("value" AS INTEGER) FROM HEALTH_001 WHERE "value" > 4;
""")
        os.environ["TEST_S3_SECRET"] = "S3RVER"
        server = self.serve(folder)
        client = self.firehose(server)
        first = [json.dumps({"n": n, "fill": "x" * 9000}).encode() for n in range(1000)]
        self.put(client, "web", first)
        expected = b"".join(record + b"\n" for record in first)
        wait_until(lambda: self.delivery(server, "web")["records"] == 1000, "the first records in S3", 60)
        objects = s3.objects()
        self.assertEqual(in_order(objects), expected)
        self.assertGreater(max(len(body) for _, body in objects), 5 << 20)  # It went up in parts.
        self.assertRegex(objects[0][0], r"^web/\d{4}/\d\d/web-1-.*\.jsonl$")
        told = self.folder / "told.jsonl"

        s3.stop()
        second = [json.dumps({"n": n}).encode() for n in range(1000, 1500)]
        self.put(client, "web", second)
        wait_until(lambda: self.delivery(server, "web")["state"] == "retrying", "the outage to show", 30)
        wait_until(lambda: server.rows("SEEN") == 1500, "SQL to go on")
        self.assertEqual(self.delivery(server, "web")["waiting_records"], 500)
        wait_until(lambda: metric(server, "tailrace_delivery_lag_seconds", "web") > 4, "the lag")
        message = json.loads(wait_until(lambda: told.exists() and told.read_text().splitlines(), "the alarm")[-1])
        self.assertRegex(message["message"], r"^web is [4-9]\d* s late$")
        s3.start()
        wait_until(lambda: self.delivery(server, "web")["records"] == 1500, "the records after the outage", 60)
        self.assertEqual(in_order(s3.objects()), expected + b"".join(record + b"\n" for record in second))

    def test_partition_expressions_have_limits(self):
        """Records for which a partition expression never ends, or takes all memory, are given up with a reason; the others
        are delivered, and the server can be stopped meanwhile."""
        folder = self.application("""
delivery_streams:
  web:
    directory: FOLDER/archive
    buffer: {interval: 1s}
    prefix: "k=!{partitionKeyFromQuery:k}/!{timestamp:yyyy}/"
    error_prefix: failed/!{firehose:error-output-type}/
    partition_by: |-
      if .k == "endless" then (def f: f; f) elif .k == "large" then {k: (reduce range(60) as $i ("x"; . + .))} else {k: .k} end
""".replace("FOLDER", str(self.folder)))
        # The program sets no limit where a sanitizer has the memory; its allocator can refuse as well.
        refuse = "allocator_may_return_null=1:max_allocation_size_mb=256"
        with unittest.mock.patch.dict(os.environ, ASAN_OPTIONS=refuse,
                                      TSAN_OPTIONS=os.environ.get("TSAN_OPTIONS", "") + ":" + refuse):
            server = self.serve(folder)
        client = self.firehose(server)
        kinds = ["a", "endless", "b", "large", "a"]
        records = [json.dumps({"n": n, "k": kind}) for n, kind in enumerate(kinds)]
        self.put(client, "web", [record.encode() for record in records])
        archive = self.folder / "archive"
        wait_until(lambda: self.delivery(server, "web")["failed_records"] == 2, "the two to be given up", 60)
        found = {"a": "", "b": ""}
        documents = []
        for name, body in objects_below(archive).items():
            if name.startswith("failed/processing-failed/"):
                documents += [json.loads(line) for line in body.decode().splitlines()]
            else:
                found[name.split("/")[0].removeprefix("k=")] += body.decode()
        self.assertEqual(found, {"a": records[0] + "\n" + records[4] + "\n", "b": records[2] + "\n"})
        self.assertEqual({base64.b64decode(document["rawData"]).decode(): document["errorMessage"] for document in documents},
                         {records[1]: "jq: the program needs more than 1000 ms of processor time for this record",
                          records[3]: "jq: the program needs more than 256 MiB of memory for this record"})

        self.put(client, "web", [json.dumps({"n": 9, "k": "endless"}).encode()] * 500)
        wait_until(lambda: self.delivery(server, "web")["failed_records"] == 502, "the rest to be given up", 60)
        self.put(client, "web", [json.dumps({"n": 9, "k": "endless"}).encode()] * 500)
        wait_until(lambda: self.delivery(server, "web")["state"] == "delivering"
                   or self.delivery(server, "web")["failed_records"] > 502, "the next ones to be tried")
        self.assertEqual(server.stop(), 0)

    def test_killed_while_delivering(self):
        """Kill -9 at random moments: no half object, and each acknowledged record is in one object, once."""
        seed = int(os.environ.get("TAILRACE_SEED", "1"))
        rng = random.Random(seed)
        archive = self.folder / "archive"
        folder = self.application("""
delivery_streams:
  web:
    directory: ARCHIVE
    buffer: {size: 64KiB, interval: 1s}
    compression: gzip
""".replace("ARCHIVE", str(archive)))
        server = self.serve(folder)
        acknowledged = []
        number = 0
        for _ in range(6):
            client = self.firehose(server)
            deadline = time.monotonic() + rng.uniform(0.2, 1.5)
            threading.Timer(max(0.01, deadline - time.monotonic()), server.kill).start()
            try:
                while True:
                    batch = [json.dumps({"n": number + i, "fill": "y" * rng.randrange(400)}) for i in range(50)]
                    number += len(batch)
                    self.put(client, "web", [line.encode() for line in batch])
                    acknowledged += batch
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, ConnectionError):
                pass
            wait_until(lambda: server.process.child.poll() is not None, "the kill")
            server.start()
        self.assertGreater(len(acknowledged), 300)

        def archived():
            """Every line of every object; each object must be whole."""
            return [line for body in objects_below(archive).values() for line in gzip.decompress(body).decode().splitlines()]

        wait_until(lambda: self.delivery(server, "web")["waiting_records"] == 0, f"the rest (seed {seed})", 60)
        lines = archived()
        self.assertEqual(len(lines), len(set(lines)), f"a record is there twice (seed {seed})")
        missing = set(acknowledged) - set(lines)
        self.assertFalse(missing, f"{len(missing)} acknowledged records are missing (seed {seed})")
        numbers = [json.loads(line)["n"] for line in lines]
        self.assertEqual(sorted(numbers), sorted(set(numbers)))


class Destinations(DeliveryCase):
    def test_a7_5_each_gets_every_record_in_its_form(self):
        """A7-5: one stream to an archive, OpenSearch, Splunk and an HTTP endpoint; a 429 or 503 delays only that one, a 400
        for one document sends that one to the errors."""
        documents = {}
        busy = {"opensearch": 2, "http": 2}

        def opensearch(path, headers, body):
            self.assertEqual((path, headers["authorization"]), ("/_bulk", "Basic " + base64.b64encode(b"u:p").decode()))
            lines = body.decode().splitlines()
            items = []
            for action, source in zip(lines[::2], lines[1::2]):
                index = json.loads(action)["index"]
                if busy["opensearch"] and json.loads(source)["n"] % 2:
                    items.append({"index": {"status": 429, "error": {"type": "es_rejected_execution_exception"}}})
                elif json.loads(source)["n"] == 13:
                    items.append({"index": {"status": 400, "error": {"type": "mapper_parsing_exception"}}})
                else:
                    documents.setdefault((index["_index"], index["_id"]), []).append(json.loads(source)["n"])
                    items.append({"index": {"status": 201}})
            busy["opensearch"] = max(0, busy["opensearch"] - 1)
            return 200, {"errors": True, "items": items}

        events = []
        pending = {}

        def splunk(path, headers, body):
            self.assertEqual(headers["authorization"], "Splunk token")
            self.assertRegex(headers["x-splunk-request-channel"], r"^[0-9a-f-]{36}$")
            if path == "/services/collector/ack":
                acks = {str(ack): pending.pop(ack, False) for ack in json.loads(body)["acks"]}
                return 200, {"acks": acks}
            self.assertEqual(path, "/services/collector/raw")
            events.extend(body.decode().splitlines())
            pending[len(events)] = True
            return 200, {"text": "Success", "code": 0, "ackId": len(events)}

        received = {}

        def endpoint(path, headers, body):
            self.assertEqual(headers["x-amz-firehose-access-key"], "key")
            self.assertEqual(headers["x-amz-firehose-protocol-version"], "1.0")
            self.assertEqual(json.loads(headers["x-amz-firehose-common-attributes"]), {"commonAttributes": {"site": "shop"}})
            self.assertEqual(headers["content-encoding"], "gzip")
            request = json.loads(gzip.decompress(body))
            self.assertEqual(request["requestId"], headers["x-amz-firehose-request-id"])
            if busy["http"]:
                busy["http"] -= 1
                if busy["http"]:
                    return 503, {"errorMessage": "busy"}
                return 200, {"requestId": "another", "timestamp": 1}  # Not a valid answer: it is sent again.
            received[request["requestId"]] = [base64.b64decode(record["data"]) for record in request["records"]]
            return 200, {"requestId": request["requestId"], "timestamp": int(time.time() * 1000)}

        folder = self.application("""
streams:
  orders: {}
delivery_streams:
  web: {directory: FOLDER/unused}
  files:
    source: orders
    directory: FOLDER/files
    buffer: {interval: 1s}
  search:
    source: orders
    opensearch: {url: OPENSEARCH, index: orders, rotation: month, user: u, password: p}
    buffer: {interval: 1s}
    backup: {directory: FOLDER/failed}
  collector:
    source: orders
    splunk: {url: SPLUNK, token: token}
    buffer: {interval: 1s}
  endpoint:
    source: orders
    http: {url: ENDPOINT/in, access_key: key, gzip: true, attributes: {site: shop}}
    buffer: {interval: 1s}
""".replace("FOLDER", str(self.folder)).replace("OPENSEARCH", Endpoint(self, opensearch).url)
            .replace("SPLUNK", Endpoint(self, splunk).url).replace("ENDPOINT", Endpoint(self, endpoint).url))
        server = self.serve(folder)
        records = [json.dumps({"n": n}) for n in range(40)]
        status, _ = server.post("/api/streams/orders/records",
                                {"records": [{"key": str(i), "data": record} for i, record in enumerate(records)]})
        self.assertEqual(status, 200)
        wait_until(lambda: b"".join(objects_below(self.folder / "files").values()).decode().splitlines() == records, "files")
        wait_until(lambda: sum(map(len, received.values())) == 40, "the endpoint", 60)
        self.assertEqual([data for batch in received.values() for data in batch], [r.encode() for r in records])
        wait_until(lambda: events == records, "Splunk")
        wait_until(lambda: self.delivery(server, "collector")["records"] == 40, "Splunk's acknowledgement")
        wait_until(lambda: len(documents) == 39, "OpenSearch", 60)
        self.assertEqual(sorted(n for ns in documents.values() for n in ns), [n for n in range(40) if n != 13])
        month = time.strftime("%Y-%m", time.gmtime())
        self.assertEqual({index for index, _ in documents}, {f"orders-{month}"})
        failed = wait_until(lambda: objects_below(self.folder / "failed"), "the error document")
        (name, body), = failed.items()
        self.assertRegex(name, r"^AmazonOpenSearchService-failed/\d{4}/\d\d/\d\d/\d\d/search-1-")
        document = json.loads(body)
        self.assertEqual((document["errorCode"], base64.b64decode(document["rawData"])), ("400", b'{"n": 13}'))
        self.assertEqual(document["esIndexName"], f"orders-{month}")


    def test_a_peer_that_does_not_answer_holds_no_stop(self):
        """The server ends in time though an endpoint has taken a request and says nothing; it goes out again later."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        folder = self.application("""
delivery_streams:
  web:
    http: {url: "http://127.0.0.1:PORT/"}
    buffer: {interval: 0s}
""".replace("PORT", str(silent.getsockname()[1])))
        server = self.serve(folder)
        self.put(self.firehose(server), "web", [b'{"n": 1}'])
        request, _ = silent.accept()
        self.addCleanup(request.close)
        begin = time.monotonic()
        self.assertEqual(server.process.stop(60), 0)
        self.assertLess(time.monotonic() - begin, 50)  # 10 s and what a busy machine adds; the request may take 180 s.
        server.start()
        again, _ = silent.accept()
        self.addCleanup(again.close)
        server.kill()


class FirehoseApi(DeliveryCase):
    def test_life_of_a_delivery_stream(self):
        """boto3 makes, fills, describes, changes and deletes a delivery stream; it survives a restart."""
        server = self.serve()
        client = self.firehose(server)
        name = "made-by-api"
        s3 = {"RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": "arn:aws:s3:::archive",
              "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0}, "Prefix": "one/"}
        arn = client.create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=s3,
                                            Tags=[{"Key": "team", "Value": "shop"}])["DeliveryStreamARN"]
        self.assertEqual(arn, f"arn:aws:firehose:eu-central-1:000000000000:deliverystream/{name}")
        with self.assertRaises(client.exceptions.ResourceInUseException):
            client.create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=s3)
        self.assertTrue(client.put_record(DeliveryStreamName=name, Record={"Data": b"first"})["RecordId"])
        bucket = self.folder / "data" / "buckets" / "archive"
        wait_until(lambda: b"".join(objects_below(bucket).values()) == b"first", "the first object")

        description = client.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        self.assertEqual((description["DeliveryStreamStatus"], description["DeliveryStreamType"], description["VersionId"]),
                         ("ACTIVE", "DirectPut", "1"))
        destination, = description["Destinations"]
        self.assertEqual(destination["ExtendedS3DestinationDescription"]["Prefix"], "one/")
        self.assertEqual(destination["S3DestinationDescription"]["CompressionFormat"], "UNCOMPRESSED")
        client.update_destination(DeliveryStreamName=name, CurrentDeliveryStreamVersionId="1",
                                  DestinationId=destination["DestinationId"],
                                  ExtendedS3DestinationUpdate={"Prefix": "two/", "ProcessingConfiguration": {
                                      "Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord"}]}})
        with self.assertRaises(client.exceptions.ConcurrentModificationException):
            client.update_destination(DeliveryStreamName=name, CurrentDeliveryStreamVersionId="1",
                                      DestinationId=destination["DestinationId"], S3DestinationUpdate={"Prefix": "x/"})
        server.kill()
        server.start()
        description = client.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        self.assertEqual(description["VersionId"], "2")
        answer = client.put_record_batch(DeliveryStreamName=name, Records=[{"Data": b"a"}, {"Data": b""}, {"Data": b"b"}])
        self.assertEqual((answer["FailedPutCount"], len(answer["RequestResponses"])), (0, 3))
        wait_until(lambda: [body for path, body in objects_below(bucket).items() if path.startswith("two/")] == [b"a\n\nb\n"],
                   "the second object")

        client.tag_delivery_stream(DeliveryStreamName=name, Tags=[{"Key": "env", "Value": "test"}])
        client.untag_delivery_stream(DeliveryStreamName=name, TagKeys=["team"])
        self.assertEqual(client.list_tags_for_delivery_stream(DeliveryStreamName=name)["Tags"],
                         [{"Key": "env", "Value": "test"}])
        client.start_delivery_stream_encryption(DeliveryStreamName=name)
        self.assertTrue(client.put_record(DeliveryStreamName=name, Record={"Data": b"c"})["Encrypted"])
        listed = client.list_delivery_streams()
        self.assertEqual((listed["DeliveryStreamNames"], listed["HasMoreDeliveryStreams"]), ([name], False))
        client.delete_delivery_stream(DeliveryStreamName=name)
        with self.assertRaisesRegex(client.exceptions.ResourceNotFoundException,
                                    f"Firehose {name} under account 000000000000 not found."):
            client.put_record(DeliveryStreamName=name, Record={"Data": b"d"})

    def test_refusals(self):
        server = self.serve()
        client = self.firehose(server)
        s3 = {"RoleARN": "arn:aws:iam::000000000000:role/r", "BucketARN": "arn:aws:s3:::archive"}
        refused = client.exceptions.InvalidArgumentException

        def create(**changes):
            client.create_delivery_stream(DeliveryStreamName="x", ExtendedS3DestinationConfiguration={**s3, **changes})

        with self.assertRaisesRegex(refused, "error prefix"):
            create(Prefix="!{timestamp:yyyy}/")
        with self.assertRaisesRegex(refused, "error-output-type"):
            create(Prefix="!{firehose:error-output-type}/", ErrorOutputPrefix="e/!{firehose:error-output-type}/")
        with self.assertRaisesRegex(refused, "together"):
            client.create_delivery_stream(DeliveryStreamName="x", S3DestinationConfiguration={
                **s3, "BufferingHints": {"SizeInMBs": 5}})
        with self.assertRaisesRegex(refused, "not offered"):
            create(ProcessingConfiguration={"Enabled": True, "Processors": [
                {"Type": "Lambda", "Parameters": [{"ParameterName": "LambdaArn", "ParameterValue": "arn"}]}]})
        with self.assertRaises(refused):
            client.create_delivery_stream(DeliveryStreamName="x")
        create()
        with self.assertRaises(botocore.exceptions.ClientError) as raised:
            client.put_record(DeliveryStreamName="x", Record={"Data": b"x" * 1_024_001})
        self.assertEqual(raised.exception.response["Error"]["Code"], "ValidationException")
        client.put_record(DeliveryStreamName="x", Record={"Data": b"x" * 1_024_000})


if __name__ == "__main__":
    unittest.main()
