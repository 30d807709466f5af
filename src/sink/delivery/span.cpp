#include "sink/delivery/span.h"

#include <algorithm>

namespace tailrace::sink::delivery {

Result<std::unique_ptr<SpanReader>> SpanReader::Open(std::shared_ptr<stream::Stream> stream,
                                                     const Positions& positions) {
  std::unique_ptr<SpanReader> reader(new SpanReader(std::move(stream)));
  TAILRACE_TRY(reader->AddShards(positions));
  return reader;
}

Status SpanReader::AddShards(const Positions& positions) {
  for (const stream::ShardDescription& shard : stream_->Describe().shards) {
    if (std::ranges::any_of(cursors_, [&](const auto& cursor) { return cursor->shard == shard.id; })) continue;
    const auto saved = positions.find(shard.id);
    const stream::Sequence position = saved == positions.end() ? shard.oldest_sequence : saved->second;
    TAILRACE_ASSIGN_OR_RETURN(stream::ShardReader reader, stream_->Read(shard.id, position));
    cursors_.push_back(std::make_unique<Cursor>(shard.id, std::move(reader), position));
  }
  std::ranges::sort(cursors_, {}, [](const auto& cursor) { return cursor->shard; });
  return Ok();
}

// The cursor whose record comes next; null when there is none up to `until`, or before `end`.
Result<SpanReader::Cursor*> SpanReader::Earliest(Timestamp until, const Positions* end) {
  Cursor* earliest = nullptr;
  for (size_t i = 0; i < cursors_.size(); ++i) {
    Cursor& cursor = *cursors_[i];
    if (end != nullptr) {
      const auto shard_end = end->find(cursor.shard);
      if (shard_end == end->end() || cursor.position >= shard_end->second) continue;
    }
    if (cursor.next == cursor.batch.records().size()) {
      if (cursor.read_up) continue;
      TAILRACE_TRY(cursor.reader.Read({}, cursor.batch));
      cursor.next = 0;
      lost_to_retention_ += cursor.batch.lost_to_retention();
      if (cursor.batch.records().empty()) {
        cursor.read_up = true;
        cursor.position = cursor.batch.next_sequence();
        cursor.ended = cursor.batch.shard_ended();
        // Its children; they are read from their first record. Theirs arrive later than all of this shard.
        if (cursor.ended) TAILRACE_TRY(AddShards({}));
        continue;
      }
      cursor.position = cursor.batch.records()[0].sequence;
    }
    const stream::RecordView& record = cursor.batch.records()[cursor.next];
    if (record.arrival > until) continue;
    if (earliest == nullptr || record.arrival < earliest->batch.records()[earliest->next].arrival) earliest = &cursor;
  }
  return earliest;
}

void SpanReader::Take(Cursor& cursor, Span& span) {
  const stream::RecordView& record = cursor.batch.records()[cursor.next];
  span.records.push_back({cursor.shard, record.sequence, record.arrival, std::string(record.data)});
  span.bytes += record.data.size();
  cursor.position = record.sequence + 1;
  ++cursor.next;
}

Result<bool> SpanReader::Fill(Timestamp now, const Limits& limits, Span& span) {
  if (!span.end.empty()) return true;  // It was complete before.
  const Timestamp until = stream_->Seal(now);
  for (const auto& cursor : cursors_) cursor->read_up = cursor->ended;
  const auto time_is_up = [&](Timestamp arrival) {
    return limits.interval > Milliseconds(0) && !span.records.empty() &&
           arrival - span.records.front().arrival >= limits.interval;
  };
  bool complete = false;
  while (!complete) {
    TAILRACE_ASSIGN_OR_RETURN(Cursor* const next, Earliest(until, nullptr));
    if (next == nullptr) {
      // Whatever comes now arrives later than `until`.
      complete = time_is_up(until + Milliseconds(1)) || (limits.interval == Milliseconds(0) && !span.records.empty());
      break;
    }
    if (time_is_up(next->batch.records()[next->next].arrival)) {
      complete = true;
      break;
    }
    Take(*next, span);
    complete = span.bytes >= limits.bytes_max || span.records.size() >= limits.records_max;
  }
  if (complete) span.end = positions();
  return complete;
}

Status SpanReader::FillTo(const Positions& end, Span& span) {
  for (const auto& cursor : cursors_) cursor->read_up = cursor->ended;
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(Cursor* const next, Earliest(Timestamp::max(), &end));
    if (next == nullptr) break;
    // Retention may have removed the last records of the span: what follows is not part of it.
    if (next->batch.records()[next->next].sequence >= end.at(next->shard)) continue;
    Take(*next, span);
  }
  span.end = end;
  return Ok();
}

Positions SpanReader::positions() const {
  Positions positions;
  for (const auto& cursor : cursors_) positions[cursor->shard] = cursor->position;
  return positions;
}

}  // namespace tailrace::sink::delivery
