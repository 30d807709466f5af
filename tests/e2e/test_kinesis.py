"""The Kinesis API as real clients use it: boto3 and the aws command against the running program."""

import base64
import concurrent.futures
import datetime
import hashlib
import json
import os
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import boto3
import botocore.config
import botocore.eventstream
import botocore.exceptions

from harness import Server, TestCase, wait_until

RING = 2 ** 128


def client_of(server, key="tester", secret="secret", **options):
    config = botocore.config.Config(retries={"max_attempts": 0}, max_pool_connections=20, **options)
    return boto3.client("kinesis", endpoint_url=server.url, region_name="eu-central-1", aws_access_key_id=key,
                        aws_secret_access_key=secret, config=config, verify=False)


def hash_of(key):
    return int(hashlib.md5(key.encode()).hexdigest(), 16)


def shards_of(client, stream, **filters):
    return client.list_shards(StreamName=stream, **filters)["Shards"]


def read_shard(client, stream, shard, start="TRIM_HORIZON", **where):
    """All records of a shard, and its child shards when it has ended."""
    iterator = client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=start, **where)
    token = iterator["ShardIterator"]
    records = []
    while True:
        answer = client.get_records(ShardIterator=token, Limit=100)
        records += answer["Records"]
        if "NextShardIterator" not in answer:
            return records, answer["ChildShards"]
        if not answer["Records"] and answer["MillisBehindLatest"] == 0:
            return records, []
        token = answer["NextShardIterator"]


class Kinesis(TestCase):
    def client(self, *options):
        self.server = self.serve(options=options)
        return client_of(self.server)

    def failure(self, call, **arguments):
        """(code, message) of the error that a call ends with."""
        with self.assertRaises(botocore.exceptions.ClientError) as raised:
            call(**arguments)
        error = raised.exception.response["Error"]
        return error["Code"], error["Message"]

    def test_a_stream_lives_through_split_and_merge(self):
        client = self.client()
        client.create_stream(StreamName="orders", ShardCount=3)
        client.get_waiter("stream_exists").wait(StreamName="orders", WaiterConfig={"Delay": 1})
        described = client.describe_stream(StreamName="orders")["StreamDescription"]
        self.assertEqual(described["StreamARN"], "arn:aws:kinesis:eu-central-1:000000000000:stream/orders")
        self.assertEqual(described["StreamStatus"], "ACTIVE")
        ranges = [(int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"]))
                  for s in described["Shards"]]
        width = RING // 3
        self.assertEqual(ranges, [(0, width - 1), (width, 2 * width - 1), (2 * width, RING - 1)])

        sent = {}

        def put(first, count):
            entries = [{"PartitionKey": f"key {n}", "Data": f"order {n} é".encode()} for n in range(first, first + count)]
            answer = client.put_records(StreamName="orders", Records=entries)
            self.assertEqual(answer["FailedRecordCount"], 0)
            for entry, place in zip(entries, answer["Records"], strict=True):
                sent[entry["Data"]] = (entry["PartitionKey"], place["ShardId"], place["SequenceNumber"])

        for first in range(0, 1000, 250):
            put(first, 250)
        middle = (width + 2 * width) // 2
        client.split_shard(StreamName="orders", ShardToSplit="shardId-000000000001", NewStartingHashKey=str(middle))
        put(1000, 250)
        client.merge_shards(StreamName="orders", ShardToMerge="shardId-000000000000",
                            AdjacentShardToMerge="shardId-000000000003")
        put(1250, 250)

        shards = {shard["ShardId"]: shard for shard in shards_of(client, "orders")}
        self.assertEqual(sorted(shards), [f"shardId-{n:012}" for n in range(6)])
        self.assertEqual(shards["shardId-000000000004"]["ParentShardId"], "shardId-000000000001")
        self.assertEqual({shards["shardId-000000000005"]["ParentShardId"],
                          shards["shardId-000000000005"]["AdjacentParentShardId"]},
                         {"shardId-000000000000", "shardId-000000000003"})
        # A record lies in the shard whose range has its key's hash, as producers predict.
        for key, shard, number in sent.values():
            hashes = shards[shard]["HashKeyRange"]
            self.assertTrue(int(hashes["StartingHashKey"]) <= hash_of(key) <= int(hashes["EndingHashKey"]))
            numbers = shards[shard]["SequenceNumberRange"]
            self.assertGreater(int(number), int(numbers["StartingSequenceNumber"]))
            if "EndingSequenceNumber" in numbers:
                self.assertLess(int(number), int(numbers["EndingSequenceNumber"]))

        # Children's numbers begin after their parents' end, however fast one followed the other.
        for shard in shards.values():
            for parent in (shard.get("ParentShardId"), shard.get("AdjacentParentShardId")):
                if parent:
                    self.assertGreater(int(shard["SequenceNumberRange"]["StartingSequenceNumber"]),
                                       int(shards[parent]["SequenceNumberRange"]["EndingSequenceNumber"]))

        # As consumers do: from the oldest shards to their children, until nothing is left.
        found = {}
        todo = ["shardId-000000000000", "shardId-000000000001", "shardId-000000000002"]
        done = set()
        while todo:
            shard = todo.pop(0)
            if shard in done:
                continue
            done.add(shard)
            records, children = read_shard(client, "orders", shard)
            numbers = [int(record["SequenceNumber"]) for record in records]
            self.assertEqual(numbers, sorted(set(numbers)))
            for record in records:
                found[record["Data"]] = (record["PartitionKey"], shard, record["SequenceNumber"])
            for child in children:
                self.assertIn(shard, child["ParentShards"])
                todo.append(child["ShardId"])
        self.assertEqual(found, sent)
        self.assertEqual(done, set(shards))
        open_shards = shards_of(client, "orders", ShardFilter={"Type": "AT_LATEST"})
        self.assertEqual(client.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]
                         ["OpenShardCount"], len(open_shards))
        self.assertEqual(len(open_shards), 3)

    def test_iterators_of_all_kinds(self):
        client = self.client()
        client.create_stream(StreamName="s", ShardCount=1)
        shard = "shardId-000000000000"
        places = [client.put_record(StreamName="s", PartitionKey="k", Data=f"{n}".encode()) for n in range(3)]
        time.sleep(0.01)  # So that the next record arrives in a later millisecond.
        between = time.time()
        time.sleep(0.01)
        latest = client.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
        places.append(client.put_record(StreamName="s", PartitionKey="k", Data=b"3"))

        def data(start, **where):
            return [record["Data"] for record in read_shard(client, "s", shard, start, **where)[0]]

        self.assertEqual(data("TRIM_HORIZON"), [b"0", b"1", b"2", b"3"])
        number = places[1]["SequenceNumber"]
        self.assertEqual(data("AT_SEQUENCE_NUMBER", StartingSequenceNumber=number), [b"1", b"2", b"3"])
        self.assertEqual(data("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number), [b"2", b"3"])
        last = places[3]["SequenceNumber"]
        self.assertEqual(data("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=last), [])
        starting = shards_of(client, "s")[0]["SequenceNumberRange"]["StartingSequenceNumber"]
        for start in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
            self.assertEqual(data(start, StartingSequenceNumber=starting), [b"0", b"1", b"2", b"3"])
        # JSON carries the fraction of a second as it is; boto3 drops it, so the request is made by hand.
        answer = self.post("GetShardIterator", {"StreamName": "s", "ShardId": shard,
                                                "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": between})
        self.assertEqual([r["Data"] for r in client.get_records(ShardIterator=answer["ShardIterator"])["Records"]],
                         [b"3"])
        self.assertEqual([r["Data"] for r in client.get_records(ShardIterator=latest)["Records"]], [b"3"])
        self.assertEqual(data("AT_TIMESTAMP", Timestamp=datetime.datetime(2020, 1, 1)), [b"0", b"1", b"2", b"3"])

    def post(self, operation, body, target="Kinesis_20131202", **headers):
        """A request made by hand; gives the answer's body, also of errors."""
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"{target}.{operation}",
                   "authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/kinesis/aws4_request, "
                                    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0", "x-amz-date": "20260101T000000Z",
                   **{name.replace("_", "-"): value for name, value in headers.items() if value is not None}}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.server.url + "/any/path", data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            text = error.read()
        return json.loads(text) if text else {}

    def test_records_survive_kill_9(self):
        client = self.client()
        client.create_stream(StreamName="s", ShardCount=2)
        client.register_stream_consumer(StreamARN="arn:aws:kinesis:eu-central-1:000000000000:stream/s",
                                        ConsumerName="c")
        iterator = client.get_shard_iterator(StreamName="s", ShardId="shardId-000000000000",
                                             ShardIteratorType="TRIM_HORIZON")["ShardIterator"]

        def put(n):
            entries = [{"PartitionKey": f"{n}/{i}", "Data": f"{n}/{i}".encode()} for i in range(100)]
            return client.put_records(StreamName="s", Records=entries)["Records"]

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            places = [place for answer in pool.map(put, range(40)) for place in answer]
        self.server.kill()
        self.server.start()
        found = {}
        for shard in shards_of(client, "s"):
            for record in read_shard(client, "s", shard["ShardId"])[0]:
                found[(shard["ShardId"], record["SequenceNumber"])] = record["Data"]
        self.assertEqual(set(found), {(place["ShardId"], place["SequenceNumber"]) for place in places})
        self.assertEqual(len(found), 4000)
        # Iterators and consumers are still good.
        self.assertTrue(client.get_records(ShardIterator=iterator)["Records"])
        consumers = client.list_stream_consumers(StreamARN="arn:aws:kinesis:eu-central-1:000000000000:stream/s")
        self.assertEqual([c["ConsumerName"] for c in consumers["Consumers"]], ["c"])

    def test_subscriptions_push_and_resume(self):
        client = self.client()
        client.create_stream(StreamName="s", ShardCount=1)
        arn = client.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
        consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName="fast")["Consumer"]["ConsumerARN"]
        client.put_record(StreamName="s", PartitionKey="k", Data=b"before")

        def subscribe(**position):
            return client.subscribe_to_shard(ConsumerARN=consumer, ShardId="shardId-000000000000",
                                             StartingPosition=position)["EventStream"]

        events = iter(subscribe(Type="TRIM_HORIZON"))
        first = next(events)["SubscribeToShardEvent"]
        self.assertEqual([record["Data"] for record in first["Records"]], [b"before"])
        code, _ = self.failure(client.subscribe_to_shard, ConsumerARN=consumer, ShardId="shardId-000000000000",
                               StartingPosition={"Type": "LATEST"})
        self.assertEqual(code, "ResourceInUseException")
        client.put_record(StreamName="s", PartitionKey="k", Data=b"live")

        def next_records(events):
            for event in events:
                event = event["SubscribeToShardEvent"]
                if event["Records"]:
                    return event

        live = next_records(events)
        self.assertEqual([record["Data"] for record in live["Records"]], [b"live"])
        self.assertEqual(live["ContinuationSequenceNumber"], live["Records"][-1]["SequenceNumber"])
        # The end of the shard ends the subscription, and names the children.
        client.put_record(StreamName="s", PartitionKey="k", Data=b"last")
        client.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(RING // 2))
        rest = [event["SubscribeToShardEvent"] for event in events]
        self.assertEqual([r["Data"] for event in rest for r in event["Records"]], [b"last"])
        self.assertEqual([child["ShardId"] for child in rest[-1]["ChildShards"]],
                         ["shardId-000000000001", "shardId-000000000002"])
        self.assertNotIn("ContinuationSequenceNumber", rest[-1])
        # And it can be gone on with after any number, as if it had broken off.
        again = client.subscribe_to_shard(ConsumerARN=consumer, ShardId="shardId-000000000000", StartingPosition={
            "Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": live["ContinuationSequenceNumber"]})["EventStream"]
        self.assertEqual([r["Data"] for event in again for r in event["SubscribeToShardEvent"]["Records"]], [b"last"])

    def test_errors_are_the_services_own(self):
        client = self.client()
        client.create_stream(StreamName="s", ShardCount=2)
        account = "under account 000000000000"
        shard = "shardId-000000000000"
        self.assertEqual(self.failure(client.describe_stream, StreamName="none"),
                         ("ResourceNotFoundException", f"Stream none {account} not found."))
        self.assertEqual(self.failure(client.create_stream, StreamName="s", ShardCount=1),
                         ("ResourceInUseException", f"Stream s {account} already exists."))
        self.assertEqual(self.failure(client.get_shard_iterator, StreamName="s", ShardId="shardId-000000000007",
                                      ShardIteratorType="LATEST"),
                         ("ResourceNotFoundException", f"Shard shardId-000000000007 in stream s {account} does not exist"))
        self.assertEqual(self.failure(client.split_shard, StreamName="s", ShardToSplit="shardId-000000000009",
                                      NewStartingHashKey="5"),
                         ("ResourceNotFoundException", f"Could not find shard shardId-000000000009 in stream s {account}."))
        self.assertEqual(self.failure(client.split_shard, StreamName="none", ShardToSplit="x", NewStartingHashKey="5"),
                         ("ResourceNotFoundException", f"Could not find shard x in stream none {account}."))
        self.assertEqual(self.failure(client.merge_shards, StreamName="none", ShardToMerge="0", AdjacentShardToMerge="y"),
                         ("ResourceNotFoundException", f"Could not find shard y in stream none {account}."))
        self.assertEqual(self.failure(client.split_shard, StreamName="s", ShardToSplit=shard, NewStartingHashKey="1"),
                         ("InvalidArgumentException",
                          f"NewStartingHashKey 1 used in SplitShard() on shard {shard} in stream s {account} is not both "
                          "greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey "
                          f"{RING // 2 - 1}."))
        self.assertEqual(self.failure(client.merge_shards, StreamName="s", ShardToMerge=shard,
                                      AdjacentShardToMerge=shard),
                         ("InvalidArgumentException", f"Shards {shard} and {shard} in stream s {account} are not an "
                                                      "adjacent pair of shards eligible for merging"))
        self.assertEqual(self.failure(client.put_record, StreamName="s", PartitionKey="k", Data=b"",
                                      ExplicitHashKey=str(RING)),
                         ("InvalidArgumentException", "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: "
                                                      f"[0, 2^128-1]. Specified value was {RING}"))
        self.assertEqual(self.failure(client.get_records, ShardIterator="AAAA"),
                         ("InvalidArgumentException", "Invalid ShardIterator."))
        self.assertEqual(self.failure(client.increase_stream_retention_period, StreamName="s", RetentionPeriodHours=23),
                         ("InvalidArgumentException", "Minimum allowed retention period is 24 hours. Requested retention "
                                                      "period (23 hours) is too short."))
        self.assertEqual(self.failure(client.put_records, StreamName="s",
                                      Records=[{"PartitionKey": "k", "Data": b"x" * 600_000}] * 9),
                         ("InvalidArgumentException", "Records size exceeds 5 MB limit"))
        self.assertEqual(self.post("PutRecord", {"StreamName": "s", "PartitionKey": "", "Data": ""}),
                         {"__type": "ValidationException",
                          "message": "1 validation error detected: Value '' at 'partitionKey' failed to satisfy "
                                     "constraint: Member must have length greater than or equal to 1"})
        self.assertEqual(self.post("PutRecord", {"StreamName": "s", "PartitionKey": 5}),
                         {"__type": "SerializationException",
                          "Message": "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted "
                                     "to an String"})
        self.assertEqual(self.post("PutRecords", {"StreamName": "s", "Records": [None]}),
                         {"__type": "ValidationException",
                          "message": "1 validation error detected: Value '[null]' at 'records' failed to satisfy "
                                     "constraint: Member must satisfy constraint: [Member must not be null]"})
        self.assertEqual(self.post("Nothing", {}), {"__type": "UnknownOperationException"})
        self.assertEqual(self.post("PutRecord", b"{"), {"__type": "SerializationException"})
        self.assertEqual(self.post("ListStreams", {}, authorization=""),
                         {"__type": "MissingAuthenticationTokenException", "message": "Missing Authentication Token"})

    def test_signatures_are_checked_against_the_keys(self):
        keys = self.folder / "keys"
        keys.write_text("[ana]\naws_access_key_id = AKIDANA\naws_secret_access_key = wJalr/secret\n"
                        "[ben]\naws_access_key_id = AKIDBEN\naws_secret_access_key = other\n"
                        "aws_account_id = 123456789012\n")
        self.server = self.serve(options=["--aws-keys", keys])
        ana = client_of(self.server, "AKIDANA", "wJalr/secret")
        ana.create_stream(StreamName="s", ShardCount=1)
        ben = client_of(self.server, "AKIDBEN", "other")
        self.assertEqual(ben.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"],
                         "arn:aws:kinesis:eu-central-1:123456789012:stream/s")
        self.assertEqual(self.failure(client_of(self.server, "AKIDANA", "wrong").list_streams)[0],
                         "InvalidSignatureException")
        self.assertEqual(self.failure(client_of(self.server, "NOBODY", "x").list_streams)[0],
                         "UnrecognizedClientException")
        # A body that was changed on the way.
        self.assertEqual(self.post("ListStreams", {}, authorization="AWS4-HMAC-SHA256 Credential=AKIDANA/20260101/"
                                   "us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00")["__type"],
                         "InvalidSignatureException")

    def test_temporary_keys_go_with_their_token_and_end(self):
        keys = self.folder / "keys"
        keys.write_text("[now]\naws_access_key_id = ASIANOW\naws_secret_access_key = s\naws_session_token = t0ken/+=\n"
                        "aws_session_expiration = 2999-01-01T00:00:00Z\n"
                        "[then]\naws_access_key_id = ASIATHEN\naws_secret_access_key = s\naws_session_token = t0ken/+=\n"
                        "aws_session_expiration = 2020-01-01T00:00:00Z\n")
        self.server = self.serve(options=["--aws-keys", keys])

        def client(key, token):
            return boto3.client("kinesis", endpoint_url=self.server.url, region_name="eu-central-1", aws_access_key_id=key,
                                aws_secret_access_key="s", aws_session_token=token,
                                config=botocore.config.Config(retries={"max_attempts": 0}))

        self.assertEqual(client("ASIANOW", "t0ken/+=").list_streams()["StreamNames"], [])
        self.assertEqual(self.failure(client("ASIANOW", "another").list_streams)[0], "UnrecognizedClientException")
        self.assertEqual(self.failure(client("ASIANOW", None).list_streams)[0], "UnrecognizedClientException")
        self.assertEqual(self.failure(client("ASIATHEN", "t0ken/+=").list_streams)[0], "ExpiredTokenException")

    def test_beyond_loopback_keys_are_needed(self):
        server = Server(self.folder)
        server.options = ["--listen", f"0.0.0.0:{server.port}"]
        self.addCleanup(server.stop)
        server.start()
        code, message = self.failure(client_of(server).list_streams)
        self.assertEqual(code, "AccessDeniedException")
        self.assertIn("--aws-keys", message)
        firehose = boto3.client("firehose", endpoint_url=server.url, region_name="eu-central-1", aws_access_key_id="a",
                                aws_secret_access_key="b", config=botocore.config.Config(retries={"max_attempts": 0}))
        self.assertEqual(self.failure(firehose.list_delivery_streams)[0], "AccessDeniedException")
        server.stop()
        keys = self.folder / "keys"
        keys.write_text("[ana]\naws_access_key_id = AKIDANA\naws_secret_access_key = s\n")
        server.options += ["--aws-keys", keys]
        server.start()
        self.assertEqual(client_of(server, "AKIDANA", "s").list_streams()["StreamNames"], [])
        self.assertEqual(self.failure(client_of(server).list_streams)[0], "UnrecognizedClientException")

    def test_streams_of_applications_and_of_the_api_are_the_same(self):
        example = self.example("order-flood")
        (example / "tailrace.yaml").write_text((example / "tailrace.yaml").read_text().replace("agent: agent.json", ""))
        client = self.client()
        client.create_stream(StreamName="mywebsiteorder", ShardCount=1)
        self.server.stop()
        self.server = self.serve(example)
        client = client_of(self.server)
        self.assertEqual(client.list_streams()["StreamNames"], ["mywebsiteorder"])
        order = {"InvoiceNo": "1", "StockCode": "2", "Customer": "3", "Quantity": "1", "UnitPrice": "2.5"}
        client.put_record(StreamName="mywebsiteorder", PartitionKey="k", Data=json.dumps(order).encode())
        wait_until(lambda: self.server.rows("SOURCE_SQL_STREAM_001") == 1, "the order to be in the application")
        code, message = self.failure(client.delete_stream, StreamName="mywebsiteorder")
        self.assertEqual(code, "ResourceInUseException")
        self.assertIn("order-flood", message)

    def test_cbor_and_json_meet(self):
        client = self.client()
        client.create_stream(StreamName="s", ShardCount=1)
        # {"StreamName": "s", "Data": 'hello', "PartitionKey": "p"}, as the Java SDK writes it.
        body = bytes.fromhex("a36a53747265616d4e616d65617364446174614568656c6c6f6c506172746974696f6e4b65796170")
        request = urllib.request.Request(self.server.url, data=body, headers={
            "content-type": "application/x-amz-cbor-1.1", "x-amz-target": "Kinesis_20131202.PutRecord",
            "authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, "
                             "Signature=0", "x-amz-date": "20260101T000000Z"})
        with urllib.request.urlopen(request, timeout=30) as response:
            self.assertEqual(response.headers["content-type"], "application/x-amz-cbor-1.1")
            answer = response.read()
        number = answer[answer.index(b"SequenceNumber") + 16:][:56].decode()
        records, _ = read_shard(client, "s", "shardId-000000000000")
        self.assertEqual([(r["Data"], r["PartitionKey"], r["SequenceNumber"]) for r in records],
                         [(b"hello", "p", number)])

    def test_subscriptions_over_http2(self):
        client = self.client()
        client.create_stream(StreamName="s", ShardCount=1)
        arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
        consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
        data = [f"{n}".encode() * 100_000 for n in range(9)]  # More than the first windows of HTTP/2 let through.
        for bytes_ in data:
            client.put_record(StreamName="s", PartitionKey="k", Data=bytes_)
        client.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(RING // 2))
        done = subprocess.run(
            ["curl", "-sS", "--http2-prior-knowledge", "--max-time", "30", self.server.url,
             "-H", "content-type: application/x-amz-json-1.1", "-H", "x-amz-target: Kinesis_20131202.SubscribeToShard",
             "-H", "x-amz-date: 20260101T000000Z", "-H", "authorization: AWS4-HMAC-SHA256 Credential=k/20260101/"
             "us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0",
             "-d", json.dumps({"ConsumerARN": consumer, "ShardId": "shardId-000000000000",
                               "StartingPosition": {"Type": "TRIM_HORIZON"}})], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        buffer = botocore.eventstream.EventStreamBuffer()
        buffer.add_data(done.stdout)
        events = [(event.headers[":event-type"], json.loads(event.payload)) for event in buffer]
        self.assertEqual(events[0], ("initial-response", {}))
        self.assertEqual([base64.b64decode(r["Data"]) for _, payload in events[1:] for r in payload["Records"]], data)
        self.assertEqual(len(events[-1][1]["ChildShards"]), 2)

    def test_settings_are_kept(self):
        client = self.client()
        client.create_stream(StreamName="s", ShardCount=1, Tags={"team": "web"})
        arn = "arn:aws:kinesis:eu-central-1:000000000000:stream/s"
        client.add_tags_to_stream(StreamName="s", Tags={"cost": "low"})
        client.tag_resource(ResourceARN=arn, Tags={"stage": "test"})
        client.remove_tags_from_stream(StreamName="s", TagKeys=["cost"])
        client.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=48)
        client.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingBytes"])
        client.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
        client.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=4096)
        client.put_resource_policy(ResourceARN=arn, Policy="{}")
        self.server.kill()
        self.server.start()
        self.assertEqual(client.list_tags_for_stream(StreamName="s")["Tags"],
                         [{"Key": "stage", "Value": "test"}, {"Key": "team", "Value": "web"}])
        summary = client.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
        self.assertEqual((summary["RetentionPeriodHours"], summary["EnhancedMonitoring"], summary["EncryptionType"],
                          summary["KeyId"], summary["MaxRecordSizeInKiB"]),
                         (48, [{"ShardLevelMetrics": ["IncomingBytes"]}], "KMS", "alias/aws/kinesis", 4096))
        big = client.put_record(StreamName="s", PartitionKey="k", Data=b"x" * 3_000_000)
        self.assertEqual(big["EncryptionType"], "KMS")
        records, _ = read_shard(client, "s", big["ShardId"])
        self.assertEqual(len(records[0]["Data"]), 3_000_000)
        answer = client.update_shard_count(StreamName="s", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
        self.assertEqual((answer["CurrentShardCount"], answer["TargetShardCount"]), (1, 2))
        client.delete_stream(StreamName="s")
        self.assertEqual(client.list_streams()["StreamNames"], [])

    def test_states_follow_the_operation(self):
        client = self.client("--aws-transition", "300")
        client.create_stream(StreamName="s", ShardCount=2)

        def state():
            return client.describe_stream(StreamName="s")["StreamDescription"]["StreamStatus"]

        self.assertEqual(state(), "CREATING")
        wait_until(lambda: state() == "ACTIVE", "the stream to be ACTIVE")
        client.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey="1000")
        self.assertEqual(self.failure(client.split_shard, StreamName="s", ShardToSplit="shardId-000000000001",
                                      NewStartingHashKey=str(RING - 1000)),
                         ("ResourceInUseException",
                          "Stream s under account 000000000000 not ACTIVE, instead in state UPDATING"))
        client.put_record(StreamName="s", PartitionKey="k", Data=b"x")
        wait_until(lambda: state() == "ACTIVE", "the stream to be ACTIVE")
        client.delete_stream(StreamName="s")
        self.assertEqual(state(), "DELETING")
        self.assertEqual(self.failure(client.put_record, StreamName="s", PartitionKey="k", Data=b"x")[0],
                         "ResourceNotFoundException")
        wait_until(lambda: not client.list_streams()["StreamNames"], "the stream to be gone")

    def test_rates_are_kept_when_they_are_wanted(self):
        client = self.client("--aws-throttle")
        client.create_stream(StreamName="s", ShardCount=1)
        entries = [{"PartitionKey": "k", "Data": b"x"}] * 500
        failed = sum(client.put_records(StreamName="s", Records=entries)["FailedRecordCount"] for _ in range(4))
        self.assertGreater(failed, 0)
        self.assertLess(failed, 1000)
        answer = client.put_records(StreamName="s", Records=entries)
        codes = {record["ErrorCode"] for record in answer["Records"] if "ErrorCode" in record}
        self.assertEqual(codes, {"ProvisionedThroughputExceededException"})
        self.assertEqual(len(answer["Records"]), 500)

    def test_the_aws_command_over_tls(self):
        server = self.server = self.serve(options=["--tls-development"])
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_PAGER": "",
                       "AWS_CA_BUNDLE": str(self.folder / "data" / "tls" / "development.crt")}

        def aws(*words):
            done = subprocess.run(["aws", "--endpoint-url", server.url.replace("http:", "https:"), "--region",
                                   "us-east-1", "--output", "json", "kinesis", *words], env=environment,
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout) if done.stdout else None

        aws("create-stream", "--stream-name", "cli", "--shard-count", "1")
        aws("put-record", "--stream-name", "cli", "--partition-key", "k", "--data", "hello")
        iterator = aws("get-shard-iterator", "--stream-name", "cli", "--shard-id", "0", "--shard-iterator-type",
                       "TRIM_HORIZON")["ShardIterator"]
        records = aws("get-records", "--shard-iterator", iterator)["Records"]
        self.assertEqual([record["Data"] for record in records], ["aGVsbG8="])


if __name__ == "__main__":
    unittest.main()
