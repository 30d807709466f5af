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
      const uint32_t part = error.record;
      error.record = parents_[part];
      if (parts_of_[error.record] > 0) {
        error.message += StrCat(" (part ", part - first_part_[error.record], " of an aggregated record)");
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
    first_part_.assign(records.size(), 0);
    parts_of_.assign(records.size(), 0);
    for (uint32_t i = 0; i < records.size(); ++i) {
      const data::Record& record = records[i];
      first_part_[i] = static_cast<uint32_t>(expanded_.size());
      if (!stream::SplitAggregatedRecord(record.data, parts_)) {
        expanded_.push_back(record);
        parents_.push_back(i);
        continue;
      }
      if (const size_t part = FindForeign(record.shard); part < parts_.size()) {
        foreign_.push_back({.record = i,
                            .name = kParseError,
                            .message = StrCat("part ", part, " of an aggregated record of ", parts_.size(),
                                              " belongs to another shard; its producer sends all of them again"),
                            .bytes = std::string(record.data)});
        continue;
      }
      parts_of_[i] = static_cast<uint32_t>(parts_.size());
      for (const stream::AggregatedPart& part : parts_) {
        data::Record& single = expanded_.emplace_back(record);
        single.data = part.data;
        single.partition_key = part.partition_key;
        parents_.push_back(i);
      }
    }
  }

  // Index of the first part that the shard would not have been given; past the end: there is none.
  size_t FindForeign(stream::ShardId shard) {
    auto known = ranges_.find(shard);
    if (known == ranges_.end()) {
      const auto range = range_of_(shard);
      if (!range.has_value()) return parts_.size();
      known = ranges_.emplace(shard, *range).first;
    }
    if (known->second == stream::HashKeyRange{}) return parts_.size();
    const auto foreign =
        std::ranges::find_if(parts_, [&](const auto& part) { return !known->second.Contains(part.hash_key()); });
    return static_cast<size_t>(foreign - parts_.begin());
  }

  const std::unique_ptr<Decoder> inner_;
  const ShardRangeOf range_of_;
  std::map<stream::ShardId, stream::HashKeyRange> ranges_;  // As far as asked for; a shard's range never changes.

  std::vector<stream::AggregatedPart> parts_;
  std::vector<data::Record> expanded_;
  std::vector<uint32_t> parents_;     // As expanded_: index of the record it came in.
  std::vector<uint32_t> first_part_;  // As the records: where in expanded_ theirs begin ...
  std::vector<uint32_t> parts_of_;    // ... and how many there are; 0: it was not aggregated.
  std::vector<DecodeError> foreign_;
};

}  // namespace

std::unique_ptr<Decoder> MakeAggregateDecoder(std::unique_ptr<Decoder> inner, ShardRangeOf range_of) {
  return std::make_unique<AggregateDecoder>(std::move(inner), std::move(range_of));
}

}  // namespace tailrace::ingest
