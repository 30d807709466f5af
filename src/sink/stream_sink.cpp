#include "sink/stream_sink.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/str.h"

namespace tailrace::sink {
namespace {

constexpr size_t kRowsAtOnce = 500;
constexpr size_t kBytesAtOnce = 4 << 20;

class StreamSink final : public RedrivableSink {
 public:
  StreamSink(StreamSinkConfig config, int key_column, std::shared_ptr<stream::Stream> target, Environment& environment,
             OriginLookup origin)
      : config_(std::move(config)),
        key_column_(key_column),
        target_(std::move(target)),
        environment_(environment),
        origin_(std::move(origin)),
        row_writer_(config_.schema, config_.output),
        letter_writer_(config_.schema, {}),
        producer_(StrCat("sink/", config_.name).substr(0, stream::kProducerIdBytesMax)),
        rows_written_(environment.metrics.GetCounter("tailrace_sink_rows_total", "Rows that a sink took.",
                                                     {{"sink", config_.name}})) {}

  const data::Schema& schema() const override { return config_.schema; }
  // After a start it is not known before the first Write: the stream itself passes over rows that it has.
  data::Ordinal last_ordinal() const override { return last_ordinal_; }

  Status Write(const data::Batch& batch, data::Ordinal first_ordinal) override {
    record_bytes_max_ = target_->Describe().options.record_bytes_max;
    const size_t rows = batch.rows();
    size_t row = last_ordinal_ >= first_ordinal ? std::min<size_t>(rows, last_ordinal_ - first_ordinal + 1) : 0;
    while (row < rows) {
      const size_t begin = row;
      Run run;
      std::string refusal;
      while (row < rows && row - begin < kRowsAtOnce && run.bytes.size() < kBytesAtOnce) {
        refusal = Add(batch, row, first_ordinal + row, run);
        if (!refusal.empty()) break;  // A run's ordinals have no holes.
        ++row;
      }
      TAILRACE_TRY(Append(run, first_ordinal + begin));
      if (refusal.empty()) continue;
      TAILRACE_TRY(Refuse(batch, row, first_ordinal + row, refusal));
      last_ordinal_ = first_ordinal + row;
      ++row;
    }
    return Ok();
  }

  Status Redrive(const LetterId& letter, const data::Batch& row) override {
    record_bytes_max_ = target_->Describe().options.record_bytes_max;
    Run run;
    const std::string refusal = Add(row, 0, letter.ordinal, run);
    if (!refusal.empty()) return Error{ErrorCode::kInvalidArgument, refusal};
    const std::vector<stream::RecordInput> records = run.Records();
    TAILRACE_ASSIGN_OR_RETURN(const stream::AppendOutcome outcome, target_->Append(records));
    TAILRACE_TRY(outcome.status());
    rows_written_.Add(1);
    return environment_.dead_letters.Delete(letter);
  }

 private:
  // Records of consecutive rows: all their bytes, and where each begins.
  struct Run {
    struct Extent {
      size_t key;
      size_t data;
      size_t end;
    };
    std::string bytes;
    std::vector<Extent> extents;

    std::vector<stream::RecordInput> Records() const {
      const std::string_view all = bytes;
      std::vector<stream::RecordInput> records;
      for (const Extent& extent : extents) {
        records.push_back({.partition_key = all.substr(extent.key, extent.data - extent.key),
                           .data = all.substr(extent.data, extent.end - extent.data)});
      }
      return records;
    }
  };

  // Puts a row at the end of the run; else says why it cannot be a record.
  std::string Add(const data::Batch& batch, size_t row, data::Ordinal ordinal, Run& run) const {
    const size_t key = run.bytes.size();
    AppendKey(batch, row, ordinal, run.bytes);
    const size_t data = run.bytes.size();
    row_writer_.Append(run.bytes, batch, row);
    if (config_.output.format == data::OutputFormat::kCsv && config_.line_ends) run.bytes += '\n';
    const size_t size = run.bytes.size() - key;
    if (size > record_bytes_max_) {
      run.bytes.resize(key);
      return StrCat("record of ", size, " bytes, the stream takes ", record_bytes_max_);
    }
    run.extents.push_back({.key = key, .data = data, .end = run.bytes.size()});
    return {};
  }

  void AppendKey(const data::Batch& batch, size_t row, data::Ordinal ordinal, std::string& bytes) const {
    if (key_column_ < 0) {
      bytes += StrCat(ordinal);
      return;
    }
    const data::Column& column = *batch.columns[static_cast<size_t>(key_column_)];
    const std::string_view text = column.null(row) ? std::string_view() : column.texts()[row];
    const std::string_view cut = Utf8Prefix(text, stream::kPartitionKeyCharsMax);
    bytes += cut.empty() ? "null" : cut;
  }

  Status Append(const Run& run, data::Ordinal first_ordinal) {
    if (run.extents.empty()) return Ok();
    const std::vector<stream::RecordInput> records = run.Records();
    TAILRACE_ASSIGN_OR_RETURN(
        const stream::AppendOutcome outcome,
        target_->Append(records, stream::ProducerInput{.id = producer_, .first_sequence = first_ordinal}));
    TAILRACE_TRY(outcome.status());
    const auto duplicates = std::ranges::count_if(outcome.places, &stream::RecordPlace::duplicate);
    rows_written_.Add(records.size() - static_cast<size_t>(duplicates));
    last_ordinal_ = first_ordinal + records.size() - 1;
    return Ok();
  }

  Status Refuse(const data::Batch& batch, size_t row, data::Ordinal ordinal, const std::string& reason) {
    DeadLetter letter{.id = {.sink = config_.name, .ordinal = ordinal}, .reason = reason};
    letter_writer_.Append(letter.row_json, batch, row);
    if (origin_) {
      if (std::optional<RowOrigin> origin = origin_(ordinal)) {
        letter.bytes = std::move(origin->bytes);
        letter.shard = origin->shard;
        letter.sequence = origin->sequence;
      }
    }
    DeadLetters::Pending pending(environment_.dead_letters);
    pending.Add(std::move(letter));
    table::Changes changes;
    pending.AppendTo(changes);
    TAILRACE_TRY(environment_.tables.Apply(changes));
    pending.Commit();
    return Ok();
  }

  const StreamSinkConfig config_;
  const int key_column_;  // -1: none.
  const std::shared_ptr<stream::Stream> target_;
  Environment& environment_;
  const OriginLookup origin_;
  const data::RowWriter row_writer_;
  const data::RowWriter letter_writer_;
  const std::string producer_;
  Counter& rows_written_;
  uint64_t record_bytes_max_ = 0;  // Of the stream, at the beginning of the call.
  data::Ordinal last_ordinal_ = 0;
};

}  // namespace

Result<std::unique_ptr<RedrivableSink>> MakeStreamSink(const StreamSinkConfig& config,
                                                       std::shared_ptr<stream::Stream> target, Environment& environment,
                                                       OriginLookup origin) {
  int key_column = -1;
  if (!config.partition_key.empty()) {
    key_column = config.schema.Find(config.partition_key);
    if (key_column < 0 || !config.schema.fields[static_cast<size_t>(key_column)].type.is_character()) {
      return Error{ErrorCode::kInvalidArgument, StrCat("sink \"", config.name, "\": partition key \"",
                                                       config.partition_key, "\" is no character column")};
    }
  }
  return std::unique_ptr<RedrivableSink>(
      std::make_unique<StreamSink>(config, key_column, std::move(target), environment, std::move(origin)));
}

}  // namespace tailrace::sink
