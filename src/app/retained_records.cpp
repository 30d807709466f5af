#include "app/retained_records.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/str.h"

namespace tailrace::app {

std::string StreamsFolder(const std::string& data_folder, const InputConfig& input) {
  return data_folder + (input.from_delivery ? "/delivery/streams" : "/streams");
}

Result<std::unique_ptr<RetainedRecords>> RetainedRecords::Open(Disk& disk, const std::string& data_folder,
                                                               const std::vector<InputConfig>& inputs, Timestamp from) {
  std::unique_ptr<RetainedRecords> records(new RetainedRecords);
  for (size_t source = 0; source < inputs.size(); ++source) {
    const InputConfig& input = inputs[source];
    TAILRACE_ASSIGN_OR_RETURN(stream::RetainedStream stream,
                              stream::OpenRetained(disk, StreamsFolder(data_folder, input), input.stream));
    for (auto& [range, shard] : stream.shards) {
      TAILRACE_TRY(shard->Begin(from));
      records->trimmed_ |= shard->oldest_sequence() > 0;
      Cursor cursor{static_cast<int>(source), input.parallelism, range, std::move(shard)};
      TAILRACE_ASSIGN_OR_RETURN(cursor.next, cursor.shard->Next());
      records->cursors_.push_back(std::move(cursor));
    }
  }
  records->begins_anew_ = records->trimmed_ || from > Timestamp{};
  return records;
}

Result<std::vector<MergedRecords>> RetainedRecords::Next(size_t records_max) {
  std::vector<MergedRecords> streams;
  struct Place {
    int source, partition;
    size_t data, data_size, key_size;
  };
  std::vector<Place> places;
  bytes_.clear();
  while (places.size() < records_max) {
    Cursor* first = nullptr;
    for (Cursor& cursor : cursors_) {
      if (cursor.next == nullptr) continue;
      if (first == nullptr || cursor.next->arrival < first->next->arrival) first = &cursor;
    }
    if (first == nullptr) break;
    const int partition = static_cast<int>(first->shard->shard()) % first->parallelism;
    const stream::RecordView& record = *first->next;
    places.push_back({first->source, partition, bytes_.size(), record.data.size(), record.partition_key.size()});
    bytes_.append(record.data).append(record.partition_key);
    RecordsOf(streams, first->source, partition)
        .records.push_back({.data = {},
                            .partition_key = {},
                            .arrival_unix_ms = ToUnixMs(record.arrival),
                            .sequence = record.sequence,
                            .shard = first->shard->shard()});
    TAILRACE_ASSIGN_OR_RETURN(first->next, first->shard->Next());
  }
  const std::string_view bytes = bytes_;  // Which move no more.
  std::map<std::pair<int, int>, size_t> next;
  for (const Place& place : places) {
    MergedRecords& stream = RecordsOf(streams, place.source, place.partition);
    data::Record& record = stream.records[next[{place.source, place.partition}]++];
    record.data = bytes.substr(place.data, place.data_size);
    record.partition_key = bytes.substr(place.data + place.data_size, place.key_size);
  }
  return streams;
}

std::optional<stream::HashKeyRange> RetainedRecords::RangeOf(int source, stream::ShardId shard) const {
  for (const Cursor& cursor : cursors_) {
    if (cursor.source == source && cursor.shard->shard() == shard) return cursor.range;
  }
  return std::nullopt;
}

double RetainedRecords::share() const {
  uint64_t read = 0;
  uint64_t total = 0;
  for (const Cursor& cursor : cursors_) {
    read += cursor.shard->bytes_read();
    total += cursor.shard->bytes_total();
  }
  return total == 0 ? 1 : std::min(1.0, static_cast<double>(read) / static_cast<double>(total));
}

std::string RetainedRecords::note() const {
  return trimmed_ ? "older records are past retention; what needs them begins anew" : "";
}

}  // namespace tailrace::app
