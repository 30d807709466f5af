#include "app/record_merge.h"

#include <algorithm>
#include <tuple>

#include "base/str.h"

namespace tailrace::app {

MergedRecords& RecordsOf(std::vector<MergedRecords>& streams, int source, int partition) {
  const auto place = [](const MergedRecords& each) { return std::pair(each.source, each.partition); };
  const auto at = std::ranges::lower_bound(streams, std::pair(source, partition), {}, place);
  if (at != streams.end() && place(*at) == std::pair(source, partition)) return *at;
  return *streams.insert(at, {.source = source, .partition = partition, .records = {}});
}

Result<std::unique_ptr<RecordMerge>> RecordMerge::Open(std::vector<Source> sources, const InputPositions& positions,
                                                       stream::StartPoint start) {
  std::unique_ptr<RecordMerge> merge(new RecordMerge(std::move(sources)));
  TAILRACE_TRY(merge->AddShards(positions, start));
  return merge;
}

Status RecordMerge::AddShards(const InputPositions& positions, const stream::StartPoint& start) {
  for (size_t source = 0; source < sources_.size(); ++source) {
    const stream::Stream& stream = *sources_[source].stream;
    const auto known = positions.find(stream.name());
    for (const stream::ShardDescription& shard : stream.Describe().shards) {
      const bool there = std::ranges::any_of(cursors_, [&](const auto& cursor) {
        return cursor->source == static_cast<int>(source) && cursor->shard == shard.id;
      });
      if (there) continue;
      stream::Sequence position = 0;
      const bool saved = known != positions.end() && known->second.contains(shard.id);
      if (saved) {
        position = known->second.at(shard.id);
      } else {
        // A shard that came to a stream which is being read holds nothing but new records.
        TAILRACE_ASSIGN_OR_RETURN(position,
                                  stream.Locate(shard.id, known != positions.end() ? stream::StartPoint() : start));
      }
      TAILRACE_ASSIGN_OR_RETURN(stream::ShardReader reader, stream.Read(shard.id, position));
      cursors_.push_back(std::make_unique<Cursor>(static_cast<int>(source), shard.id, std::move(reader)));
      cursors_.back()->position = position;
    }
  }
  std::ranges::sort(cursors_, {}, [](const auto& cursor) { return std::pair(cursor->source, cursor->shard); });
  return Ok();
}

Timestamp RecordMerge::Begin(Timestamp now) {
  until_ = now;
  for (const Source& source : sources_) until_ = std::min(until_, source.stream->Seal(now));
  for (const auto& cursor : cursors_) cursor->read_up = cursor->ended;
  return until_;
}

Status RecordMerge::Refill(Cursor& cursor) {
  TAILRACE_TRY(cursor.reader.Read({}, cursor.batch));
  cursor.next = 0;
  lost_to_retention_ += cursor.batch.lost_to_retention();
  if (cursor.batch.records().empty()) {
    cursor.read_up = true;
    cursor.position = cursor.batch.next_sequence();
    cursor.ended = cursor.batch.shard_ended();
  }
  return Ok();
}

// The cursor whose next record comes first; null when nothing up to the sealed moment is left.
Result<RecordMerge::Cursor*> RecordMerge::Earliest() {
  Cursor* earliest = nullptr;
  for (size_t i = 0; i < cursors_.size(); ++i) {
    Cursor& cursor = *cursors_[i];
    if (cursor.next == cursor.batch.records().size()) {
      if (cursor.read_up) continue;
      TAILRACE_TRY(Refill(cursor));
      if (cursor.ended) TAILRACE_TRY(AddShards({}, {}));  // Its children; they are read from their first record.
      if (cursor.read_up) continue;
    }
    const stream::RecordView& record = cursor.batch.records()[cursor.next];
    if (record.arrival > until_) continue;
    if (earliest == nullptr || record.arrival < earliest->batch.records()[earliest->next].arrival) earliest = &cursor;
  }
  return earliest;
}

Result<MergedRecords> RecordMerge::Next(size_t records_max) {
  MergedRecords merged;
  while (merged.records.size() < records_max) {
    TAILRACE_ASSIGN_OR_RETURN(Cursor* const first, Earliest());
    if (first == nullptr) break;
    const int partition = static_cast<int>(first->shard) % sources_[static_cast<size_t>(first->source)].parallelism;
    if (merged.records.empty()) {
      merged.source = first->source;
      merged.partition = partition;
    } else if (merged.source != first->source || merged.partition != partition) {
      break;
    }
    // Goes on with the same shard as long as no other shard's next record comes first.
    Timestamp limit = until_;
    bool limit_included = true;
    for (const auto& other : cursors_) {
      if (other.get() == first || other->next == other->batch.records().size()) continue;
      const Timestamp arrival = other->batch.records()[other->next].arrival;
      const bool before = std::pair(other->source, other->shard) < std::pair(first->source, first->shard);
      if (arrival < limit || (arrival == limit && before)) {
        limit = arrival;
        limit_included = !before;
      }
    }
    const auto& records = first->batch.records();
    while (first->next < records.size() && merged.records.size() < records_max) {
      const stream::RecordView& record = records[first->next];
      if (record.arrival > limit || (record.arrival == limit && !limit_included)) break;
      merged.records.push_back({.data = record.data,
                                .partition_key = record.partition_key,
                                .arrival_unix_ms = ToUnixMs(record.arrival),
                                .sequence = record.sequence,
                                .shard = first->shard});
      first->position = record.sequence + 1;
      ++first->next;
    }
    // Reading on would overwrite the bytes that the views point to.
    if (first->next == records.size()) break;
  }
  return merged;
}

InputPositions RecordMerge::Positions() const {
  InputPositions positions;
  for (const auto& cursor : cursors_) {
    positions[sources_[static_cast<size_t>(cursor->source)].stream->name()][cursor->shard] = cursor->position;
  }
  return positions;
}

Milliseconds RecordMerge::Behind() const {
  Milliseconds behind{0};
  for (const auto& cursor : cursors_) {
    auto lag = sources_[static_cast<size_t>(cursor->source)].stream->BehindLatest(cursor->shard, cursor->position);
    if (lag.ok()) behind = std::max(behind, lag.value());
  }
  return behind;
}

}  // namespace tailrace::app
