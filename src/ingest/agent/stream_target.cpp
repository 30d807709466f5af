#include "ingest/agent/stream_target.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::ingest {

StreamTarget::StreamTarget(std::shared_ptr<stream::Stream> stream)
    : stream_(std::move(stream)), record_bytes_max_(stream_->Describe().options.record_bytes_max) {}

TargetLimits StreamTarget::limits() const {
  return {.records_max = 10'000, .bytes_max = 4 << 20, .record_bytes_max = record_bytes_max_};
}

Result<std::vector<RecordResult>> StreamTarget::Put(std::string_view producer, uint64_t first_sequence,
                                                    std::span<const TargetRecord> records) {
  std::vector<RecordResult> results;
  results.reserve(records.size());
  size_t begin = 0;
  while (begin < records.size()) {
    size_t end = begin;
    while (end < records.size() && records[end].data.size() + records[end].partition_key.size() <= record_bytes_max_) {
      ++end;
    }
    if (end > begin) {
      TAILRACE_TRY(PutRun(producer, first_sequence + begin, records.subspan(begin, end - begin), results));
    }
    if (end < records.size()) {
      results.push_back({RecordResult::Kind::kRefused,
                         StrCat("record of ", records[end].data.size(), " bytes, the stream takes up to ",
                                record_bytes_max_, " with the key")});
      ++end;
    }
    begin = end;
  }
  return results;
}

Result<std::optional<uint64_t>> StreamTarget::LastSequence(std::string_view producer) {
  uint64_t last = 0;
  for (const stream::ShardDescription& shard : stream_->Describe().shards) {
    if (!shard.open) continue;
    TAILRACE_ASSIGN_OR_RETURN(const uint64_t sequence, stream_->ProducerSequence(shard.id, producer));
    last = std::max(last, sequence);
  }
  return std::optional<uint64_t>(last);
}

Status StreamTarget::PutRun(std::string_view producer, uint64_t first_sequence, std::span<const TargetRecord> records,
                            std::vector<RecordResult>& results) {
  std::vector<stream::RecordInput> inputs;
  inputs.reserve(records.size());
  for (const TargetRecord& record : records) {
    inputs.push_back({.partition_key = record.partition_key, .explicit_hash_key = {}, .data = record.data});
  }
  std::optional<stream::ProducerInput> numbering;
  if (!producer.empty()) numbering = stream::ProducerInput{.id = producer, .first_sequence = first_sequence};
  TAILRACE_ASSIGN_OR_RETURN(const stream::AppendOutcome outcome, stream_->Append(inputs, numbering));
  TAILRACE_CHECK(outcome.places.size() == records.size());
  for (const stream::RecordPlace& place : outcome.places) {
    if (const Error* const failure = outcome.failures.empty() ? nullptr : outcome.FailureOf(place.shard)) {
      results.push_back({RecordResult::Kind::kRetry, failure->message});
    } else {
      results.push_back({place.duplicate ? RecordResult::Kind::kDuplicate : RecordResult::Kind::kStored, {}});
    }
  }
  return Ok();
}

}  // namespace tailrace::ingest
