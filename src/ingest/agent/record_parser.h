#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/java_regex.h"
#include "base/result.h"
#include "base/spare_check.h"
#include "ingest/agent/checkpoint_log.h"
#include "ingest/agent/converters.h"
#include "ingest/agent/record_target.h"

namespace tailrace::ingest {

// Records of one file on their way to the target, numbered without holes.
class RecordBatch {
 public:
  void Begin(uint64_t first_sequence) {
    Clear();
    first_sequence_ = first_sequence;
  }
  void Clear();
  // Gives the memory back, too.
  void Free();
  // `key` of at most 32 bytes.
  void Add(std::string_view key, std::string_view data);
  // Appends `data` to the last record.
  void ExtendLast(std::string_view data);

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  uint64_t first_sequence() const { return first_sequence_; }
  uint64_t bytes() const { return bytes_.size() + key_bytes_; }
  uint64_t held_bytes() const { return bytes_.capacity() + entries_.capacity() * sizeof(Entry); }  // In memory.
  uint64_t last_bytes() const { return entries_.empty() ? 0 : entries_.back().length; }
  TargetRecord record(size_t index) const {
    const Entry& entry = entries_[index];
    return {std::string_view(entry.key, entry.key_length), std::string_view(bytes_).substr(entry.offset, entry.length)};
  }
  void Records(std::vector<TargetRecord>& into) const;

 private:
  struct Entry {
    size_t offset;
    uint32_t length;
    uint8_t key_length;
    char key[35];
  };
  uint64_t first_sequence_ = 1;
  uint64_t key_bytes_ = 0;
  std::string bytes_;
  std::vector<Entry> entries_;
  SpareCheck spare_;
};

// Numbers over the records of a file or flow.
struct ParseCounters {
  uint64_t bytes = 0;  // Consumed.
  uint64_t lines = 0;
  uint64_t parsed = 0;       // Records found.
  uint64_t skipped = 0;      // Not of the configured form: not sent.
  uint64_t unconverted = 0;  // Conversion failed: sent raw.
  uint64_t truncated = 0;    // Cut to the greatest length.
};

// Cuts a file's bytes into records and converts them. What it does depends only on the bytes, the position and the
// flow's settings, never on how the bytes were read: reading again after a crash gives the same records.
//
// Threads: one owner.
class RecordParser {
 public:
  // Told of every record that is not sent as its settings ask.
  using Reject = std::function<void(uint64_t offset, std::string_view reason, std::string_view raw)>;

  // `flow`, `clock` and `metadata` (may be null) are borrowed.
  static Result<RecordParser> Make(const FlowConfig& flow, const TargetLimits& limits, const Clock& clock,
                                   Ec2MetadataSource* metadata);

  struct Outcome {
    size_t consumed = 0;  // Bytes of `data` that are done with.
    bool full = false;    // Stopped because the batch is full.
  };
  // Takes records from `data`, the file's bytes from `position.offset` on, into `batch`, and moves `position` (all but
  // its marks) along. `data` as long as record_bytes_max() without a record's end is taken as the beginning of a
  // record that is too long.
  Outcome Parse(std::string_view data, uint64_t key_seed, FilePosition& position, RecordBatch& batch,
                ParseCounters& counters, const Reject& reject);

  // The longest record that is looked at whole, in bytes.
  size_t record_bytes_max() const { return record_bytes_max_; }
  // Where a record that began at the front of `data` and is not complete would be ended if nothing followed any more;
  // 0: not yet, without `final`.
  size_t ForcedLength(std::string_view data, bool final) const;
  // One record may hold several lines: its end is known only when more follows.
  bool waits_for_more() const { return start_pattern_.has_value() || csv_quotes_; }
  // Records are joined: they have no lasting numbers.
  bool aggregates() const { return aggregated_bytes_ > 0; }

 private:
  RecordParser(const FlowConfig& flow, const TargetLimits& limits, ConverterChain chain);
  size_t RecordLength(std::string_view data);
  size_t MultiLineLength(std::string_view data);
  bool StartsRecord(std::string_view line);
  bool IsFooter(std::string_view line);
  bool SkipLines(std::string_view data, FilePosition& position, ParseCounters& counters, size_t& at);
  void Emit(std::string_view raw, uint64_t key_seed, FilePosition& position, RecordBatch& batch,
            ParseCounters& counters, const Reject& reject);
  void Append(std::string_view data, std::string_view key_source, uint64_t key_seed, FilePosition& position,
              RecordBatch& batch);

  const FlowConfig* flow_;
  TargetLimits limits_;
  ConverterChain chain_;
  size_t record_bytes_max_;
  uint64_t aggregated_bytes_ = 0;
  bool csv_quotes_ = false;
  std::string csv_delimiter_;
  std::optional<JavaRegex> start_pattern_;
  std::optional<JavaRegex> footer_pattern_;
  RegexScratch scratch_;
  std::string cut_;
  std::string reason_;
};

// The RANDOM partition key of a record: decimal text of a number below a million that only its flow, file and number
// decide, so that it is the same when the record is sent again. Writes at most 13 bytes; returns their count.
size_t WriteRandomKey(uint64_t key_seed, uint64_t sequence, char* into);

BlockMark MarkOf(std::string_view block);

}  // namespace tailrace::ingest
