// The everyday work of a Kinesis client, with the JavaScript SDK: create, put in batches, consume every shard across a
// split and a merge, subscribe, resume, delete. Prints what happened as one JSON object; test_clients.py judges it.
//
//   node everyday.mjs ENDPOINT STREAM

import {
  CreateStreamCommand, DeleteStreamCommand, DeregisterStreamConsumerCommand, DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand, GetRecordsCommand, GetShardIteratorCommand, KinesisClient, ListShardsCommand,
  MergeShardsCommand, PutRecordCommand, PutRecordsCommand, RegisterStreamConsumerCommand, SplitShardCommand,
  SubscribeToShardCommand, waitUntilStreamExists, waitUntilStreamNotExists,
} from "@aws-sdk/client-kinesis";

const [endpoint, StreamName] = process.argv.slice(2);
const client = new KinesisClient({
  endpoint, region: "eu-central-1", credentials: {accessKeyId: "test", secretAccessKey: "test"},
});
const KEYS = 50;
const numbers = new Map();  // Last number put, by key.

// Tries again until the action gives a value.
async function poll(what, action, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await action();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const active = () => poll("the stream to be active", async () => {
  const {StreamDescriptionSummary: summary} = await client.send(new DescribeStreamSummaryCommand({StreamName}));
  return summary.StreamStatus === "ACTIVE" ? summary : undefined;
});

function nextRecord() {
  const count = [...numbers.values()].reduce((sum, number) => sum + number, 0);
  const PartitionKey = `key-${count % KEYS}`;
  const number = (numbers.get(PartitionKey) ?? 0) + 1;
  numbers.set(PartitionKey, number);
  return {PartitionKey, Data: Buffer.from(JSON.stringify({key: PartitionKey, number, text: "grün"}))};
}

async function putBatches(count) {
  let failed = 0;
  for (let left = count; left > 0; left -= 500) {
    const Records = Array.from({length: Math.min(left, 500)}, nextRecord);
    const answer = await client.send(new PutRecordsCommand({StreamName, Records}));
    failed += answer.FailedRecordCount;
    if (answer.Records.length !== Records.length) throw new Error("answers do not match the records");
  }
  return failed;
}

const listShards = async (filter) =>
  (await client.send(new ListShardsCommand({StreamName, ...(filter ? {ShardFilter: filter} : {})}))).Shards;

// Reads a shard from its beginning to its end, or to where nothing is left; then its children.
async function consume(ShardId, seen, order) {
  if (seen.has(ShardId)) return;
  seen.add(ShardId);
  const {ShardIterator} = await client.send(
    new GetShardIteratorCommand({StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON"}));
  let iterator = ShardIterator;
  while (iterator !== undefined) {
    const answer = await client.send(new GetRecordsCommand({ShardIterator: iterator, Limit: 400}));
    for (const record of answer.Records) {
      const body = JSON.parse(Buffer.from(record.Data).toString());
      if (body.key !== record.PartitionKey || body.text !== "grün") throw new Error("a record is not as it was put");
      if (!order.has(body.key)) order.set(body.key, []);
      order.get(body.key).push(body.number);
    }
    iterator = answer.NextShardIterator;
    if (iterator === undefined) {
      for (const child of answer.ChildShards ?? []) {
        // A child of a merge waits for both of its parents.
        if (child.ParentShards.every((parent) => seen.has(parent))) await consume(child.ShardId, seen, order);
      }
    } else if (answer.Records.length === 0 && answer.MillisBehindLatest === 0) {
      return;
    }
  }
}

async function subscribe(ConsumerARN, ShardId, StartingPosition, count, whenReady = async () => {}) {
  const abort = new AbortController();
  const answer = await poll("the subscription", async () => {
    try {
      return await client.send(
        new SubscribeToShardCommand({ConsumerARN, ShardId, StartingPosition}), {abortSignal: abort.signal});
    } catch (error) {
      if (error.name === "ResourceInUseException") return undefined;  // The one before is not 5 s old.
      throw error;
    }
  });
  await whenReady();
  const texts = [];
  let sequence;
  for await (const event of answer.EventStream) {
    if (!event.SubscribeToShardEvent) throw new Error(`unexpected event ${JSON.stringify(event)}`);
    texts.push(...event.SubscribeToShardEvent.Records.map((record) => Buffer.from(record.Data).toString()));
    sequence = event.SubscribeToShardEvent.ContinuationSequenceNumber ?? sequence;
    if (texts.length >= count) break;
  }
  abort.abort();
  return {texts, sequence};
}

async function main() {
  const result = {};
  await client.send(new CreateStreamCommand({StreamName, ShardCount: 2}));
  await waitUntilStreamExists({client, maxWaitTime: 20, minDelay: 1, maxDelay: 1}, {StreamName});
  const {StreamARN} = await active();
  result.failed = await putBatches(1200);

  const [first] = await listShards();
  const {StartingHashKey, EndingHashKey} = first.HashKeyRange;
  const middle = (BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n;
  await client.send(new SplitShardCommand(
    {StreamName, ShardToSplit: first.ShardId, NewStartingHashKey: middle.toString()}));
  await active();
  result.failed += await putBatches(600);

  const open = (await listShards({Type: "AT_LATEST"}))
    .sort((a, b) => (BigInt(a.HashKeyRange.StartingHashKey) < BigInt(b.HashKeyRange.StartingHashKey) ? -1 : 1));
  result.openAfterSplit = open.length;
  await client.send(new MergeShardsCommand(
    {StreamName, ShardToMerge: open[1].ShardId, AdjacentShardToMerge: open[2].ShardId}));
  await active();
  result.failed += await putBatches(600);

  const order = new Map();
  const seen = new Set();
  for (const shard of (await listShards()).filter((each) => each.ParentShardId === undefined)) {
    await consume(shard.ShardId, seen, order);
  }
  result.shardsRead = seen.size;
  result.keys = order.size;
  result.read = [...order.values()].reduce((sum, list) => sum + list.length, 0);
  result.inOrder = [...order].every(([key, list]) =>
    list.length === numbers.get(key) && list.every((number, index) => number === index + 1));

  const [target] = await listShards({Type: "AT_LATEST"});
  const {Consumer} = await client.send(new RegisterStreamConsumerCommand({StreamARN, ConsumerName: "page"}));
  await poll("the consumer to be active", async () => {
    const {ConsumerDescription} = await client.send(
      new DescribeStreamConsumerCommand({ConsumerARN: Consumer.ConsumerARN}));
    return ConsumerDescription.ConsumerStatus === "ACTIVE" ? true : undefined;
  });
  const put = (text) => client.send(new PutRecordCommand({
    StreamName, PartitionKey: "any", ExplicitHashKey: target.HashKeyRange.StartingHashKey, Data: Buffer.from(text)}));
  const begun = await subscribe(Consumer.ConsumerARN, target.ShardId, {Type: "LATEST"}, 3, async () => {
    for (const text of ["one", "two", "three"]) await put(text);
  });
  result.subscribed = begun.texts;
  for (const text of ["four", "five"]) await put(text);
  const resumed = await subscribe(
    Consumer.ConsumerARN, target.ShardId, {Type: "AFTER_SEQUENCE_NUMBER", SequenceNumber: begun.sequence}, 2);
  result.resumed = resumed.texts;

  await client.send(new DeregisterStreamConsumerCommand({ConsumerARN: Consumer.ConsumerARN}));
  await client.send(new DeleteStreamCommand({StreamName, EnforceConsumerDeletion: true}));
  await waitUntilStreamNotExists({client, maxWaitTime: 20, minDelay: 1, maxDelay: 1}, {StreamName});
  result.protocol = client.config.requestHandler.constructor.name;
  console.log(JSON.stringify(result));
}

await main();
client.destroy();
