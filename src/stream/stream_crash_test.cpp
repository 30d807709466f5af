#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "stream/world_test.h"

// Goal    Whenever the machine or the process dies: every acknowledged record is there exactly once, in its shard's
//         order; nothing half-written, never written or older appears; a producer that repeats what was not answered
//         leaves each of its records once; seals and consumer positions keep their word.
// Method  Random work on a simulated disk that dies after a random number of operations, with failing syncs and a full
//         disk in between; then a restart, a comparison with a model, and on. To replay one case: TAILRACE_SEED=<n>.

namespace tailrace::stream {
namespace {

constexpr ShardId kShards = 2;

// What is known about one record that was given to the stream.
struct Given {
  std::string data;
  bool acknowledged = false;
};

class CrashRun {
 public:
  explicit CrashRun(uint64_t seed) : rng_(seed), world_(rng_.Next()) {
    options_ = {.shards = kShards,
                .retention = std::chrono::hours(24),
                .segment_bytes = kSegmentBytesMin,
                .durability = Durability::kSynced};
  }

  void Run() {
    for (int life = 0; life < 8; ++life) {
      SCOPED_TRACE(StrCat("life ", life));
      world_.disk.SetFaults({.ops_before_crash = rng_.Below(400),
                             .write_failure = rng_.Chance(0.2) ? 0.05 : 0.0,
                             .sync_failure = rng_.Chance(0.2) ? 0.05 : 0.0,
                             .capacity_bytes = rng_.Chance(0.2) ? rng_.Below(600'000) : ~uint64_t{0}});
      Live();
      stream_.reset();
      store_.reset();
      world_.disk.Restart(rng_.Chance(0.3) ? sim::Outage::kProcessKilled : sim::Outage::kPowerLost);
      ASSERT_NO_FATAL_FAILURE(Check());
    }
  }

 private:
  // Works until the disk dies or enough is done.
  void Live() {
    if (!Open().ok()) return;
    for (int step = 0; step < 60 && !world_.disk.crashed(); ++step) {
      switch (rng_.Below(8)) {
        case 0:
          world_.clock.Advance(std::chrono::milliseconds(rng_.Below(3)));
          break;
        case 1:
          sealed_ = std::max(sealed_, stream_->Seal(world_.clock.Now()));
          break;
        case 2:
          SaveConsumer();
          break;
        case 3:
          store_->Maintain().Ignore("a full or dead disk may refuse");
          break;
        case 4:
        case 5:
          ProducerAppend();
          break;
        default:
          Append();
      }
    }
  }

  Status Open() {
    TAILRACE_ASSIGN_OR_RETURN(store_, world_.OpenStore());
    auto found = store_->Find("s");
    if (!found.ok() && found.error().code == ErrorCode::kNotFound) found = store_->Create("s", options_);
    TAILRACE_ASSIGN_OR_RETURN(stream_, std::move(found));
    stream_->Seal(sealed_);  // As an application does after a restart.
    return Ok();
  }

  RecordInput Input(const std::string& data) {
    const HashKey key = rng_.Chance(0.5) ? HashKey{0} : kHashKeyMax;
    return {.partition_key = "k", .explicit_hash_key = key, .data = data};
  }

  void Append() {
    std::vector<std::string> data;
    for (uint64_t n = 1 + rng_.Below(30); n > 0; --n)
      data.push_back(StrCat("r", next_name_++, rng_.Bytes(rng_.Below(1500))));
    std::vector<RecordInput> records;
    for (const std::string& bytes : data) records.push_back(Input(bytes));
    const auto outcome = stream_->Append(records);
    ASSERT_TRUE(outcome.ok());
    for (size_t i = 0; i < data.size(); ++i) {
      const ShardId shard = outcome->places[i].shard;
      given_[shard].push_back({data[i], outcome->FailureOf(shard) == nullptr});
    }
  }

  // Sends the producer's records that were not answered yet again, as an agent does that starts from its position.
  void ProducerAppend() {
    if (unanswered_.empty() || rng_.Chance(0.5)) {
      for (uint64_t n = 1 + rng_.Below(5); n > 0; --n) {
        unanswered_.emplace_back(StrCat("p", next_number_++), rng_.Chance(0.5) ? HashKey{0} : kHashKeyMax);
      }
    }
    std::vector<RecordInput> records;
    for (const auto& [data, key] : unanswered_) {
      records.push_back({.partition_key = "k", .explicit_hash_key = key, .data = data});
    }
    const auto outcome = stream_->Append(records, ProducerInput{"agent", next_number_ - unanswered_.size()});
    ASSERT_TRUE(outcome.ok());
    if (!outcome->status().ok()) return;
    for (const auto& [data, key] : unanswered_) answered_.insert(data);
    unanswered_.clear();
  }

  void SaveConsumer() {
    ++consumer_value_;
    if (stream_->SaveConsumer("c", {{0, consumer_value_}}).ok()) consumer_saved_ = consumer_value_;
  }

  void Check() {
    TAILRACE_ASSERT_OK(Open());
    std::set<std::string> from_producer;
    for (ShardId shard = 0; shard < kShards; ++shard) {
      TAILRACE_ASSERT_OK_AND_ASSIGN(const std::vector<StoredRecord> records, ReadAll(*stream_, shard));
      ASSERT_NO_FATAL_FAILURE(CheckShard(shard, records, from_producer));
    }
    for (const std::string& data : answered_) EXPECT_TRUE(from_producer.contains(data)) << data << " is lost";
    const auto consumer = stream_->LoadConsumer("c");
    if (consumer_saved_ > 0) {
      TAILRACE_ASSERT_OK(consumer);
      EXPECT_GE(consumer->at(0), consumer_saved_);
      EXPECT_LE(consumer->at(0), consumer_value_);
    }
    stream_.reset();
    store_.reset();
  }

  void CheckShard(ShardId shard, const std::vector<StoredRecord>& records, std::set<std::string>& from_producer) {
    std::vector<Given>& given = given_[shard];
    size_t next_given = 0;
    int64_t arrival = 0;
    uint64_t last_number = 0;
    for (size_t i = 0; i < records.size(); ++i) {
      ASSERT_EQ(records[i].sequence, i);
      ASSERT_GE(records[i].arrival_unix_ms, arrival);
      arrival = records[i].arrival_unix_ms;
      if (records[i].data.starts_with("p")) {
        const auto number = ParseInt64(std::string_view(records[i].data).substr(1));
        ASSERT_TRUE(number.has_value());
        ASSERT_GT(static_cast<uint64_t>(*number), last_number) << "out of order, or twice";
        last_number = static_cast<uint64_t>(*number);
        from_producer.insert(records[i].data);
        continue;
      }
      // Records that were not acknowledged may be missing, all others not.
      while (next_given < given.size() && given[next_given].data != records[i].data) {
        ASSERT_FALSE(given[next_given].acknowledged) << "record given as number " << next_given << " is lost";
        given.erase(given.begin() + static_cast<ptrdiff_t>(next_given));
      }
      ASSERT_LT(next_given, given.size()) << "record " << i << " was never given, or not here";
      given[next_given].acknowledged = true;  // It is readable: from now on it may not vanish.
      ++next_given;
    }
    for (size_t i = next_given; i < given.size(); ++i) {
      ASSERT_FALSE(given[i].acknowledged) << "record given as number " << i << " is lost";
    }
    given.resize(next_given);
    // Nothing that a seal promised to be complete has grown.
    const auto sealed_count =
        static_cast<size_t>(std::count_if(records.begin(), records.end(), [&](const auto& record) {
          return record.arrival_unix_ms <= ToUnixMs(checked_seal_);
        }));
    if (checked_seal_ > Timestamp{} && sealed_counts_.contains(shard)) {
      EXPECT_EQ(sealed_count, sealed_counts_[shard]);
    }
    if (shard + 1 == kShards) checked_seal_ = sealed_;
    pending_counts_[shard] = static_cast<size_t>(std::count_if(records.begin(), records.end(), [&](const auto& record) {
      return record.arrival_unix_ms <= ToUnixMs(sealed_);
    }));
    if (shard + 1 == kShards) sealed_counts_ = pending_counts_;
  }

  Rng rng_;
  TestWorld world_;
  StreamOptions options_;
  std::unique_ptr<StreamStore> store_;
  std::shared_ptr<Stream> stream_;
  uint64_t next_name_ = 0;
  std::map<ShardId, std::vector<Given>> given_;
  uint64_t next_number_ = 1;
  std::vector<std::pair<std::string, HashKey>> unanswered_;
  std::set<std::string> answered_;
  Sequence consumer_value_ = 0;
  Sequence consumer_saved_ = 0;
  Timestamp sealed_{};
  Timestamp checked_seal_{};
  std::map<ShardId, size_t> sealed_counts_;
  std::map<ShardId, size_t> pending_counts_;
};

TEST(StreamCrashTest, KeepsItsPromisesWheneverItDies) {
  for (const uint64_t seed : sim::Seeds()) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    CrashRun run(seed);
    run.Run();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(StreamCrashTest, RelaxedStreamsKeepAllWhenKilledAndAFirstPartWhenPowerFails) {
  bool some_lost = false;
  for (const uint64_t seed : sim::Seeds(100)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    TestWorld world(rng.Next());
    std::vector<std::string> given;
    {
      TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
      TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Create("s", {.segment_bytes = kSegmentBytesMin,
                                                                           .durability = Durability::kRelaxed}));
      for (uint64_t appends = rng.Below(120); appends > 0; --appends) {
        std::vector<std::string> data;
        for (uint64_t n = 1 + rng.Below(5); n > 0; --n) data.push_back(rng.Bytes(rng.Below(1000)));
        TAILRACE_ASSERT_OK(stream->Append(Inputs(data)));
        given.insert(given.end(), data.begin(), data.end());
      }
    }
    const auto outage = rng.Chance(0.5) ? sim::Outage::kProcessKilled : sim::Outage::kPowerLost;
    world.disk.Restart(outage);
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Find("s"));
    const std::vector<std::string> found = DataOf(*ReadAll(*stream, 0));
    ASSERT_LE(found.size(), given.size());
    EXPECT_TRUE(std::equal(found.begin(), found.end(), given.begin()));
    if (found.size() < given.size()) {
      EXPECT_EQ(outage, sim::Outage::kPowerLost);
      some_lost = true;
    }
    TAILRACE_EXPECT_OK(stream->Append(Inputs({"more"})));
  }
  // One seed alone need not lose anything.
  EXPECT_TRUE(some_lost || sim::Seeds(100).size() < 100);
}

// A frame's worth of records and some more, so that an append of all makes two frames, and one of `kFirstFrame` the
// same first frame: 56 + 65 x (6 + 3 + 1000) bytes is the first size beyond 64 KiB.
constexpr size_t kFirstFrame = 65;
std::vector<std::string> TwoFrames() { return std::vector<std::string>(kFirstFrame + 5, std::string(1000, 'x')); }

TEST(StreamCrashTest, RemainsOfATornAppendNeverComeBack) {
  TestWorld world;
  std::vector<std::string> data = TwoFrames();
  {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Create("s", {}));
    TAILRACE_ASSERT_OK(stream->Append(Inputs({"before"})));
    world.disk.SetFaults({.ops_before_crash = 1});  // The write succeeds, its sync does not.
    EXPECT_FALSE(stream->Append(Inputs(data))->status().ok());
  }
  world.disk.Restart(sim::Outage::kProcessKilled);
  world.disk.Overwrite(SegmentPath("s", 0, 1), 4096 + 72 + 1000, "torn");  // In the first of the two frames.
  data.resize(kFirstFrame);
  {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Find("s"));
    EXPECT_EQ(ReadAll(*stream, 0)->size(), 1u);
    EXPECT_GT(world.metrics.Read("tailrace_stream_torn_bytes_total", {{"stream", "s"}}), 65'000);
    TAILRACE_ASSERT_OK(stream->Append(Inputs(data)));
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Find("s"));
  EXPECT_EQ(ReadAll(*stream, 0)->size(), 1 + kFirstFrame);
}

TEST(StreamCrashTest, RemainsOfAFailedWriteNeverComeBack) {
  for (const uint64_t seed : sim::Seeds(20)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    TestWorld world(seed);
    std::vector<std::string> data = TwoFrames();
    {
      TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
      TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Create("s", {}));
      TAILRACE_ASSERT_OK(stream->Append(Inputs({"before"})));
      world.disk.SetFaults({.write_failure = 1.0});
      EXPECT_FALSE(stream->Append(Inputs(data))->status().ok());
      world.disk.SetFaults({});
      data.resize(kFirstFrame);
      TAILRACE_ASSERT_OK(stream->Append(Inputs(data)));
    }
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Find("s"));
    EXPECT_EQ(ReadAll(*stream, 0)->size(), 1 + kFirstFrame);
  }
}

TEST(StreamCrashTest, DamageBeforeAcknowledgedRecordsIsNotTakenForATornEnd) {
  TestWorld world;
  {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Create("s", {}));
    for (const char* data : {"a", "b", "c"}) TAILRACE_ASSERT_OK(stream->Append(Inputs({data})));
  }
  // Each frame has 56 + 6 + 3 + 1 bytes, padded to 72. The second one becomes zeros, as if never written.
  world.disk.Overwrite(SegmentPath("s", 0, 1), 4096 + 72, std::string(72, '\0'));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
  const auto found = store->Find("s");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kCorruption);
  EXPECT_NE(found.error().message.find("at offset 4168"), std::string::npos) << found.error().message;
}

}  // namespace
}  // namespace tailrace::stream
