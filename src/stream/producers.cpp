#include "stream/producers.h"

#include <algorithm>

#include "base/str.h"
#include "stream/types.h"

namespace tailrace::stream {

uint64_t Producers::Last(std::string_view producer) const {
  const auto found = entries_.find(producer);
  return found == entries_.end() ? 0 : found->second.last;
}

void Producers::Set(std::string_view producer, uint64_t last, int64_t arrival_unix_ms) {
  const auto found = entries_.find(producer);
  if (found != entries_.end()) {
    found->second = {last, arrival_unix_ms};
    return;
  }
  if (entries_.size() >= kProducersMax) {
    entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
      return a.second.arrival_unix_ms < b.second.arrival_unix_ms;  // The first by name among equals.
    }));
  }
  entries_.emplace(producer, Entry{last, arrival_unix_ms});
}

void Producers::Intersect(const Producers& other) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto found = other.entries_.find(entry->first);
    if (found == other.entries_.end()) {
      entry = entries_.erase(entry);
      continue;
    }
    entry->second.last = std::min(entry->second.last, found->second.last);
    entry->second.arrival_unix_ms = std::max(entry->second.arrival_unix_ms, found->second.arrival_unix_ms);
    ++entry;
  }
}

void Producers::Save(ByteWriter& writer) const {
  writer.U32(static_cast<uint32_t>(entries_.size()));
  for (const auto& [producer, entry] : entries_) {
    writer.Text(producer);
    writer.U64(entry.last);
    writer.I64(entry.arrival_unix_ms);
  }
}

Status Producers::Load(ByteReader& reader) {
  entries_.clear();
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t count, reader.U32());
  if (count > kProducersMax)
    return Error{ErrorCode::kCorruption, StrCat("producers: ", count, ", max ", kProducersMax)};
  for (uint32_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view producer, reader.Text());
    Entry entry;
    TAILRACE_ASSIGN_OR_RETURN(entry.last, reader.U64());
    TAILRACE_ASSIGN_OR_RETURN(entry.arrival_unix_ms, reader.I64());
    entries_.emplace(producer, entry);
  }
  return Ok();
}

}  // namespace tailrace::stream
