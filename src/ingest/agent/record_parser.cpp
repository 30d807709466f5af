#include "ingest/agent/record_parser.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/str.h"
#include "ingest/agent/csv.h"

namespace tailrace::ingest {
namespace {

// Length of the first line with its line end; 0: there is none.
size_t LineLength(std::string_view data) {
  const void* const end = data.empty() ? nullptr : std::memchr(data.data(), '\n', data.size());
  return end == nullptr ? 0 : static_cast<size_t>(static_cast<const char*>(end) - data.data()) + 1;
}

uint64_t Mix(uint64_t x) {  // SplitMix64.
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

void RecordBatch::Clear() {
  const bool spare = !empty() && spare_.AfterUse(bytes_.size() + entries_.size() * sizeof(Entry), held_bytes());
  bytes_.clear();
  entries_.clear();
  key_bytes_ = 0;
  if (spare) Free();
}

void RecordBatch::Free() {
  Clear();
  bytes_.shrink_to_fit();  // Assigning an empty string keeps the old one's memory.
  entries_.shrink_to_fit();
}

void RecordBatch::Add(std::string_view key, std::string_view data) {
  TAILRACE_CHECK(key.size() <= sizeof(Entry::key));
  Entry& entry = entries_.emplace_back();
  entry.offset = bytes_.size();
  entry.length = static_cast<uint32_t>(data.size());
  entry.key_length = static_cast<uint8_t>(key.size());
  if (!key.empty()) std::memcpy(entry.key, key.data(), key.size());
  bytes_.append(data);
  key_bytes_ += key.size();
}

void RecordBatch::ExtendLast(std::string_view data) {
  bytes_.append(data);
  entries_.back().length += static_cast<uint32_t>(data.size());
}

void RecordBatch::Records(std::vector<TargetRecord>& into) const {
  into.clear();
  for (size_t i = 0; i < entries_.size(); ++i) into.push_back(record(i));
}

size_t WriteRandomKey(uint64_t key_seed, uint64_t sequence, char* into) {
  uint64_t value = Mix(key_seed ^ Mix(sequence)) % 1'000'000'000'000;
  for (size_t i = 13; i-- > 0;) {
    if (i == 6) {
      into[i] = '.';
    } else {
      into[i] = static_cast<char>('0' + value % 10);
      value /= 10;
    }
  }
  return 13;
}

BlockMark MarkOf(std::string_view block) {
  return {.length = static_cast<uint32_t>(block.size()), .crc = Crc32c(block)};
}

RecordParser::RecordParser(const FlowConfig& flow, const TargetLimits& limits, ConverterChain chain)
    : flow_(&flow),
      limits_(limits),
      chain_(std::move(chain)),
      record_bytes_max_(std::max<uint64_t>(flow.buffer_bytes_max, 1 << 10)) {
  if (flow.destination_kind == DestinationKind::kDelivery) aggregated_bytes_ = flow.aggregated_record_bytes;
}

Result<RecordParser> RecordParser::Make(const FlowConfig& flow, const TargetLimits& limits, const Clock& clock,
                                        Ec2MetadataSource* metadata) {
  TAILRACE_ASSIGN_OR_RETURN(ConverterChain chain, ConverterChain::Make(flow, clock, metadata));
  RecordParser parser(flow, limits, std::move(chain));
  if (!flow.multi_line_start_pattern.empty()) {
    TAILRACE_ASSIGN_OR_RETURN(parser.start_pattern_,
                              JavaRegex::Compile(flow.multi_line_start_pattern, RegexMode::kPrefix));
  }
  if (!flow.file_footer_pattern.empty()) {
    TAILRACE_ASSIGN_OR_RETURN(parser.footer_pattern_, JavaRegex::Compile(flow.file_footer_pattern, RegexMode::kWhole));
  }
  // Quoted line breaks matter when the first thing that looks at a record is the CSV conversion.
  const auto* const csv = flow.processing.empty() ? nullptr : std::get_if<CsvToJsonOption>(&flow.processing[0]);
  if (csv != nullptr && !parser.start_pattern_) {
    TAILRACE_ASSIGN_OR_RETURN(const CsvSplitter splitter, CsvSplitter::Make(csv->delimiter, csv->mode));
    parser.csv_quotes_ = splitter.quotes();
    parser.csv_delimiter_ = splitter.literal();
  }
  return parser;
}

bool RecordParser::StartsRecord(std::string_view line) {
  const auto matched =
      IsValidUtf8(line) ? start_pattern_->Matches(line, scratch_) : start_pattern_->Matches(RepairUtf8(line), scratch_);
  // A pattern that gives up on a line does not begin a record with it; the line is not lost.
  return matched.ok() && *matched;
}

bool RecordParser::IsFooter(std::string_view line) {
  if (!footer_pattern_ || line.empty()) return false;
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const auto matched = IsValidUtf8(line) ? footer_pattern_->Matches(line, scratch_)
                                         : footer_pattern_->Matches(RepairUtf8(line), scratch_);
  return matched.ok() && *matched;
}

// The lines up to the next one that begins a record.
size_t RecordParser::MultiLineLength(std::string_view data) {
  size_t at = LineLength(data);
  if (at == 0) return 0;
  while (true) {  // Ends: `at` grows by a line.
    const std::string_view rest = data.substr(at);
    const size_t line = LineLength(rest);
    if (line == 0) return 0;
    if (StartsRecord(rest.substr(0, line)) || IsFooter(rest.substr(0, line))) return at;
    at += line;
  }
}

size_t RecordParser::RecordLength(std::string_view data) {
  if (start_pattern_) return MultiLineLength(data);
  if (csv_quotes_) return CsvRecordLength(data, csv_delimiter_);
  return LineLength(data);
}

size_t RecordParser::ForcedLength(std::string_view data, bool final) const {
  const size_t first_line = LineLength(data);
  if (csv_quotes_ && first_line > 0) return first_line;
  if (final) return data.size();
  if (!start_pattern_) return 0;
  const size_t last = data.rfind('\n');
  return last == std::string_view::npos ? 0 : last + 1;
}

// Steps over what is not sent: the rest of a record that was too long, and header lines. False: `data` ends within it.
bool RecordParser::SkipLines(std::string_view data, FilePosition& position, ParseCounters& counters, size_t& at) {
  while (position.discarding || position.headers_left > 0) {
    const size_t line = LineLength(data.substr(at));
    if (line == 0) {
      if (position.discarding) at = data.size();
      return false;
    }
    at += line;
    ++counters.lines;
    if (position.discarding) {
      position.discarding = false;
    } else {
      --position.headers_left;
    }
  }
  return true;
}

RecordParser::Outcome RecordParser::Parse(std::string_view data, uint64_t key_seed, FilePosition& position,
                                          RecordBatch& batch, ParseCounters& counters, const Reject& reject) {
  size_t at = 0;
  Outcome outcome;
  const uint64_t begin = position.offset;
  while (at < data.size() && !position.finished) {
    if (!SkipLines(data, position, counters, at)) break;
    const std::string_view rest = data.substr(at);
    if (rest.empty()) break;
    if (batch.size() >= limits_.records_max || batch.bytes() >= limits_.bytes_max) {
      outcome.full = true;
      break;
    }
    if (footer_pattern_ && IsFooter(rest.substr(0, LineLength(rest)))) {
      position.finished = true;
      at = data.size();
      break;
    }
    size_t length = 0;
    bool too_long = false;
    if (position.forced_end > begin + at) {
      length = position.forced_end - begin - at;
      if (length > rest.size()) break;
    } else {
      length = RecordLength(rest);
      too_long = length > record_bytes_max_ || (length == 0 && rest.size() >= record_bytes_max_);
      if (too_long) length = record_bytes_max_;
    }
    if (length == 0) break;
    const std::string_view raw = rest.substr(0, length);
    position.offset = begin + at;  // For the reject list.
    Emit(raw, key_seed, position, batch, counters, reject);
    at += length;
    position.discarding = too_long && !raw.ends_with('\n');
    if (position.forced_end <= begin + at) position.forced_end = 0;
  }
  position.offset = begin + at;
  counters.bytes += at;
  outcome.consumed = at;
  return outcome;
}

void RecordParser::Emit(std::string_view raw, uint64_t key_seed, FilePosition& position, RecordBatch& batch,
                        ParseCounters& counters, const Reject& reject) {
  ++counters.parsed;
  counters.lines += waits_for_more() ? static_cast<uint64_t>(std::count(raw.begin(), raw.end(), '\n')) : 1;
  std::string_view data = raw;
  if (!chain_.passthrough()) {
    switch (chain_.Convert(raw, data, reason_)) {
      case Converter::Outcome::kConverted:
        break;
      case Converter::Outcome::kSkipped:
        ++counters.skipped;
        reject(position.offset, reason_, raw);
        return;
      case Converter::Outcome::kFailed:
        ++counters.unconverted;
        reject(position.offset, StrCat("sent as it is: ", reason_), raw);
        data = raw;
        break;
    }
  }
  // The key counts, too; the longest is 32 bytes.
  const uint64_t data_max = limits_.record_bytes_max - 32;
  if (data.size() > data_max) {
    ++counters.truncated;
    reject(position.offset, StrCat("cut from ", data.size(), " to ", data_max, " bytes"), raw);
    const std::string& terminator = flow_->truncated_record_terminator;
    const size_t kept = data_max - std::min<size_t>(terminator.size(), data_max);
    cut_.assign(data.substr(0, kept));
    cut_.append(terminator, 0, data_max - kept);
    data = cut_;
  }
  // A time stamp in the data must not move a record that is sent again to another shard: then the line decides.
  Append(data, chain_.depends_on_time() ? raw : data, key_seed, position, batch);
}

void RecordParser::Append(std::string_view data, std::string_view key_source, uint64_t key_seed, FilePosition& position,
                          RecordBatch& batch) {
  if (aggregates() && !batch.empty() && batch.last_bytes() + data.size() <= aggregated_bytes_) {
    batch.ExtendLast(data);
    return;
  }
  ++position.next_sequence;
  const bool deterministic =
      flow_->destination_kind == DestinationKind::kStream && flow_->partition_key == PartitionKeyOption::kDeterministic;
  if (deterministic) {
    const auto digest = Md5(key_source);
    batch.Add(ToHex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size())), data);
  } else {
    char key[13];
    batch.Add(std::string_view(key, WriteRandomKey(key_seed, position.next_sequence - 1, key)), data);
  }
}

}  // namespace tailrace::ingest
