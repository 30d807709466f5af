#include "sink/environment.h"

#include "sink/row_json.h"

namespace tailrace::sink {

Status RedriveLetter(DeadLetters& letters, const LetterId& id, RedrivableSink& sink,
                     const std::optional<std::string>& edited_row) {
  TAILRACE_ASSIGN_OR_RETURN(DeadLetter letter, letters.Get(id));
  const std::string row_json = edited_row.value_or(letter.row_json);
  TAILRACE_ASSIGN_OR_RETURN(const data::Batch row, RowFromJson(sink.schema(), row_json));
  Status status = sink.Redrive(id, row);
  if (status.ok() || status.error().code != ErrorCode::kInvalidArgument) return status;
  letter.reason = status.error().message;
  letter.row_json = row_json;
  ++letter.redrives;
  TAILRACE_TRY(letters.Update(letter));
  return status;
}

}  // namespace tailrace::sink
