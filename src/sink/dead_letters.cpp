#include "sink/dead_letters.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/str.h"

namespace tailrace::sink {
namespace {

constexpr uint8_t kVersion = 1;
constexpr std::string_view kPrefix = "dead/";
constexpr size_t kOrdinalBytes = 8;

std::string SinkPrefix(std::string_view sink) {
  std::string key = StrCat(kPrefix, sink);
  key.push_back('\0');
  return key;
}

std::string NoteKey(const LetterId& id) {
  std::string key = SinkPrefix(id.sink);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>((id.ordinal >> shift) & 0xff));
  return key;
}

Result<LetterId> ParseNoteKey(std::string_view key) {
  if (!key.starts_with(kPrefix) || key.size() < kPrefix.size() + 1 + kOrdinalBytes) {
    return Error{ErrorCode::kCorruption, "dead letters: a key of another form"};
  }
  LetterId id{.sink = std::string(key.substr(kPrefix.size(), key.size() - kPrefix.size() - 1 - kOrdinalBytes))};
  for (const char c : key.substr(key.size() - kOrdinalBytes)) id.ordinal = id.ordinal << 8 | static_cast<uint8_t>(c);
  return id;
}

std::string Encode(const DeadLetter& letter) {
  ByteWriter writer;
  writer.U8(kVersion);
  writer.I64(ToUnixMs(letter.time));
  writer.U32(letter.redrives);
  writer.Text(letter.reason);
  writer.Text(letter.row_json);
  writer.Bool(letter.bytes.has_value());
  writer.Text(letter.bytes.value_or(""));
  writer.Bool(letter.shard.has_value());
  writer.U32(letter.shard.value_or(0));
  writer.Bool(letter.sequence.has_value());
  writer.U64(letter.sequence.value_or(0));
  return std::move(writer).Take();
}

Result<DeadLetter> Decode(LetterId id, std::string_view bytes) {
  ByteReader reader(bytes);
  DeadLetter letter{.id = std::move(id)};
  TAILRACE_ASSIGN_OR_RETURN(const uint8_t version, reader.U8());
  if (version != kVersion) return Error{ErrorCode::kCorruption, StrCat("dead letter of version ", version)};
  TAILRACE_ASSIGN_OR_RETURN(const int64_t time, reader.I64());
  letter.time = FromUnixMs(time);
  TAILRACE_ASSIGN_OR_RETURN(letter.redrives, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view reason, reader.Text());
  letter.reason = reason;
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view row, reader.Text());
  letter.row_json = row;
  TAILRACE_ASSIGN_OR_RETURN(const bool has_bytes, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view record, reader.Text());
  if (has_bytes) letter.bytes = record;
  TAILRACE_ASSIGN_OR_RETURN(const bool has_shard, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t shard, reader.U32());
  if (has_shard) letter.shard = shard;
  TAILRACE_ASSIGN_OR_RETURN(const bool has_sequence, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t sequence, reader.U64());
  if (has_sequence) letter.sequence = sequence;
  return letter;
}

bool Contains(const std::deque<data::Ordinal>& ordinals, data::Ordinal ordinal) {
  return std::ranges::binary_search(ordinals, ordinal);
}

void Insert(std::deque<data::Ordinal>& ordinals, data::Ordinal ordinal) {
  const auto at = std::ranges::lower_bound(ordinals, ordinal);
  if (at == ordinals.end() || *at != ordinal) ordinals.insert(at, ordinal);
}

void Erase(std::deque<data::Ordinal>& ordinals, data::Ordinal ordinal) {
  const auto at = std::ranges::lower_bound(ordinals, ordinal);
  if (at != ordinals.end() && *at == ordinal) ordinals.erase(at);
}

// What one transaction does to the letters of one sink.
struct SinkChange {
  std::set<data::Ordinal> removed;
  std::set<data::Ordinal> added;
};

// The oldest letters beyond `letters_max` when the change is done.
std::vector<data::Ordinal> BeyondLimit(const std::deque<data::Ordinal>& ordinals, const SinkChange& change,
                                       size_t letters_max) {
  size_t count = ordinals.size();
  for (const data::Ordinal ordinal : change.removed) count -= Contains(ordinals, ordinal) ? 1 : 0;
  for (const data::Ordinal ordinal : change.added) {
    count += Contains(ordinals, ordinal) && !change.removed.contains(ordinal) ? 0 : 1;
  }
  std::vector<data::Ordinal> beyond;
  auto kept = ordinals.begin();
  auto added = change.added.begin();
  while (count > letters_max + beyond.size()) {
    if (kept != ordinals.end() && (added == change.added.end() || *kept < *added)) {
      if (!change.removed.contains(*kept)) beyond.push_back(*kept);
      ++kept;
    } else {
      if (kept != ordinals.end() && *kept == *added) ++kept;
      beyond.push_back(*added++);
    }
  }
  return beyond;
}

}  // namespace

DeadLetters::DeadLetters(table::TableStore& store, const Clock& clock, MetricsRegistry& metrics, Options options)
    : store_(store), clock_(clock), metrics_(metrics), options_(options) {}

Result<std::unique_ptr<DeadLetters>> DeadLetters::Open(table::TableStore& store, const Clock& clock,
                                                       MetricsRegistry& metrics, Options options) {
  std::unique_ptr<DeadLetters> letters(new DeadLetters(store, clock, metrics, options));
  TAILRACE_TRY(letters->Load());
  return letters;
}

Status DeadLetters::Load() {
  constexpr size_t kNotesAtOnce = 1'000;
  std::string after;
  while (true) {  // Ends: every round but the last one moves on by at least one note.
    TAILRACE_ASSIGN_OR_RETURN(const std::vector<table::TableStore::Note> notes,
                              store_.ScanNotes(kPrefix, after, kNotesAtOnce));
    if (notes.empty()) return Ok();
    for (const table::TableStore::Note& note : notes) {
      TAILRACE_ASSIGN_OR_RETURN(const LetterId id, ParseNoteKey(note.key));
      Insert(ordinals_[id.sink], id.ordinal);
    }
    after = notes.back().key;
  }
}

void DeadLetters::Pending::AppendTo(table::Changes& changes) {
  const std::lock_guard lock(letters_.mutex_);
  const Options& options = letters_.options_;
  std::map<std::string, SinkChange> sinks;
  for (const LetterId& id : removed_) {
    changes.DeleteNote(NoteKey(id));
    sinks[id.sink].removed.insert(id.ordinal);
  }
  for (DeadLetter& letter : added_) {
    if (letter.time == Timestamp{}) letter.time = letters_.clock_.Now();
    letter.row_json = Utf8Prefix(letter.row_json, options.bytes_max);
    if (letter.bytes.has_value() && letter.bytes->size() > options.bytes_max) letter.bytes->resize(options.bytes_max);
    changes.SetNote(NoteKey(letter.id), Encode(letter));
    sinks[letter.id.sink].added.insert(letter.id.ordinal);
  }
  dropped_.clear();
  for (const auto& [sink, change] : sinks) {
    for (const data::Ordinal ordinal : BeyondLimit(letters_.ordinals_[sink], change, options.letters_max)) {
      const LetterId oldest{.sink = sink, .ordinal = ordinal};
      changes.DeleteNote(NoteKey(oldest));
      dropped_.push_back(oldest);
    }
  }
}

void DeadLetters::Pending::Commit() {
  const std::lock_guard lock(letters_.mutex_);
  const auto count = [&](std::string_view name, std::string_view help, const LetterId& id) {
    letters_.metrics_.GetCounter(name, help, {{"sink", id.sink}}).Add(1);
  };
  for (const LetterId& id : removed_) Erase(letters_.ordinals_[id.sink], id.ordinal);
  for (const DeadLetter& letter : added_) {
    Insert(letters_.ordinals_[letter.id.sink], letter.id.ordinal);
    if (letter.redrives == 0) count("tailrace_dead_letters_total", "Rows that a sink could not take.", letter.id);
  }
  for (const LetterId& id : dropped_) {
    Erase(letters_.ordinals_[id.sink], id.ordinal);
    count("tailrace_dead_letters_dropped_total", "Dead letters that made room for newer ones.", id);
  }
}

Result<DeadLetters::Page> DeadLetters::List(std::string_view sink, const std::optional<LetterId>& after,
                                            size_t limit) const {
  Page page;
  const std::string prefix = sink.empty() ? std::string(kPrefix) : SinkPrefix(sink);
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<table::TableStore::Note> notes,
                            store_.ScanNotes(prefix, after.has_value() ? NoteKey(*after) : "", limit + 1));
  for (const table::TableStore::Note& note : notes) {
    if (page.letters.size() == limit) {
      page.last = page.letters.back().id;
      break;
    }
    TAILRACE_ASSIGN_OR_RETURN(LetterId id, ParseNoteKey(note.key));
    TAILRACE_ASSIGN_OR_RETURN(DeadLetter letter, Decode(std::move(id), note.value));
    page.letters.push_back(std::move(letter));
  }
  return page;
}

Result<DeadLetter> DeadLetters::Get(const LetterId& id) const {
  TAILRACE_ASSIGN_OR_RETURN(const std::optional<std::string> note, store_.GetNote(NoteKey(id)));
  if (!note.has_value()) {
    return Error{ErrorCode::kNotFound, StrCat("no dead letter ", id.ordinal, " of sink \"", id.sink, "\"")};
  }
  return Decode(id, *note);
}

Status DeadLetters::Delete(const LetterId& id) {
  TAILRACE_ASSIGN_OR_RETURN(const DeadLetter letter, Get(id));
  Pending pending(*this);
  pending.Remove(letter.id);
  table::Changes changes;
  pending.AppendTo(changes);
  TAILRACE_TRY(store_.Apply(changes));
  pending.Commit();
  return Ok();
}

Status DeadLetters::Update(const DeadLetter& letter) {
  TAILRACE_TRY(Get(letter.id));
  Pending pending(*this);
  pending.Add(letter);
  table::Changes changes;
  pending.AppendTo(changes);
  TAILRACE_TRY(store_.Apply(changes));
  pending.Commit();
  return Ok();
}

Result<uint64_t> DeadLetters::Purge(const std::string& sink) {
  Pending pending(*this);
  uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const data::Ordinal ordinal : ordinals_[sink]) {
      pending.Remove({.sink = sink, .ordinal = ordinal});
      ++count;
    }
  }
  table::Changes changes;
  pending.AppendTo(changes);
  TAILRACE_TRY(store_.Apply(changes));
  pending.Commit();
  return count;
}

size_t DeadLetters::count(const std::string& sink) const {
  const std::lock_guard lock(mutex_);
  const auto found = ordinals_.find(sink);
  return found == ordinals_.end() ? 0 : found->second.size();
}

std::map<std::string, size_t> DeadLetters::counts() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, size_t> counts;
  for (const auto& [sink, ordinals] : ordinals_) {
    if (!ordinals.empty()) counts.emplace(sink, ordinals.size());
  }
  return counts;
}

}  // namespace tailrace::sink
