#include "stream/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream/segment.h"
#include "stream/world_test.h"

namespace tailrace::stream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class StreamTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    store_.reset();
    auto opened = world_.OpenStore();
    TAILRACE_ASSERT_OK(opened);
    store_ = std::move(opened).value();
  }
  std::shared_ptr<Stream> Make(const StreamOptions& options = {}, const std::string& name = "s") {
    auto made = store_->Create(name, options);
    TAILRACE_CHECK(made.ok());
    return std::move(made).value();
  }
  // Closes everything as a clean stop does and opens it again.
  std::shared_ptr<Stream> Again(std::shared_ptr<Stream>& stream) {
    const std::string name = stream->name();
    stream.reset();
    Reopen();
    auto found = store_->Find(name);
    TAILRACE_EXPECT_OK(found);
    return std::move(found).value();
  }
  static Status Append(Stream& stream, const std::vector<std::string>& data, std::optional<ProducerInput> producer = {},
                       std::string_view key = "key") {
    TAILRACE_ASSIGN_OR_RETURN(const AppendOutcome outcome, stream.Append(Inputs(data, key), producer));
    return outcome.status();
  }

  TestWorld world_;
  std::unique_ptr<StreamStore> store_;
};

TEST_F(StreamTest, KeepsRecordsInOrderAcrossRestarts) {
  auto stream = Make();
  TAILRACE_ASSERT_OK_AND_ASSIGN(const AppendOutcome outcome, stream->Append(Inputs({"a", "b"})));
  ASSERT_EQ(outcome.places.size(), 2u);
  EXPECT_EQ(outcome.places[0].sequence, 0u);
  EXPECT_EQ(outcome.places[1].sequence, 1u);
  stream = Again(stream);
  TAILRACE_ASSERT_OK(Append(*stream, {"c"}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto records, ReadAll(*stream, 0));
  EXPECT_THAT(records,
              ElementsAre(StoredRecord{0, kTestStartUnixMs, "key", "a"}, StoredRecord{1, kTestStartUnixMs, "key", "b"},
                          StoredRecord{2, kTestStartUnixMs + 1, "key", "c"}));
}

TEST_F(StreamTest, RoutesByHashKeyAsTheServiceDoes) {
  auto stream = Make({.shards = 3});
  // Measured on the service: "a" goes to shard 0 of 3, "b" to 1, "e" to 2, "f" to 1.
  const std::vector<RecordInput> records = {{.partition_key = "a", .data = "1"},
                                            {.partition_key = "b", .data = "2"},
                                            {.partition_key = "e", .data = "3"},
                                            {.partition_key = "f", .data = "4"},
                                            {.partition_key = "a", .explicit_hash_key = kHashKeyMax, .data = "5"}};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const AppendOutcome outcome, stream->Append(records));
  TAILRACE_ASSERT_OK(outcome.status());
  std::vector<ShardId> shards;
  std::vector<Sequence> sequences;
  for (const RecordPlace& place : outcome.places) {
    shards.push_back(place.shard);
    sequences.push_back(place.sequence);
  }
  EXPECT_THAT(shards, ElementsAre(0, 1, 2, 1, 2));
  EXPECT_THAT(sequences, ElementsAre(0, 0, 0, 1, 1));
  EXPECT_EQ(stream->ShardFor("e"), 2u);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto second, ReadAll(*stream, 1));
  EXPECT_THAT(DataOf(second), ElementsAre("2", "4"));
}

TEST_F(StreamTest, AsynchronousAppendsCallBackOnceWithAllPlaces) {
  auto stream = Make({.shards = 2});
  std::mutex mutex;
  std::condition_variable condition;
  std::vector<AppendOutcome> outcomes;
  for (int i = 0; i < 20; ++i) {
    const std::vector<RecordInput> records = {{.partition_key = "a", .explicit_hash_key = HashKey{0}, .data = "low"},
                                              {.partition_key = "a", .explicit_hash_key = kHashKeyMax, .data = "high"}};
    stream->AppendAsync(records, {}, [&](Result<AppendOutcome> outcome) {
      const std::lock_guard lock(mutex);
      ASSERT_TRUE(outcome.ok());
      outcomes.push_back(std::move(outcome).value());
      condition.notify_all();
    });
  }
  std::unique_lock lock(mutex);
  condition.wait(lock, [&] { return outcomes.size() == 20; });
  for (const AppendOutcome& outcome : outcomes) {
    TAILRACE_EXPECT_OK(outcome.status());
    EXPECT_EQ(outcome.places[0].shard, 0u);
    EXPECT_EQ(outcome.places[1].shard, 1u);
  }
  lock.unlock();
  EXPECT_EQ(ReadAll(*stream, 0)->size(), 20u);
  EXPECT_EQ(ReadAll(*stream, 1)->size(), 20u);
}

TEST_F(StreamTest, RefusesWhatIsOutOfRangeWithTheLimits) {
  auto stream = Make({.record_bytes_max = 10});
  const auto code_of = [&](std::string_view key, std::string_view data, std::optional<ProducerInput> producer = {}) {
    const std::vector<RecordInput> records = {{.partition_key = key, .data = data}};
    const auto outcome = stream->Append(records, producer);
    return outcome.ok() ? std::string("ok") : outcome.error().ToString();
  };
  EXPECT_EQ(code_of("k", "123456789"), "ok");
  EXPECT_THAT(code_of("k", "1234567890"), HasSubstr("LimitExceeded: record bytes with partition key out of range: 11"));
  EXPECT_THAT(code_of("", "1"), HasSubstr("InvalidArgument: partition key length out of range: 0, allowed 1 to 256"));
  TAILRACE_ASSERT_OK(stream->SetRecordBytesMax(kRecordBytesLimit));
  std::string umlauts;
  for (int i = 0; i < 256; ++i) umlauts += "ä";
  EXPECT_EQ(code_of(umlauts, "1"), "ok");
  EXPECT_THAT(code_of(umlauts + "a", "1"), HasSubstr("out of range: 257"));
  EXPECT_THAT(code_of("k", "1", ProducerInput{"", 1}), HasSubstr("producer id length out of range: 0"));
  EXPECT_THAT(code_of("k", "1", ProducerInput{"p", 0}), HasSubstr("producer numbers begin with 1"));
  EXPECT_EQ(code_of("k", std::string(kRecordBytesLimit - 1, 'x')), "ok");
  EXPECT_EQ(ReadAll(*stream, 0)->back().data.size(), kRecordBytesLimit - 1);
}

TEST_F(StreamTest, ArrivalsNeverGoBack) {
  auto stream = Make({.shards = 2});
  TAILRACE_ASSERT_OK(Append(*stream, {"1"}, {}, "a"));
  world_.clock.SetNow(FromUnixMs(kTestStartUnixMs - 5000));
  const std::vector<RecordInput> other = {{.partition_key = "a", .explicit_hash_key = kHashKeyMax, .data = "2"}};
  TAILRACE_ASSERT_OK(stream->Append(other));
  EXPECT_EQ(ReadAll(*stream, 1)->front().arrival_unix_ms, kTestStartUnixMs);
  stream = Again(stream);
  TAILRACE_ASSERT_OK(stream->Append(other));
  // Whoever has read the first one may have passed its time.
  EXPECT_EQ(ReadAll(*stream, 1)->back().arrival_unix_ms, kTestStartUnixMs + 1);
}

TEST_F(StreamTest, NothingArrivesAtOrBeforeASeal) {
  auto stream = Make();
  const Timestamp now = world_.clock.Now();
  EXPECT_EQ(stream->Seal(now), now);
  TAILRACE_ASSERT_OK(Append(*stream, {"a"}));
  EXPECT_GT(ReadAll(*stream, 0)->back().arrival_unix_ms, ToUnixMs(now));
  // Renewed after a restart with a clock that was set back.
  stream = Again(stream);
  world_.clock.SetNow(now - std::chrono::hours(1));
  const Timestamp sealed_before = now + Milliseconds(77);
  EXPECT_EQ(stream->Seal(sealed_before), sealed_before);
  TAILRACE_ASSERT_OK(Append(*stream, {"b"}));
  EXPECT_EQ(ReadAll(*stream, 0)->back().arrival_unix_ms, ToUnixMs(sealed_before) + 1);
}

TEST_F(StreamTest, LocatesEveryStartPoint) {
  auto stream = Make();
  for (int i = 0; i < 5; ++i) {
    TAILRACE_ASSERT_OK(Append(*stream, {StrCat(i, "a"), StrCat(i, "b")}));
    world_.clock.Advance(std::chrono::milliseconds(10));
  }
  const auto locate = [&](StartPoint start) { return *stream->Locate(0, start); };
  const auto at = [&](int64_t ms) {
    return locate({.kind = StartPoint::Kind::kAtTimestamp, .timestamp = FromUnixMs(kTestStartUnixMs + ms)});
  };
  EXPECT_EQ(locate({.kind = StartPoint::Kind::kTrimHorizon}), 0u);
  EXPECT_EQ(locate({.kind = StartPoint::Kind::kLatest}), 10u);
  EXPECT_EQ(locate({.kind = StartPoint::Kind::kAtSequence, .sequence = 3}), 3u);
  EXPECT_EQ(locate({.kind = StartPoint::Kind::kAfterSequence, .sequence = 3}), 4u);
  EXPECT_EQ(stream->Locate(0, {.kind = StartPoint::Kind::kAfterSequence, .sequence = 10}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(at(-1), 0u);
  EXPECT_EQ(at(0), 0u);
  EXPECT_EQ(at(1), 2u);
  EXPECT_EQ(at(10), 2u);
  EXPECT_EQ(at(40), 8u);
  EXPECT_EQ(at(41), 10u);
  EXPECT_EQ(stream->Locate(1, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(*stream->BehindLatest(0, 2), Milliseconds(40));
  EXPECT_EQ(*stream->BehindLatest(0, 10), Milliseconds(0));
}

TEST_F(StreamTest, FindsTimesThroughManySegmentsAndFrames) {
  auto stream = Make({.segment_bytes = kSegmentBytesMin});
  for (int i = 0; i < 300; ++i) {
    TAILRACE_ASSERT_OK(Append(*stream, {std::string(1000, 'x')}));
    world_.clock.Advance(std::chrono::milliseconds(1));
  }
  for (const bool restarted : {false, true}) {
    if (restarted) stream = Again(stream);
    for (const int64_t i : {0, 1, 57, 58, 123, 298, 299, 300}) {
      EXPECT_EQ(
          *stream->Locate(0, {.kind = StartPoint::Kind::kAtTimestamp, .timestamp = FromUnixMs(kTestStartUnixMs + i)}),
          static_cast<Sequence>(i));
    }
  }
}

TEST_F(StreamTest, BatchesKeepToTheirLimitsAndGoOnExactly) {
  auto stream = Make({.segment_bytes = kSegmentBytesMin});
  std::vector<std::string> written;
  Rng rng(3);
  for (int i = 0; i < 200; ++i) {
    std::vector<std::string> some;
    for (uint64_t n = 1 + rng.Below(20); n > 0; --n) some.push_back(rng.Bytes(rng.Below(2000)));
    TAILRACE_ASSERT_OK(Append(*stream, some));
    written.insert(written.end(), some.begin(), some.end());
  }
  for (const ReadLimits limits : {ReadLimits{}, ReadLimits{1, 1}, ReadLimits{7, 100'000}, ReadLimits{10'000, 5'000},
                                  ReadLimits{10'000, 10 << 20}}) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto records, ReadAll(*stream, 0, 0, limits));
    EXPECT_EQ(DataOf(records), written);
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(ShardReader reader, stream->Read(0, 100));
  RecordBatch batch;
  TAILRACE_ASSERT_OK(reader.Read({.records_max = 7, .bytes_max = 1 << 20}, batch));
  ASSERT_EQ(batch.records().size(), 7u);
  EXPECT_EQ(batch.records()[0].data, written[100]);
  EXPECT_EQ(batch.next_sequence(), 107u);
  EXPECT_FALSE(batch.caught_up());
  reader.Seek(written.size());
  TAILRACE_ASSERT_OK(reader.Read({}, batch));
  EXPECT_TRUE(batch.records().empty());
  EXPECT_TRUE(batch.caught_up());
}

TEST_F(StreamTest, ARecordLargerThanASegmentGetsItsOwn) {
  auto stream = Make({.segment_bytes = kSegmentBytesMin});
  TAILRACE_ASSERT_OK(Append(*stream, {"small"}));
  const std::string large(300'000, 'L');
  TAILRACE_ASSERT_OK(Append(*stream, {large}));
  TAILRACE_ASSERT_OK(Append(*stream, {"after"}));
  stream = Again(stream);
  EXPECT_THAT(DataOf(*ReadAll(*stream, 0)), ElementsAre("small", large, "after"));
}

TEST_F(StreamTest, DropsWhatAProducerSendsAgain) {
  auto stream = Make();
  TAILRACE_ASSERT_OK(Append(*stream, {"1", "2", "3"}, ProducerInput{"file", 1}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const AppendOutcome outcome,
                                stream->Append(Inputs({"2", "3", "4"}), ProducerInput{"file", 2}));
  EXPECT_TRUE(outcome.places[0].duplicate);
  EXPECT_TRUE(outcome.places[1].duplicate);
  EXPECT_FALSE(outcome.places[2].duplicate);
  EXPECT_EQ(outcome.places[2].sequence, 3u);
  TAILRACE_ASSERT_OK(Append(*stream, {"other"}, ProducerInput{"another", 1}));
  EXPECT_EQ(world_.metrics.Read("tailrace_stream_duplicates_total", {{"stream", "s"}}), 2);
  stream = Again(stream);
  EXPECT_EQ(*stream->ProducerSequence(0, "file"), 4u);
  EXPECT_EQ(*stream->ProducerSequence(0, "another"), 1u);
  EXPECT_EQ(*stream->ProducerSequence(0, "unknown"), 0u);
  TAILRACE_ASSERT_OK(Append(*stream, {"3", "4"}, ProducerInput{"file", 3}));
  EXPECT_THAT(DataOf(*ReadAll(*stream, 0)), ElementsAre("1", "2", "3", "4", "other"));
}

TEST_F(StreamTest, TakesProducerNumbersWithHoles) {
  auto stream = Make();
  const uint64_t first[] = {3, 7, 8};
  TAILRACE_ASSERT_OK(Append(*stream, {"3", "7", "8"}, ProducerInput{"p", 3, first}));
  stream = Again(stream);
  EXPECT_EQ(*stream->ProducerSequence(0, "p"), 8u);
  const uint64_t again[] = {7, 8, 20};
  TAILRACE_ASSERT_OK(Append(*stream, {"7", "8", "20"}, ProducerInput{"p", 7, again}));
  EXPECT_EQ(*stream->ProducerSequence(0, "p"), 20u);
  EXPECT_THAT(DataOf(*ReadAll(*stream, 0)), ElementsAre("3", "7", "8", "20"));

  for (const std::vector<uint64_t>& wrong : {std::vector<uint64_t>{21}, std::vector<uint64_t>{21, 21},
                                             std::vector<uint64_t>{22, 21}, std::vector<uint64_t>{30, 31}}) {
    EXPECT_EQ(Append(*stream, {"a", "b"}, ProducerInput{"p", 21, wrong}).error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(StreamTest, RemembersProducersWhenTheirSegmentsAreGone) {
  auto stream = Make({.retention = Milliseconds(1000), .segment_bytes = kSegmentBytesMin});
  TAILRACE_ASSERT_OK(Append(*stream, {"1", "2"}, ProducerInput{"file", 1}));
  for (int i = 0; i < 200; ++i) TAILRACE_ASSERT_OK(Append(*stream, {std::string(1000, 'x')}));
  world_.clock.Advance(std::chrono::seconds(2));
  TAILRACE_ASSERT_OK(store_->Maintain());
  EXPECT_EQ(ReadAll(*stream, 0)->size(), 0u);
  stream = Again(stream);
  EXPECT_EQ(*stream->ProducerSequence(0, "file"), 2u);
  EXPECT_EQ(stream->Describe().shards[0].next_sequence, 202u);
}

TEST_F(StreamTest, RetentionRemovesWholeOldSegmentsAndShowsIt) {
  auto stream = Make({.retention = std::chrono::hours(1), .segment_bytes = kSegmentBytesMin});
  for (int i = 0; i < 200; ++i) TAILRACE_ASSERT_OK(Append(*stream, {std::string(1000, 'x')}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(ShardReader slow, stream->Read(0, 0));
  world_.clock.Advance(std::chrono::minutes(61));
  for (int i = 0; i < 200; ++i) TAILRACE_ASSERT_OK(Append(*stream, {std::string(1000, 'y')}));
  TAILRACE_ASSERT_OK(store_->Maintain());
  const ShardDescription shard = stream->Describe().shards[0];
  EXPECT_GT(shard.oldest_sequence, 100u);
  EXPECT_LE(shard.oldest_sequence, 200u);
  RecordBatch batch;
  TAILRACE_ASSERT_OK(slow.Read({}, batch));
  EXPECT_EQ(batch.lost_to_retention(), shard.oldest_sequence);
  EXPECT_EQ(batch.records().front().sequence, shard.oldest_sequence);
  EXPECT_EQ(*stream->Locate(0, {.kind = StartPoint::Kind::kAtSequence, .sequence = 1}), shard.oldest_sequence);
  stream = Again(stream);
  EXPECT_EQ(stream->Describe().shards[0].oldest_sequence, shard.oldest_sequence);
  EXPECT_EQ(ReadAll(*stream, 0)->size(), 400 - shard.oldest_sequence);
}

TEST_F(StreamTest, RetentionByBytesKeepsTheNewest) {
  auto stream = Make({.retention_bytes = 200'000, .segment_bytes = kSegmentBytesMin});
  for (int i = 0; i < 500; ++i) TAILRACE_ASSERT_OK(Append(*stream, {std::string(1000, 'x')}));
  TAILRACE_ASSERT_OK(store_->Maintain());
  const ShardDescription shard = stream->Describe().shards[0];
  EXPECT_LE(shard.bytes, 200'000u);
  EXPECT_GT(shard.bytes, 100'000u);
  EXPECT_EQ(shard.next_sequence, 500u);
}

TEST_F(StreamTest, RetentionSparesWhatIsNewerThanTheSeal) {
  auto stream = Make({.retention = Milliseconds(1)});
  stream->Seal(world_.clock.Now());
  TAILRACE_ASSERT_OK(Append(*stream, {"a"}));
  world_.clock.Advance(std::chrono::hours(1));
  TAILRACE_ASSERT_OK(store_->Maintain());
  EXPECT_EQ(ReadAll(*stream, 0)->size(), 1u);
  stream->Seal(world_.clock.Now());
  TAILRACE_ASSERT_OK(store_->Maintain());
  EXPECT_EQ(ReadAll(*stream, 0)->size(), 0u);
}

TEST_F(StreamTest, RecyclesFilesWithoutShowingWhatWasInThem) {
  auto stream = Make({.retention = Milliseconds(1), .segment_bytes = kSegmentBytesMin});
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 150; ++i)
      TAILRACE_ASSERT_OK(Append(*stream, {std::string(1000, static_cast<char>('a' + round))}));
    world_.clock.Advance(std::chrono::seconds(1));
    TAILRACE_ASSERT_OK(store_->Maintain());
  }
  TAILRACE_ASSERT_OK(Append(*stream, {"last"}));
  stream = Again(stream);
  EXPECT_THAT(DataOf(*ReadAll(*stream, 0)), ElementsAre("last"));
  EXPECT_EQ(ReadAll(*stream, 0)->front().sequence, 750u);
}

TEST_F(StreamTest, KeepsConsumersPositions) {
  auto stream = Make({.shards = 2});
  EXPECT_EQ(stream->LoadConsumer("app/flow:1").error().code, ErrorCode::kNotFound);
  TAILRACE_ASSERT_OK(stream->SaveConsumer("app/flow:1", {{0, 5}, {1, 7}}));
  TAILRACE_ASSERT_OK(stream->SaveConsumer("app/flow:1", {{0, 6}, {1, 7}}));
  TAILRACE_ASSERT_OK(stream->SaveConsumer("b", {}));
  world_.disk.Restart();
  stream = Again(stream);
  EXPECT_THAT(*stream->LoadConsumer("app/flow:1"), ElementsAre(std::pair(0, 6), std::pair(1, 7)));
  EXPECT_THAT(*stream->ListConsumers(), ElementsAre("app/flow:1", "b"));
  TAILRACE_ASSERT_OK(stream->DeleteConsumer("b"));
  EXPECT_EQ(stream->LoadConsumer("b").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(stream->SaveConsumer("no spaces", {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(stream->SaveConsumer("", {}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(StreamTest, TellsListenersAndWaitingReaders) {
  auto stream = Make();
  int calls = 0;
  {
    const Subscription subscription = stream->Subscribe([&] { ++calls; });
    TAILRACE_ASSERT_OK(Append(*stream, {"a"}));
    EXPECT_EQ(calls, 1);
  }
  TAILRACE_ASSERT_OK(Append(*stream, {"b"}));
  EXPECT_EQ(calls, 1);
  TAILRACE_ASSERT_OK_AND_ASSIGN(ShardReader reader, stream->Read(0, 2));
  EXPECT_FALSE(reader.Wait(std::chrono::milliseconds(0)));
  std::thread appender([&] { TAILRACE_EXPECT_OK(Append(*stream, {"c"})); });
  EXPECT_TRUE(reader.Wait(std::chrono::minutes(1)));
  appender.join();
}

TEST_F(StreamTest, SplitsAndMergesShards) {
  auto stream = Make();
  const HashKey half = HashKey{1} << 127;
  TAILRACE_ASSERT_OK(Append(*stream, {"old"}, ProducerInput{"p", 1}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto children, stream->Split(0, half));
  EXPECT_THAT(children, ElementsAre(1, 2));
  EXPECT_EQ(stream->Split(0, half).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(stream->Split(1, half).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(stream->ShardFor(HashKey{0}), 1u);
  EXPECT_EQ(stream->ShardFor(half), 2u);
  EXPECT_EQ(*stream->ProducerSequence(2, "p"), 1u);
  const std::vector<RecordInput> records = {{.partition_key = "k", .explicit_hash_key = half, .data = "new"}};
  TAILRACE_ASSERT_OK(stream->Append(records));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const ShardId merged, stream->Merge(2, 1));
  EXPECT_EQ(merged, 3u);
  TAILRACE_ASSERT_OK(Append(*stream, {"newest"}));
  for (const bool restarted : {false, true}) {
    if (restarted) stream = Again(stream);
    const StreamDescription description = stream->Describe();
    ASSERT_EQ(description.shards.size(), 4u);
    EXPECT_FALSE(description.shards[0].open);
    EXPECT_THAT(description.shards[1].parents, ElementsAre(0));
    EXPECT_EQ(description.shards[1].range, (HashKeyRange{0, half - 1}));
    EXPECT_THAT(description.shards[3].parents, ElementsAre(2, 1));
    EXPECT_EQ(description.shards[3].range, (HashKeyRange{0, kHashKeyMax}));
    EXPECT_THAT(DataOf(*ReadAll(*stream, 0)), ElementsAre("old"));
    EXPECT_THAT(DataOf(*ReadAll(*stream, 2)), ElementsAre("new"));
    EXPECT_THAT(DataOf(*ReadAll(*stream, 3)), ElementsAre("newest"));
    TAILRACE_ASSERT_OK_AND_ASSIGN(ShardReader reader, stream->Read(0, 1));
    RecordBatch batch;
    TAILRACE_ASSERT_OK(reader.Read({}, batch));
    EXPECT_TRUE(batch.shard_ended());
    EXPECT_TRUE(reader.Wait(std::chrono::minutes(1)));
  }
  world_.clock.Advance(std::chrono::hours(25));
  TAILRACE_ASSERT_OK(store_->Maintain());
  ASSERT_EQ(stream->Describe().shards.size(), 1u);
  EXPECT_EQ(stream->Describe().shards[0].id, 3u);
  stream = Again(stream);
  EXPECT_EQ(stream->Describe().shards.size(), 1u);
}

TEST_F(StreamTest, AFullDiskRefusesAndRecoversByItself) {
  auto stream = Make({.segment_bytes = kSegmentBytesMin});
  TAILRACE_ASSERT_OK(Append(*stream, {"first"}, ProducerInput{"p", 1}));
  world_.disk.SetFaults({.capacity_bytes = 0});
  Status status = Ok();
  int appended = 0;
  while ((status = Append(*stream, {std::string(1000, 'x')})).ok()) ++appended;
  EXPECT_EQ(status.error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(Append(*stream, {std::string(1000, 'x')}, ProducerInput{"p", 2}).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(*stream->ProducerSequence(0, "p"), 1u);
  EXPECT_EQ(stream->Seal(world_.clock.Now()), world_.clock.Now());  // Nothing is under way.
  world_.disk.SetFaults({});
  TAILRACE_ASSERT_OK(Append(*stream, {"after"}, ProducerInput{"p", 2}));
  stream = Again(stream);
  const auto records = *ReadAll(*stream, 0);
  EXPECT_EQ(records.size(), static_cast<size_t>(appended) + 2);
  EXPECT_EQ(records.back().data, "after");
}

TEST_F(StreamTest, AFailedSyncStopsTheShardUntilReopened) {
  auto stream = Make();
  TAILRACE_ASSERT_OK(Append(*stream, {"good"}));
  world_.disk.SetFaults({.sync_failure = 1.0});
  EXPECT_FALSE(Append(*stream, {"unsure"}).ok());
  world_.disk.SetFaults({});
  const Status status = Append(*stream, {"refused"});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(status.error().message, HasSubstr("a sync failed"));
  EXPECT_THAT(DataOf(*ReadAll(*stream, 0)), ElementsAre("good"));
  stream = Again(stream);
  TAILRACE_ASSERT_OK(Append(*stream, {"again"}));
  world_.disk.Restart();
  stream = Again(stream);
  auto data = DataOf(*ReadAll(*stream, 0));
  std::erase(data, "unsure");  // It may be there: its append was answered with a failure after it was written.
  EXPECT_THAT(data, ElementsAre("good", "again"));
}

TEST_F(StreamTest, DamageClosesOneStreamAndNamesThePlace) {
  auto stream = Make();
  TAILRACE_ASSERT_OK(Append(*stream, {"a"}));
  TAILRACE_ASSERT_OK(Append(*stream, {"b"}));
  auto other = Make({}, "other");
  TAILRACE_ASSERT_OK(Append(*other, {"fine"}));
  const std::string path = SegmentPath("s", 0, 1);
  world_.disk.Overwrite(path, kSegmentHeaderAlignment + 60, "?");
  stream.reset();
  other = Again(other);
  const auto found = store_->Find("s");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(found.error().message, HasSubstr(StrCat(path, " at offset 4096")));
  const auto list = store_->List();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_FALSE(list[0].damage.has_value());
  EXPECT_TRUE(list[1].damage.has_value());
  EXPECT_THAT(DataOf(*ReadAll(*other, 0)), ElementsAre("fine"));
  EXPECT_EQ(store_->Create("s", {}).error().code, ErrorCode::kAlreadyExists);
  TAILRACE_ASSERT_OK(store_->Delete("s"));
  EXPECT_EQ(store_->Find("s").error().code, ErrorCode::kNotFound);
}

TEST_F(StreamTest, DamageInASealedSegmentIsFoundWhenRead) {
  auto stream = Make({.segment_bytes = kSegmentBytesMin});
  for (int i = 0; i < 200; ++i) TAILRACE_ASSERT_OK(Append(*stream, {std::string(1000, 'x')}));
  TAILRACE_ASSERT_OK(store_->Maintain());  // Stores the indexes.
  world_.disk.Overwrite(SegmentPath("s", 0, 1), 20'000, "?");
  stream = Again(stream);
  const auto records = ReadAll(*stream, 0);
  ASSERT_FALSE(records.ok());
  EXPECT_EQ(records.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(records.error().message, HasSubstr(SegmentPath("s", 0, 1) + " at offset "));
}

TEST_F(StreamTest, ADamagedIndexIsReplacedByReadingTheSegment) {
  auto stream = Make({.segment_bytes = kSegmentBytesMin});
  for (int i = 0; i < 200; ++i) TAILRACE_ASSERT_OK(Append(*stream, {std::string(1000, 'x')}));
  TAILRACE_ASSERT_OK(store_->Maintain());
  std::string index = SegmentPath("s", 0, 1);
  index.replace(index.size() - 7, 7, "index");
  ASSERT_TRUE(Exists(world_.disk, index));
  world_.disk.Overwrite(index, 30, "??");
  stream = Again(stream);
  EXPECT_EQ(ReadAll(*stream, 0)->size(), 200u);
}

TEST_F(StreamTest, AMissingSegmentIsDamage) {
  auto stream = Make({.segment_bytes = kSegmentBytesMin});
  for (int i = 0; i < 200; ++i) TAILRACE_ASSERT_OK(Append(*stream, {std::string(1000, 'x')}));
  stream.reset();
  store_.reset();
  TAILRACE_ASSERT_OK(world_.disk.Remove(SegmentPath("s", 0, 2)));
  Reopen();
  EXPECT_THAT(store_->Find("s").error().message, HasSubstr("the segment is missing"));
}

TEST_F(StreamTest, ADeletedStreamIsGoneForThoseWhoHoldIt) {
  auto stream = Make();
  TAILRACE_ASSERT_OK(Append(*stream, {"a"}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(ShardReader reader, stream->Read(0, 1));
  TAILRACE_ASSERT_OK(store_->Delete("s"));
  EXPECT_TRUE(reader.Wait(std::chrono::minutes(1)));
  RecordBatch batch;
  EXPECT_EQ(reader.Read({}, batch).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Append(*stream, {"b"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(stream->SaveConsumer("c", {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store_->Delete("s").error().code, ErrorCode::kNotFound);
  auto again = Make();
  EXPECT_EQ(ReadAll(*again, 0)->size(), 0u);
  EXPECT_NE(again->Describe().id, stream->Describe().id);
}

TEST_F(StreamTest, KeepsSettingsAndChecksNames) {
  auto stream = Make({.shards = 2, .durability = Durability::kRelaxed, .labels = {{"team", "web"}}});
  TAILRACE_ASSERT_OK(stream->SetRetention(std::chrono::hours(48), 1 << 30));
  TAILRACE_ASSERT_OK(stream->SetLabels({{"mode", "x"}}));
  EXPECT_EQ(stream->SetRetention(Milliseconds(0), 0).error().code, ErrorCode::kInvalidArgument);
  stream = Again(stream);
  const StreamOptions options = stream->Describe().options;
  EXPECT_EQ(options.shards, 2u);
  EXPECT_EQ(options.retention, std::chrono::hours(48));
  EXPECT_EQ(options.retention_bytes, 1u << 30);
  EXPECT_EQ(options.durability, Durability::kRelaxed);
  EXPECT_THAT(options.labels, ElementsAre(std::pair("mode", "x")));
  for (const char* name : {"", "a/b", "ä", " "}) {
    EXPECT_EQ(store_->Create(name, {}).error().code, ErrorCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(store_->Create("t", {.shards = 0}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_->Create("t", {.segment_bytes = 1}).error().code, ErrorCode::kInvalidArgument);
  TAILRACE_EXPECT_OK(store_->Create("..", {}));
}

}  // namespace
}  // namespace tailrace::stream
