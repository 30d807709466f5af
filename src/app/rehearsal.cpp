#include "app/rehearsal.h"

#include <algorithm>
#include <map>
#include <memory>

#include "alarm/alarm_sink.h"
#include "app/decoded_pieces.h"
#include "app/used_input_columns.h"
#include "base/str.h"
#include "engine/job.h"
#include "ingest/formats/aggregate_decoder.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/input_schema.h"

namespace tailrace::app {
namespace {

constexpr size_t kRecordsPerBatch = 4096;

// Time as far as the records have it. Alarms ask only to stamp messages that nobody sends.
class StoppedClock final : public Clock {
 public:
  Timestamp Now() const override { return Timestamp{}; }
  std::chrono::nanoseconds Monotonic() const override { return {}; }
};

// One alarm of one variant: the real one, with a memory instead of its database.
class AlarmUnderRehearsal final : public alarm::AlarmLedger {
 public:
  AlarmUnderRehearsal(std::string name, const RehearsalOptions& options, std::vector<RehearsedEvent>& events)
      : options_(options), events_(events) {
    totals_.alarm = std::move(name);
  }

  Status Open(const Definition& definition, const alarm::AlarmConfig& config, int stream) {
    std::vector<alarm::TargetConfig> targets;
    for (const TargetEntry& target : definition.config.targets) targets.push_back(target.target);
    TAILRACE_ASSIGN_OR_RETURN(
        sink_, alarm::AlarmSink::Open(config, definition.program->streams[static_cast<size_t>(stream)].schema, targets,
                                      *this, clock_, [] {}));
    return Ok();
  }

  Status Take(const data::Batch& rows, data::Ordinal first) {
    const int64_t from = ToUnixMs(options_.from);
    size_t end = 0;  // Of what lies within the range.
    for (const int64_t time : rows.rowtimes->int64s()) {
      if (time > last_unix_ms_) break;
      totals_.rows += time >= from ? 1 : 0;
      ++end;
    }
    return end == rows.rows() ? sink_->Write(rows, first) : end == 0 ? Ok() : sink_->Write(rows.Slice(0, end), first);
  }
  // Rows after this are left out.
  void EndAt(Timestamp last) { last_unix_ms_ = ToUnixMs(last); }
  Status Finish(Timestamp end) {
    TAILRACE_TRY(sink_->AdvanceTo(end));
    for (const auto& [key, since] : firing_) AddFiring(since, end);
    totals_.firing = !firing_.empty();
    totals_.held_back = totals_.rows - std::min(totals_.rows, rows_told_);
    return Ok();
  }
  const RehearsedAlarm& totals() const { return totals_; }
  uint64_t events_left_out() const { return events_left_out_; }

  Result<alarm::StoredAlarm> Load(const std::string&) override { return alarm::StoredAlarm(); }
  Status Commit(const alarm::AlarmCommit& commit) override {
    auto message = commit.outgoing.begin();
    for (const alarm::AlarmEvent& event : commit.events) {
      const alarm::AlarmCommit::Outgoing* told = nullptr;
      const auto tells = [&](const alarm::AlarmCommit::Outgoing& each) {
        return each.message.kind != alarm::MessageKind::kHistory && each.message.time == event.time &&
               each.message.key == event.key &&
               (each.message.kind == alarm::MessageKind::kResolved) == (event.kind == alarm::EventKind::kResolved);
      };
      if (event.kind != alarm::EventKind::kFired) {
        const auto found = std::find_if(message, commit.outgoing.end(), tells);
        if (found != commit.outgoing.end()) told = &*found, message = found + 1;
      }
      Count(event);
      if (event.time >= options_.from) Keep(event, told);
    }
    return Ok();
  }

 private:
  void Count(const alarm::AlarmEvent& event) {
    const bool counts = event.time >= options_.from;
    if (event.kind == alarm::EventKind::kFired) {
      firing_[event.key] = event.time;
      totals_.fired += counts ? 1 : 0;
    } else if (event.kind == alarm::EventKind::kResolved) {
      AddFiring(firing_[event.key], event.time);
      firing_.erase(event.key);
      totals_.resolved += counts ? 1 : 0;
    } else if (counts) {
      ++totals_.told;
      ++rows_told_;
    }
  }
  void AddFiring(Timestamp since, Timestamp until) {
    since = std::max(since, options_.from);
    if (until > since) totals_.in_alarm += until - since;
  }
  void Keep(const alarm::AlarmEvent& event, const alarm::AlarmCommit::Outgoing* told) {
    if (events_.size() >= kRehearsedEventsMax) {
      ++events_left_out_;
      return;
    }
    RehearsedEvent kept{.alarm = totals_.alarm, .event = event};
    if (told != nullptr) {
      kept.targets = told->targets;
      kept.subject = told->message.subject;
      kept.text = told->message.text;
    }
    events_.push_back(std::move(kept));
  }

  const RehearsalOptions& options_;
  std::vector<RehearsedEvent>& events_;
  StoppedClock clock_;
  std::unique_ptr<alarm::AlarmSink> sink_;
  RehearsedAlarm totals_;
  std::map<std::string, Timestamp> firing_;
  int64_t last_unix_ms_ = INT64_MAX;
  uint64_t rows_told_ = 0;
  uint64_t events_left_out_ = 0;
};

// One variant at work.
class Variant {
 public:
  static Result<std::unique_ptr<Variant>> Make(const Definition& definition, const RehearsalOptions& options,
                                               engine::JobOptions job) {
    auto variant = std::make_unique<Variant>();
    TAILRACE_ASSIGN_OR_RETURN(variant->job_,
                              engine::Job::Make(definition.program, job, definition.tables, variant->metrics_));
    for (const AlarmEntry& entry : definition.config.alarms) {
      for (const OutputConfig& output : definition.config.outputs) {
        const auto* to = std::get_if<AlarmOutput>(&output.to);
        if (to == nullptr || to->alarm != entry.alarm.name) continue;
        const int stream = definition.program->FindStream(output.from);
        auto alarm = std::make_unique<AlarmUnderRehearsal>(entry.alarm.name, options, variant->result_.events);
        TAILRACE_TRY(alarm->Open(definition, entry.alarm, stream));
        variant->job_->Listen(stream, [raw = alarm.get()](const data::Batch& rows, data::Ordinal first) {
          return raw->Take(rows, first);
        });
        variant->alarms_.push_back(std::move(alarm));
      }
    }
    return variant;
  }

  engine::Job& job() { return *job_; }
  Result<RehearsalResult> Finish(Timestamp end) {
    for (const auto& alarm : alarms_) alarm->EndAt(end);
    // One millisecond on, so that rows of this very moment which wait for their equals come out.
    TAILRACE_TRY(job_->Advance(end + Milliseconds(1)));
    for (const auto& alarm : alarms_) {
      TAILRACE_TRY(alarm->Finish(end));
      result_.alarms.push_back(alarm->totals());
      result_.events_left_out += alarm->events_left_out();
    }
    std::ranges::stable_sort(result_.events, {}, [](const RehearsedEvent& each) { return each.event.time; });
    return std::move(result_);
  }

 private:
  MetricsRegistry metrics_;
  RehearsalResult result_;
  std::vector<std::unique_ptr<AlarmUnderRehearsal>> alarms_;
  std::unique_ptr<engine::Job> job_;
};

// The decoders of the inputs and the in-application streams that they feed.
class Inputs {
 public:
  static Result<std::unique_ptr<Inputs>> Make(const std::vector<Definition>& variants, const RecordSource& source,
                                              const DecodeOptions& options) {
    auto inputs = std::make_unique<Inputs>();
    const Definition& first = variants.front();
    for (const Definition& variant : variants) {
      const bool same =
          std::ranges::equal(variant.config.inputs, first.config.inputs, [](const auto& a, const auto& b) {
            return a.schema == b.schema && a.stream == b.stream && a.parallelism == b.parallelism;
          });
      if (!same) return Error{ErrorCode::kInvalidArgument, "a parameter of inputs cannot be swept"};
    }
    for (const InputConfig& config : first.config.inputs) {
      std::vector<int>& streams = inputs->streams_.emplace_back();
      for (int partition = 1; partition <= config.parallelism; ++partition) {
        streams.push_back(first.program->FindStream(ingest::InputStreamName(config.prefix, partition)));
      }
      ingest::UsedColumns used = UsedInputColumns(first, config, streams);
      for (const Definition& variant : variants) {
        const ingest::UsedColumns others = UsedInputColumns(variant, config, streams);
        for (size_t i = 0; i < used.size(); ++i) used[i] = used[i] || others[i];
      }
      const int number = static_cast<int>(inputs->decoders_.size());
      const auto make = [&]() -> Result<std::unique_ptr<ingest::Decoder>> {
        TAILRACE_ASSIGN_OR_RETURN(auto decoder, ingest::MakeDecoder(config.schema, used));
        return ingest::MakeAggregateDecoder(
            std::move(decoder), [&source, number](stream::ShardId shard) { return source.RangeOf(number, shard); });
      };
      TAILRACE_ASSIGN_OR_RETURN(auto decoder, ParallelDecoder::Make(make, options));
      inputs->decoders_.push_back(std::move(decoder));
    }
    return inputs;
  }

  // Gives the number of records that gave an error. No record before `bound_unix_ms` follows.
  Result<uint64_t> Push(const std::vector<MergedRecords>& streams, int64_t bound_unix_ms,
                        std::span<const std::unique_ptr<Variant>> variants) {
    DecodedTogether together;
    for (const MergedRecords& each : streams) {
      const auto source = static_cast<size_t>(each.source);
      const int stream = streams_[source][static_cast<size_t>(each.partition)];
      for (const ParallelDecoder::Piece& piece : decoders_[source]->Decode(each.records)) {
        together.Add(each.source, stream, piece.decoded, piece.records);
      }
    }
    for (const auto& variant : variants) TAILRACE_TRY(together.Push(variant->job(), bound_unix_ms));
    return together.errors();
  }

 private:
  std::vector<std::unique_ptr<ParallelDecoder>> decoders_;
  std::vector<std::vector<int>> streams_;  // Of each input, by partition.
};

}  // namespace

Result<RehearsalRun> Rehearse(const std::vector<Definition>& definitions, RecordSource& source,
                              const RehearsalOptions& options,
                              const std::function<bool(const RehearsalProgress&)>& progress) {
  TAILRACE_CHECK(!definitions.empty() && definitions.size() <= kRehearsalVariantsMax);
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<Inputs> inputs, Inputs::Make(definitions, source, options.decode));
  RehearsalRun run;
  std::vector<std::unique_ptr<Variant>> variants;
  const auto begin = [&](Timestamp time) -> Status {
    run.begin = time;
    run.end = time;
    engine::JobOptions job{.query_start_unix_ms = options.query_start_unix_ms};
    if (job.query_start_unix_ms == 0) job.query_start_unix_ms = ToUnixMs(time);
    if (source.begins_anew()) job.begin_unix_ms = ToUnixMs(time);
    for (const Definition& definition : definitions) {
      TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Variant> variant, Variant::Make(definition, options, job));
      variants.push_back(std::move(variant));
    }
    return Ok();
  };
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(std::vector<MergedRecords> streams, source.Next(kRecordsPerBatch));
    if (streams.empty()) break;
    const auto first_arrival = [](const MergedRecords& each) { return each.records.front().arrival_unix_ms; };
    if (variants.empty()) {
      TAILRACE_TRY(begin(FromUnixMs(first_arrival(*std::ranges::min_element(streams, {}, first_arrival)))));
    }
    uint64_t records = 0;
    bool over = false;
    for (MergedRecords& each : streams) {
      const auto late = std::ranges::find_if(each.records, [&](const data::Record& record) {
        return options.to.has_value() && record.arrival_unix_ms > ToUnixMs(*options.to);
      });
      over = over || late != each.records.end();
      each.records.erase(late, each.records.end());
      records += each.records.size();
    }
    std::erase_if(streams, [](const MergedRecords& each) { return each.records.empty(); });
    if (!streams.empty()) {
      int64_t last = INT64_MIN;
      for (const MergedRecords& each : streams) last = std::max(last, each.records.back().arrival_unix_ms);
      TAILRACE_ASSIGN_OR_RETURN(const uint64_t errors, inputs->Push(streams, last, variants));
      run.records += records;
      run.decode_errors += errors;
      run.end = std::max(run.end, FromUnixMs(last));
    }
    if (over) break;
    if (!progress({run.records, source.share(), run.end})) return Error{ErrorCode::kUnavailable, "interrupted"};
  }
  if (variants.empty()) TAILRACE_TRY(begin(options.to.value_or(options.from)));
  if (options.to.has_value()) run.end = *options.to;
  for (const auto& variant : variants) {
    TAILRACE_ASSIGN_OR_RETURN(RehearsalResult result, variant->Finish(run.end));
    run.results.push_back(std::move(result));
  }
  return run;
}

}  // namespace tailrace::app
