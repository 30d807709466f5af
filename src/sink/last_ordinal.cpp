#include "sink/last_ordinal.h"

#include <optional>

#include "base/str.h"

namespace tailrace::sink {
namespace {

std::string NoteKey(const std::string& sink) { return StrCat("ordinal/", sink); }

}  // namespace

Result<data::Ordinal> LoadLastOrdinal(const table::TableStore& store, const std::string& sink) {
  TAILRACE_ASSIGN_OR_RETURN(const std::optional<std::string> note, store.GetNote(NoteKey(sink)));
  if (!note.has_value()) return data::Ordinal{0};
  const std::optional<int64_t> ordinal = ParseInt64(*note);
  if (!ordinal.has_value() || *ordinal < 0) {
    return Error{ErrorCode::kCorruption, StrCat("sink \"", sink, "\": its last ordinal is \"", *note, "\"")};
  }
  return static_cast<data::Ordinal>(*ordinal);
}

void StoreLastOrdinal(table::Changes& changes, const std::string& sink, data::Ordinal ordinal) {
  changes.SetNote(NoteKey(sink), StrCat(ordinal));
}

}  // namespace tailrace::sink
