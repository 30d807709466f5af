#include "ingest/formats/aggregate_decoder.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/str.h"
#include "stream/aggregated_record.h"

namespace tailrace::ingest {
namespace {

class AggregateDecoder final : public Decoder {
 public:
  AggregateDecoder(std::unique_ptr<Decoder> inner, ShardRangeOf range_of)
      : inner_(std::move(inner)), range_of_(std::move(range_of)) {}

  Decoded Decode(std::span<const data::Record> records) override {
    const auto first = std::ranges::find_if(records, stream::BeginsAsAggregated, &data::Record::data);
    if (first == records.end()) return inner_->Decode(records);
    Expand(records);
    Decoded decoded = inner_->Decode(expanded_);
    for (uint32_t& record : decoded.record_of_row) record = parents_[record];
    for (DecodeError& error : decoded.errors) {
      error.record = parents_[error.record];
      if (parts_of_[error.record] > 0) {
        error.message += StrCat(" (in one of the ", parts_of_[error.record], " parts of an aggregated record)");
      }
    }
    std::ranges::move(foreign_, std::back_inserter(decoded.errors));
    std::ranges::stable_sort(decoded.errors, {}, &DecodeError::record);
    return decoded;
  }

  std::span<const uint64_t> truncated() const override { return inner_->truncated(); }

 private:
  void Expand(std::span<const data::Record> records) {
    expanded_.clear();
    parents_.clear();
    foreign_.clear();
    parts_of_.assign(records.size(), 0);
    for (uint32_t i = 0; i < records.size(); ++i) {
      const data::Record& record = records[i];
      if (!stream::SplitAggregatedRecord(record.data, parts_)) {
        expanded_.push_back(record);
        parents_.push_back(i);
        continue;
      }
      parts_of_[i] = static_cast<uint32_t>(parts_.size());
      const stream::HashKeyRange range = RangeOf(record.shard);
      const bool everything = range == stream::HashKeyRange{};
      for (const stream::AggregatedPart& part : parts_) {
        if (!everything && !range.Contains(part.hash_key())) {
          foreign_.push_back({.record = i,
                              .name = kParseError,
                              .message = "part of an aggregated record that belongs to another shard; its producer "
                                         "sends it again",
                              .bytes = std::string(part.data)});
          continue;
        }
        data::Record& single = expanded_.emplace_back(record);
        single.data = part.data;
        single.partition_key = part.partition_key;
        parents_.push_back(i);
      }
    }
  }

  stream::HashKeyRange RangeOf(stream::ShardId shard) {
    const auto known = ranges_.find(shard);
    if (known != ranges_.end()) return known->second;
    const auto range = range_of_(shard);
    if (!range.has_value()) return {};
    ranges_.emplace(shard, *range);
    return *range;
  }

  const std::unique_ptr<Decoder> inner_;
  const ShardRangeOf range_of_;
  std::map<stream::ShardId, stream::HashKeyRange> ranges_;  // As far as asked for; a shard's range never changes.

  std::vector<stream::AggregatedPart> parts_;
  std::vector<data::Record> expanded_;
  std::vector<uint32_t> parents_;   // As expanded_: index of the record it came in.
  std::vector<uint32_t> parts_of_;  // As the records: how many parts there are; 0: it was not aggregated.
  std::vector<DecodeError> foreign_;
};

}  // namespace

std::unique_ptr<Decoder> MakeAggregateDecoder(std::unique_ptr<Decoder> inner, ShardRangeOf range_of) {
  return std::make_unique<AggregateDecoder>(std::move(inner), std::move(range_of));
}

}  // namespace tailrace::ingest
