#include "app/alarm_evidence.h"

#include <algorithm>
#include <map>

#include "alarm/alarm_sink.h"
#include "app/decoded_pieces.h"
#include "app/reach.h"
#include "app/retained_records.h"
#include "base/hash.h"
#include "base/str.h"
#include "engine/job.h"
#include "ingest/formats/aggregate_decoder.h"
#include "ingest/formats/builtin.h"

namespace tailrace::app {
namespace {

constexpr size_t kRecordsPerBatch = 4096;

// The newest records of a range.
Status AddRecords(const stream::Stream& stream, const alarm::EvidenceRange& range,
                  std::vector<alarm::EvidenceRecord>& records) {
  const uint64_t count = std::min<uint64_t>(range.last - range.first + 1, alarm::kEvidenceRecordsMax);
  TAILRACE_ASSIGN_OR_RETURN(stream::ShardReader reader, stream.Read(range.shard, range.last + 1 - count));
  stream::RecordBatch batch;
  for (uint64_t taken = 0; taken < count;) {
    TAILRACE_TRY(reader.Read({.records_max = count - taken}, batch));
    if (batch.records().empty()) return Ok();
    for (const stream::RecordView& view : batch.records()) {
      ++taken;
      if (view.sequence > range.last) return Ok();
      const std::string text = RepairUtf8(view.data.substr(0, alarm::kEvidenceDataBytesMax));
      records.push_back({.stream = range.stream,
                         .shard = range.shard,
                         .sequence = view.sequence,
                         .arrival = view.arrival,
                         .data = text,
                         .cut = view.data.size() > alarm::kEvidenceDataBytesMax});
    }
  }
  return Ok();
}

// Computes the rows of one in-application stream at one moment.
class MomentRun {
 public:
  MomentRun(const Definition& definition, int stream, Timestamp moment)
      : definition_(definition), stream_(stream), moment_(moment) {}

  Status Run(RetainedRecords& source, engine::JobOptions job) {
    TAILRACE_ASSIGN_OR_RETURN(job_, engine::Job::Make(definition_.program, job, definition_.tables, metrics_));
    const data::Schema& schema = *definition_.program->streams[static_cast<size_t>(stream_)].schema;
    job_->Listen(stream_, [this, &schema](const data::Batch& batch, data::Ordinal) {
      for (size_t row = 0; row < batch.rows(); ++row) {
        if (batch.rowtimes->int64s()[row] == ToUnixMs(moment_)) rows_.push_back(alarm::RowJson(schema, batch, row));
      }
      return Ok();
    });
    for (const InputConfig& config : definition_.config.inputs) {
      TAILRACE_ASSIGN_OR_RETURN(auto decoder, ingest::MakeDecoder(config.schema));
      const int number = static_cast<int>(decoders_.size());
      decoders_.push_back(ingest::MakeAggregateDecoder(
          std::move(decoder), [&source, number](stream::ShardId shard) { return source.RangeOf(number, shard); }));
    }
    while (true) {
      TAILRACE_ASSIGN_OR_RETURN(std::vector<MergedRecords> streams, source.Next(kRecordsPerBatch));
      bool over = streams.empty();
      for (MergedRecords& each : streams) {
        const auto late = std::ranges::find_if(
            each.records, [&](const data::Record& record) { return record.arrival_unix_ms > ToUnixMs(moment_); });
        over = over || late != each.records.end();
        each.records.erase(late, each.records.end());
        records_ += each.records.size();
      }
      if (records_ > kRecomputedRecordsMax) {
        return Error{ErrorCode::kLimitExceeded,
                     StrCat("more than ", kRecomputedRecordsMax, " records; use tailrace replay")};
      }
      TAILRACE_TRY(Push(streams));
      if (over) break;
    }
    return job_->Advance(moment_ + Milliseconds(1));
  }
  std::vector<std::string> TakeRows() { return std::move(rows_); }
  uint64_t records() const { return records_; }

 private:
  Status Push(const std::vector<MergedRecords>& streams) {
    DecodedTogether together;
    int64_t last = INT64_MIN;
    for (const MergedRecords& each : streams) {
      if (each.records.empty()) continue;
      const InputConfig& input = definition_.config.inputs[static_cast<size_t>(each.source)];
      const int stream = definition_.program->FindStream(ingest::InputStreamName(input.prefix, each.partition + 1));
      together.Add(each.source, stream, decoders_[static_cast<size_t>(each.source)]->Decode(each.records),
                   each.records);
      last = std::max(last, each.records.back().arrival_unix_ms);
    }
    return last == INT64_MIN ? Ok() : together.Push(*job_, last);
  }

  const Definition& definition_;
  const int stream_;
  const Timestamp moment_;
  MetricsRegistry metrics_;
  std::unique_ptr<engine::Job> job_;
  std::vector<std::unique_ptr<ingest::Decoder>> decoders_;
  std::vector<std::string> rows_;
  uint64_t records_ = 0;
};

}  // namespace

std::string ProgramHash(const Definition& definition) {
  std::string text = definition.sql_text;
  for (const ParameterConfig& parameter : definition.config.parameters) {
    text += StrCat('\0', parameter.value.name, "=", parameter.value.text);
  }
  const std::array<uint8_t, 32> digest = Sha256(text);
  return ToHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Result<alarm::Evidence> GatherEvidence(const Definition& definition, int stream, const FindInputStream& find_stream,
                                       Timestamp time) {
  alarm::Evidence evidence{.program = ProgramHash(definition), .to = time};
  const std::optional<Milliseconds> reach = ReachOf(*definition.program, stream);
  evidence.bounded = reach.has_value();
  if (reach.has_value()) evidence.from = time - *reach - Milliseconds(1);  // A moment may lie on the window's edge.
  std::map<std::string, std::shared_ptr<stream::Stream>> sources;
  for (const InputConfig& input : definition.config.inputs) {
    if (sources.contains(input.stream)) continue;
    TAILRACE_ASSIGN_OR_RETURN(sources[input.stream], find_stream(input));
  }
  for (const auto& [name, source] : sources) {
    for (const stream::ShardDescription& shard : source->Describe().shards) {
      using Kind = stream::StartPoint::Kind;
      const Timestamp first_moment = evidence.from + Milliseconds(1);
      TAILRACE_ASSIGN_OR_RETURN(const stream::Sequence first,
                                source->Locate(shard.id, {.kind = Kind::kAtTimestamp, .timestamp = first_moment}));
      TAILRACE_ASSIGN_OR_RETURN(
          const stream::Sequence end,
          source->Locate(shard.id, {.kind = Kind::kAtTimestamp, .timestamp = time + Milliseconds(1)}));
      if (first >= end || evidence.ranges.size() == alarm::kEvidenceRangesMax) continue;
      evidence.ranges.push_back({.stream = name, .shard = shard.id, .first = first, .last = end - 1});
      TAILRACE_TRY(AddRecords(*source, evidence.ranges.back(), evidence.records));
    }
  }
  std::ranges::stable_sort(evidence.records, {}, &alarm::EvidenceRecord::arrival);
  if (evidence.records.size() > alarm::kEvidenceRecordsMax) {
    evidence.records.erase(evidence.records.begin(), evidence.records.end() - alarm::kEvidenceRecordsMax);
  }
  return evidence;
}

Result<Recomputed> Recompute(const Definition& definition, int stream, const alarm::AlarmEvent& event,
                             const alarm::Evidence& evidence, Disk& disk, const std::string& data_folder,
                             int64_t query_start_unix_ms) {
  Recomputed recomputed;
  if (evidence.row_json.empty()) {
    recomputed.note = "the event rests on the absence of rows";
    return recomputed;
  }
  for (const alarm::EvidenceRange& range : evidence.ranges) {
    const auto input = std::ranges::find(definition.config.inputs, range.stream, &InputConfig::stream);
    if (input == definition.config.inputs.end()) {
      recomputed.records_gone += range.last + 1 - range.first;
      continue;
    }
    TAILRACE_ASSIGN_OR_RETURN(const stream::RetainedStream retained,
                              stream::OpenRetained(disk, StreamsFolder(data_folder, *input), range.stream));
    uint64_t oldest = range.last + 1;  // A shard that is no longer known has nothing.
    for (const auto& part : retained.shards) {
      if (part.shard->shard() != range.shard) continue;
      TAILRACE_TRY(part.shard->Begin(Timestamp{}));
      oldest = part.shard->oldest_sequence();
    }
    if (oldest > range.first) recomputed.records_gone += std::min(oldest, range.last + 1) - range.first;
  }
  TAILRACE_ASSIGN_OR_RETURN(
      const std::unique_ptr<RetainedRecords> source,
      RetainedRecords::Open(disk, data_folder, definition.config.inputs, evidence.from + Milliseconds(1)));
  MomentRun run(definition, stream, event.time);
  engine::JobOptions job{.query_start_unix_ms = query_start_unix_ms};
  if (evidence.bounded) job.begin_unix_ms = std::max(query_start_unix_ms, ToUnixMs(evidence.from));
  TAILRACE_TRY(run.Run(*source, job));
  recomputed.records = run.records();
  recomputed.rows = run.TakeRows();
  const auto same = std::ranges::find(recomputed.rows, evidence.row_json);
  if (same != recomputed.rows.end()) {
    std::iter_swap(recomputed.rows.begin(), same);
    recomputed.outcome = Recomputed::Outcome::kSame;
  } else if (recomputed.records_gone > 0) {
    recomputed.outcome = Recomputed::Outcome::kIncomplete;
  } else {
    recomputed.outcome = Recomputed::Outcome::kDifferent;
  }
  if (recomputed.rows.size() > alarm::kEvidenceRecordsMax) recomputed.rows.resize(alarm::kEvidenceRecordsMax);
  if (ProgramHash(definition) != evidence.program) {
    recomputed.note = "the SQL or a parameter has changed since; computed with the present ones";
  } else if (!evidence.bounded) {
    recomputed.note = "the SQL looks back without a limit in time; computed from the oldest record that is there";
  }
  return recomputed;
}

}  // namespace tailrace::app
