#include "sink/delivery/delivery_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "sim/assert_ok.h"
#include "sim/seeds.h"
#include "sink/delivery/world_test.h"

namespace tailrace::sink::delivery {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string Line(int number, size_t size) {
  std::string line = StrCat("{\"n\":", number, ",\"fill\":\"");
  line.resize(size - 2, 'x');
  return line + "\"}";
}

std::string Concatenated(const std::map<std::string, std::string>& objects) {
  std::string all;
  for (const auto& [name, bytes] : objects) all += bytes;
  return all;
}

// B1-6: 60 s or 1 MiB; two records of 500 B a second make one object a minute, with all records of that minute.
TEST(DeliveryStreamTest, B1_6_MakesAnObjectAMinuteWhenRecordsAreFew) {
  DeliveryWorld world;
  ASSERT_TRUE(world.OpenStream().ok());
  ASSERT_TRUE(world.OpenDelivery(ArchiveTo("/archive", 1 << 20, seconds(60))).ok());
  std::vector<int64_t> written_ms;
  size_t objects = 0;
  std::string expected;
  for (int second = 0; second < 181; ++second) {
    for (int half = 0; half < 2; ++half) {
      world.StepNow();
      if (world.Objects().size() > objects) {
        objects = world.Objects().size();
        written_ms.push_back(ToUnixMs(world.clock.Now()) - DeliveryWorld::kStartUnixMs);
      }
      const std::string line = Line(second * 2 + half, 500);
      if (second < 180) expected += line + "\n";
      if (second < 180) ASSERT_TRUE(world.Put(line).ok());
      world.clock.Advance(Milliseconds(500));
    }
  }
  ASSERT_EQ(written_ms.size(), 3U);
  for (size_t i = 0; i < written_ms.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(written_ms[i]), 60'000.0 * static_cast<double>(i + 1), 1'000) << i;
  }
  for (const auto& [name, bytes] : world.Objects()) {
    EXPECT_EQ(std::ranges::count(bytes, '\n'), 120);
    EXPECT_THAT(name, MatchesRegex("/archive/2023/11/14/22/web-1-2023-11-14-22-1[345]-20-"
                                   "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  }
  EXPECT_EQ(Concatenated(world.Objects()), expected);
}

// B1-6: at 5 MB/s an object at each 1 MiB, and at most one batch more.
TEST(DeliveryStreamTest, B1_6_MakesAnObjectAtEachMebibyteWhenRecordsAreMany) {
  DeliveryWorld world;
  ASSERT_TRUE(world.OpenStream({.record_bytes_max = 1 << 20}).ok());
  ASSERT_TRUE(world.OpenDelivery(ArchiveTo("/archive", 1 << 20, seconds(60))).ok());
  constexpr size_t kRecordBytes = 10'000;
  for (int tenth = 0; tenth < 20; ++tenth) {
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(world.Put(Line(tenth * 50 + i, kRecordBytes)).ok());
    world.clock.Advance(Milliseconds(100));
    world.StepNow();
  }
  const auto objects = world.Objects();
  EXPECT_EQ(objects.size(), 20U * 50 * kRecordBytes / ((1 << 20) / kRecordBytes + 1) / kRecordBytes);
  for (const auto& [name, bytes] : objects) {
    const size_t without_line_ends = bytes.size() - static_cast<size_t>(std::ranges::count(bytes, '\n'));
    EXPECT_GE(without_line_ends, 1U << 20);
    EXPECT_LT(without_line_ends, (1U << 20) + kRecordBytes);
  }
}

// B1-7: the target is away for half an hour; records wait on disk and all are delivered then, in order.
TEST(DeliveryStreamTest, B1_7_DeliversEverythingInOrderAfterAnOutage) {
  DeliveryWorld world;
  ASSERT_TRUE(world.OpenStream().ok());
  std::vector<std::pair<std::string, std::string>> stored;  // Path and body.
  bool down = true;
  world.net.SetAnswer([&](const HttpRequest& request) -> Result<HttpResponse> {
    if (down) return Error{ErrorCode::kUnavailable, "no connection"};
    stored.emplace_back(request.url, request.body);
    return HttpResponse{.status = 200};
  });
  DeliveryDefinition definition = ArchiveTo("", 1 << 20, seconds(60));
  definition.destination = ArchiveConfig{.store = S3StoreConfig{.bucket = "archive", .endpoint = "http://s3.test"}};
  ASSERT_TRUE(world.OpenDelivery(definition).ok());
  std::string expected;
  for (int second = 0; second < 30 * 60; ++second) {
    const std::string line = Line(second, 500);
    expected += line + "\n";
    ASSERT_TRUE(world.Put(line).ok());
    world.Pass(seconds(1));
  }
  DeliveryStatus status = world.delivery->status();
  EXPECT_EQ(status.state, "retrying");
  EXPECT_THAT(status.error, HasSubstr("no connection"));
  EXPECT_EQ(status.waiting_records, 1800U);
  EXPECT_NEAR(static_cast<double>(status.lag.count()), 1'800'000, 2'000);
  EXPECT_NEAR(world.metrics.Read("tailrace_delivery_lag_seconds", {{"delivery_stream", "web"}}), 1'800, 2);
  // No more tries than its back-off of 30 s allows.
  EXPECT_LT(world.net.requests.size(), 80U);

  down = false;
  world.Pass(seconds(40));
  std::string delivered;
  for (const auto& [url, body] : stored) delivered += body;
  EXPECT_EQ(delivered, expected.substr(0, delivered.size()));
  world.Pass(seconds(60));
  delivered.clear();
  for (const auto& [url, body] : stored) delivered += body;
  EXPECT_EQ(delivered, expected);
  EXPECT_EQ(stored.size(), 30U);  // The same objects as without the outage: one a minute.
  status = world.delivery->status();
  EXPECT_EQ(status.error, "");
  EXPECT_EQ(status.waiting_records, 0U);
  EXPECT_EQ(status.lag.count(), 0);
  EXPECT_EQ(status.lost_records, 0U);
}

// B1-7: it is the stream's retention that decides, and what it takes is reported.
TEST(DeliveryStreamTest, B1_7_ReportsWhatRetentionRemoved) {
  DeliveryWorld world;
  ASSERT_TRUE(world.OpenStream({.retention = minutes(60), .segment_bytes = stream::kSegmentBytesMin}).ok());
  DeliveryDefinition definition = ArchiveTo("", kBufferBytesMin, seconds(60));
  definition.destination = ArchiveConfig{.store = S3StoreConfig{.bucket = "archive", .endpoint = "http://s3.test"}};
  ASSERT_TRUE(world.OpenDelivery(definition).ok());
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(world.Put(Line(i, 1'000)).ok());
  world.Pass(minutes(2), seconds(1));
  world.clock.Advance(minutes(70));
  ASSERT_TRUE(world.store->Maintain().ok());
  ASSERT_TRUE(world.Put("late").ok());
  std::string delivered;
  world.net.SetAnswer([&](const HttpRequest& request) -> Result<HttpResponse> {
    delivered += request.body;
    return HttpResponse{.status = 200};
  });
  world.Pass(minutes(2), seconds(1));
  const DeliveryStatus status = world.delivery->status();
  EXPECT_GT(status.lost_records, 0U);
  EXPECT_EQ(status.records + status.lost_records, 401U);
  EXPECT_EQ(world.metrics.Read("tailrace_delivery_lost_records_total", {{"delivery_stream", "web"}}),
            static_cast<double>(status.lost_records));
  EXPECT_TRUE(delivered.ends_with("late\n"));
}

// A crash anywhere: no half object, and the objects together hold each acknowledged record once.
TEST(DeliveryStreamTest, KeepsEachRecordInOneObjectWhereverItCrashes) {
  for (const uint64_t seed : sim::Seeds(30)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    DeliveryWorld world(seed);
    std::vector<std::string> acknowledged;
    int number = 0;
    DeliveryDefinition definition = ArchiveTo("/archive", kBufferBytesMin, seconds(60));
    definition.processing.newline = NewlineRule::kAlways;
    for (int life = 0; life < 6; ++life) {
      const bool last = life == 5;
      if (!last) world.disk.SetFaults({.ops_before_crash = 40 + rng.Below(400)});
      const auto live = [&]() -> Status {
        TAILRACE_TRY(world.OpenStream({.segment_bytes = stream::kSegmentBytesMin}));
        TAILRACE_TRY(world.OpenDelivery(definition));
        for (int i = 0; i < 120 && !world.disk.crashed(); ++i) {
          const std::string record = StrCat(number++, ":", rng.Bytes(1 + rng.Below(8'000)));
          std::string line = ToHex(record);
          TAILRACE_TRY(world.Put(line));
          acknowledged.push_back(std::move(line));
          if (rng.Chance(0.2)) world.clock.Advance(seconds(20));
          if (rng.Chance(0.5)) world.delivery->Step();
        }
        return Ok();
      };
      const Status lived = live();
      if (last) {
        ASSERT_TRUE(lived.ok()) << lived.error().message;
        world.Pass(minutes(3), seconds(1));
      }
      world.Crash();
      if (!last) world.disk.Restart(rng.Chance(0.5) ? sim::Outage::kPowerLost : sim::Outage::kProcessKilled);
    }
    std::map<std::string, int> times;
    for (const auto& [name, bytes] : world.Objects()) {
      ASSERT_TRUE(bytes.ends_with('\n')) << name;
      for (const std::string_view line : Split(std::string_view(bytes).substr(0, bytes.size() - 1), '\n')) {
        ++times[std::string(line)];
      }
    }
    for (const std::string& line : acknowledged) ASSERT_EQ(times[line], 1) << line.substr(0, 20);
    for (const auto& [line, count] : times) EXPECT_EQ(count, 1) << line.substr(0, 20);
  }
}

TEST(DeliveryStreamTest, AppliesAChangeToWhatCannotBeDelivered) {
  DeliveryWorld world;
  ASSERT_TRUE(world.OpenStream().ok());
  DeliveryDefinition definition = ArchiveTo("", 1 << 20, seconds(60));
  definition.destination = ArchiveConfig{.store = S3StoreConfig{.bucket = "wrong", .endpoint = "http://s3.test"}};
  ASSERT_TRUE(world.OpenDelivery(definition).ok());
  ASSERT_TRUE(world.Put("one").ok());
  world.Pass(seconds(70));
  EXPECT_EQ(world.delivery->status().state, "retrying");
  world.delivery->Change({.definition = ArchiveTo("/archive", 1 << 20, seconds(60)), .version = 2});
  world.Pass(seconds(1));
  const auto objects = world.Objects();
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_THAT(objects.begin()->first, HasSubstr("/web-2-2023"));
  EXPECT_EQ(objects.begin()->second, "one\n");
}

TEST(DeliveryStreamTest, PutsPartitionsIntoObjectsOfTheirOwnAndFailuresAside) {
  DeliveryWorld world;
  ASSERT_TRUE(world.OpenStream().ok());
  DeliveryDefinition definition = ArchiveTo("/archive", 1 << 20, seconds(60));
  definition.processing.partition_query = "{customer: .customer.id}";
  auto& archive = std::get<ArchiveConfig>(definition.destination);
  archive.prefix = "by/!{partitionKeyFromQuery:customer}/!{timestamp:yyyy}/";
  archive.error_prefix = "errors/!{firehose:error-output-type}/";
  ASSERT_TRUE(world.OpenDelivery(definition).ok());
  for (const char* const record : {R"({"customer":{"id":"a"},"n":1})", R"({"customer":{"id":"../../b"},"n":2})",
                                   R"({"customer":{"id":"a"},"n":3})", R"({"customer":{"id":4}})", "no json"}) {
    ASSERT_TRUE(world.Put(record).ok());
  }
  world.Pass(seconds(61));
  std::map<std::string, std::string> by_folder;
  for (const auto& [name, bytes] : world.Objects()) by_folder[name.substr(0, name.rfind('/'))] += bytes;
  EXPECT_EQ(by_folder["/archive/by/a/2023"],
            "{\"customer\":{\"id\":\"a\"},\"n\":1}\n{\"customer\":{\"id\":\"a\"},\"n\":3}\n");
  EXPECT_EQ(by_folder["/archive/by/%2E./%2E./b/2023"], "{\"customer\":{\"id\":\"../../b\"},\"n\":2}\n");
  EXPECT_THAT(by_folder["/archive/errors/processing-failed"],
              AllOf(HasSubstr("\"rawData\":\"bm8ganNvbg==\""), HasSubstr("partition key customer is number"),
                    HasSubstr("DynamicPartitioning.MetadataExtractionFailed")));
  EXPECT_EQ(by_folder.size(), 3U);
  EXPECT_EQ(world.delivery->status().failed_records, 2U);
}

TEST(DeliveryStreamTest, ReadsTheShardsOfASplitStreamInOrder) {
  DeliveryWorld world;
  ASSERT_TRUE(world.OpenStream().ok());
  ASSERT_TRUE(world.OpenDelivery(ArchiveTo("/archive", 1 << 20, seconds(60))).ok());
  ASSERT_TRUE(world.Put("one").ok());
  const auto children = world.stream->Split(0, stream::HashKey{1} << 127);
  ASSERT_TRUE(children.ok());
  world.clock.Advance(Milliseconds(1));
  ASSERT_TRUE(world.Put("two").ok());
  world.Pass(seconds(61));
  EXPECT_EQ(Concatenated(world.Objects()), "one\ntwo\n");
}

}  // namespace
}  // namespace tailrace::sink::delivery
