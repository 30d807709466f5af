#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sink/delivery/definition.h"
#include "sink/delivery/destination.h"
#include "sink/delivery/partition_query.h"
#include "stream/aggregated_record.h"

namespace tailrace::sink::delivery {

// What happens to records on the way.
//
// Threads  One owner.
class Processor {
 public:
  struct Environment {
    // Starts the process that runs the partition expression; empty: it runs in this one, without limits.
    std::vector<std::string> worker;
    std::function<bool()> stopping;  // Whether Run is to end early; null: never.
    // The hash keys that a shard takes or took; null: all.
    std::function<std::optional<stream::HashKeyRange>(stream::ShardId shard)> range_of;
  };

  // Errors  kInvalidArgument: the partition expression.
  static Result<std::unique_ptr<Processor>> Make(const Processing& processing, Environment environment);

  // Puts the items that the span's records become into the delivery; what fails goes to its failures. What the Kinesis
  // Producer Library packed into one record is as many; of these, those fail that do not belong to the shard, as their
  // producer sends them again to where they belong. When the partition expression exceeds its limits for kExceededMax
  // items one after the other, the rest fails with them.
  // Errors  kCancelled; kUnavailable: the expression cannot run now. The delivery is incomplete then.
  Status Run(const Span& span, Delivery& delivery);

  static constexpr int kExceededMax = 3;

 private:
  Processor(const Processing& processing, Environment environment)
      : processing_(processing), environment_(std::move(environment)) {}
  Status RunRecord(const SpanRecord& record, Delivery& delivery);
  Status RunUnit(const SpanRecord& record, std::string_view data, uint32_t& part, Delivery& delivery);
  Status Unpack(std::string& data, std::vector<std::string>& parts) const;
  Status AddItem(const SpanRecord& record, uint32_t part, std::string data, Delivery& delivery);
  Result<PartitionKeys> Partition(std::string_view data);
  bool Belongs(const stream::AggregatedPart& part, stream::ShardId shard);

  const Processing processing_;
  const Environment environment_;
  std::unique_ptr<PartitionQuery> query_;
  std::map<stream::ShardId, stream::HashKeyRange> ranges_;  // As far as asked for; a shard's range never changes.
  int exceeded_ = 0;                                        // Items of the span, one after the other, up to this one.
};

// The JSON values that stand one after the other in a text, each as written. An array gives its elements.
// Errors  kInvalidArgument: not JSON.
Result<std::vector<std::string>> SplitJson(std::string_view text);

}  // namespace tailrace::sink::delivery
