#include "ingest/metrics/metrics_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "stream/world_test.h"

namespace tailrace::ingest {
namespace {

using stream::DataOf;
using stream::ReadAll;
using testing::ElementsAre;

class MetricsSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    TAILRACE_ASSERT_OK_AND_ASSIGN(store_, world_.OpenStore());
    TAILRACE_ASSERT_OK_AND_ASSIGN(stream_, store_->Create("health", {}));
  }

  std::unique_ptr<MetricsSource> Source(MetricsSourceConfig config) {
    return std::make_unique<MetricsSource>(std::move(config), stream_,
                                           MetricsSource::Environment{world_.log, metrics_});
  }

  stream::TestWorld world_;
  MetricsRegistry metrics_;  // Only what the test puts in.
  std::unique_ptr<stream::StreamStore> store_;
  std::shared_ptr<stream::Stream> stream_;
};

TEST_F(MetricsSourceTest, WritesARecordForEachSeriesThatIsAskedFor) {
  const auto source = Source({.names = {"lag_seconds", "hits_total"}});
  metrics_.GetGauge("lag_seconds", "Lag.", {{"delivery_stream", "a \"b\"\n"}}).Set(12.5);
  metrics_.GetGauge("lag_seconds", "Lag.", {{"delivery_stream", "Z"}, {"kind", "s3"}}).Set(0);
  metrics_.GetCounter("hits_total", "Hits.").Add(7);
  metrics_.GetGauge("other", "Not asked for.").Set(1);
  source->Sample();
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stored, ReadAll(*stream_, 0));
  EXPECT_THAT(DataOf(stored),
              ElementsAre(R"({"metric":"hits_total","labels":{},"value":7})",
                          R"({"metric":"lag_seconds","labels":{"delivery_stream":"Z","kind":"s3"},"value":0})",
                          R"({"metric":"lag_seconds","labels":{"delivery_stream":"a \"b\"\n"},"value":12.5})"));
  EXPECT_EQ(stored[0].partition_key, "hits_total");
  EXPECT_EQ(stored[0].arrival_unix_ms, stream::kTestStartUnixMs);
  EXPECT_EQ(metrics_.Read("tailrace_metrics_records_total", {{"stream", "health"}}), 3);
}

TEST_F(MetricsSourceTest, WritesAllWithoutNamesAndLeavesOutWhatIsNoNumber) {
  metrics_.GetGauge("bad", "No number.").Set(std::numeric_limits<double>::quiet_NaN());
  metrics_.GetGauge("good", "A number.").Set(-1);
  Source({})->Sample();
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stored, ReadAll(*stream_, 0));
  // Its own two counters are metrics too.
  EXPECT_THAT(DataOf(stored),
              ElementsAre(R"({"metric":"good","labels":{},"value":-1})",
                          R"({"metric":"tailrace_metrics_records_total","labels":{"stream":"health"},"value":0})",
                          R"({"metric":"tailrace_metrics_refused_total","labels":{"stream":"health"},"value":0})"));
}

TEST_F(MetricsSourceTest, CountsWhatTheStreamDoesNotTake) {
  const auto source = Source({.names = {"good"}});
  metrics_.GetGauge("good", "A number.").Set(1);
  TAILRACE_ASSERT_OK(store_->Delete("health"));
  source->Sample();
  source->Sample();
  EXPECT_EQ(metrics_.Read("tailrace_metrics_refused_total", {{"stream", "health"}}), 2);
  EXPECT_EQ(metrics_.Read("tailrace_metrics_records_total", {{"stream", "health"}}), 0);
}

}  // namespace
}  // namespace tailrace::ingest
