"""Requests of the Kinesis and Firehose APIs with parts taken out, doubled and replaced by values of other kinds: each is
answered, none ends the server or is its failure. The seed is TAILRACE_SEED."""

import copy
import http.client
import json
import os
import random
import unittest

from harness import TestCase

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
BUCKET = {"RoleARN": "arn:aws:iam::1:role/r", "BucketARN": "arn:aws:s3:::b"}
KINESIS = [
    ("CreateStream", {"StreamName": "s", "ShardCount": 2, "StreamModeDetails": {"StreamMode": "PROVISIONED"},
                      "Tags": {"a": "b"}, "MaxRecordSizeInKiB": 1024}),
    ("PutRecord", {"StreamName": "s", "Data": "YQ==", "PartitionKey": "a", "ExplicitHashKey": "5"}),
    ("PutRecords", {"StreamName": "s", "Records": [{"Data": "YQ==", "PartitionKey": "a", "ExplicitHashKey": "7"},
                                                   {"Data": "YWI=", "PartitionKey": "b"}]}),
    ("GetShardIterator", {"StreamName": "s", "ShardId": "0", "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 1.5}),
    ("GetRecords", {"ShardIterator": "AAAA", "Limit": 5, "StreamARN": STREAM}),
    ("ListShards", {"StreamName": "s", "ShardFilter": {"Type": "AT_TIMESTAMP", "ShardId": "0", "Timestamp": 5},
                    "MaxResults": 1, "ExclusiveStartShardId": "0"}),
    ("ListStreams", {"Limit": 1, "ExclusiveStartStreamName": "a", "NextToken": "x"}),
    ("SplitShard", {"StreamName": "s", "ShardToSplit": "0", "NewStartingHashKey": "5"}),
    ("MergeShards", {"StreamName": "s", "ShardToMerge": "0", "AdjacentShardToMerge": "1"}),
    ("UpdateShardCount", {"StreamName": "s", "TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}),
    ("AddTagsToStream", {"StreamName": "s", "Tags": {"x": "y", "z": ""}}),
    ("RemoveTagsFromStream", {"StreamName": "s", "TagKeys": ["x"]}),
    ("TagResource", {"ResourceARN": STREAM, "Tags": {"x": "y"}}),
    ("RegisterStreamConsumer", {"StreamARN": STREAM, "ConsumerName": "c", "Tags": {"a": "b"}}),
    ("DescribeStreamConsumer", {"StreamARN": STREAM, "ConsumerName": "c"}),
    ("SubscribeToShard", {"ConsumerARN": STREAM + "/consumer/none:1", "ShardId": "0",
                          "StartingPosition": {"Type": "LATEST", "SequenceNumber": "5", "Timestamp": 1}}),
    ("EnableEnhancedMonitoring", {"StreamName": "s", "ShardLevelMetrics": ["ALL"]}),
    ("UpdateStreamMode", {"StreamARN": STREAM, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
    ("PutResourcePolicy", {"ResourceARN": STREAM, "Policy": "{}"}),
    ("UpdateAccountSettings", {"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}}),
]
FIREHOSE = [
    ("CreateDeliveryStream", {
        "DeliveryStreamName": "f", "ExtendedS3DestinationConfiguration": {
            **BUCKET, "Prefix": "p/!{partitionKeyFromQuery:a}/", "ErrorOutputPrefix": "e/!{firehose:error-output-type}/",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60}, "CompressionFormat": "GZIP",
            "DynamicPartitioningConfiguration": {"Enabled": True},
            "ProcessingConfiguration": {"Enabled": True, "Processors": [
                {"Type": "MetadataExtraction", "Parameters": [
                    {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{a:.a}"}]},
                {"Type": "RecordDeAggregation", "Parameters": [
                    {"ParameterName": "SubRecordType", "ParameterValue": "DELIMITED"},
                    {"ParameterName": "Delimiter", "ParameterValue": "Cg=="}]}]}},
        "Tags": [{"Key": "a", "Value": "b"}]}),
    ("CreateDeliveryStream", {"DeliveryStreamName": "h", "HttpEndpointDestinationConfiguration": {
        "EndpointConfiguration": {"Url": "https://127.0.0.1:1/", "AccessKey": "k"}, "S3Configuration": BUCKET,
        "RequestConfiguration": {"CommonAttributes": [{"AttributeName": "a", "AttributeValue": "b"}]}}}),
    ("PutRecord", {"DeliveryStreamName": "f", "Record": {"Data": "YQ=="}}),
    ("PutRecordBatch", {"DeliveryStreamName": "f", "Records": [{"Data": "YQ=="}, {"Data": "eyJhIjoiYiJ9"}]}),
    ("DescribeDeliveryStream", {"DeliveryStreamName": "f", "Limit": 1}),
    ("ListDeliveryStreams", {"Limit": 5, "DeliveryStreamType": "DirectPut", "ExclusiveStartDeliveryStreamName": "a"}),
    ("UpdateDestination", {
        "DeliveryStreamName": "f", "CurrentDeliveryStreamVersionId": "1", "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": {"Prefix": "q/!{partitionKeyFromQuery:a}/", "S3BackupUpdate": BUCKET}}),
    ("TagDeliveryStream", {"DeliveryStreamName": "f", "Tags": [{"Key": "k", "Value": "v"}]}),
    ("UntagDeliveryStream", {"DeliveryStreamName": "f", "TagKeys": ["k"]}),
]
STRANGERS = [None, [], {}, "", 0, -1, 1e300, 2 ** 63, True, "x", "a" * 300, "\u0000", "é;", [None], [[]], [{}], {"": ""},
             {"a": None}, "-1", "9" * 41, 0.5, [""], "!{", "arn:aws:kinesis:us-east-1:000000000000:stream/", "$"]


def places(value, place=()):
    """Where values are below this one."""
    if place:
        yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield from places(below, place + (key,))


def mutated(rng, body):
    body = copy.deepcopy(body)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        found = list(places(body))
        if not found:
            break
        place = rng.choice(found)
        holder = body
        for key in place[:-1]:
            holder = holder[key]
        change = rng.random()
        if change < 0.15 and isinstance(holder, dict):
            del holder[place[-1]]
        elif change < 0.3 and isinstance(holder, list):
            holder.append(copy.deepcopy(rng.choice(STRANGERS)))
        else:
            holder[place[-1]] = copy.deepcopy(rng.choice(STRANGERS))
    return body


class MutatedRequests(TestCase):
    def test_each_is_answered(self):
        seed = int(os.environ.get("TAILRACE_SEED", "4"))
        rng = random.Random(seed)
        server = self.serve()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.addCleanup(connection.close)
        answers = {}
        for number in range(1500):
            version, service, operations = rng.choice([("Kinesis_20131202", "kinesis", KINESIS),
                                                       ("Firehose_20150804", "firehose", FIREHOSE)])
            operation, body = rng.choice(operations)
            text = json.dumps(mutated(rng, body))
            what = f"seed {seed}, request {number}: {operation} {text}"
            scope = f"a/20260101/us-east-1/{service}/aws4_request"
            try:
                connection.request("POST", "/", text, {
                    "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{version}.{operation}",
                    "X-Amz-Date": "20260101T000000Z",
                    "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"})
                answer = connection.getresponse()
                answered = answer.read().decode()
            except (OSError, http.client.HTTPException) as error:
                self.fail(f"{what}: {error!r}; the server's exit code: {server.process.child.poll()}")
            self.assertIn(answer.status, (200, 400), f"{what}: {answered}")
            if answer.status == 400:
                self.assertTrue(json.loads(answered)["__type"], what)
            answers[answer.status] = answers.get(answer.status, 0) + 1
        self.assertGreater(min(answers[200], answers[400]), 100, answers)  # Not all of one kind.
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
