#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/java_regex.h"
#include "base/result.h"
#include "ingest/agent/agent_config.h"

namespace tailrace::ingest {

// A quoted field may run over this much; an open quote that is not closed within it is taken for an ordinary
// character, and the record ends at its first line end.
inline constexpr size_t kQuotedRecordBytesMax = 64 << 10;

// The characters that a Java regular expression matches when it stands for one fixed text (",", "\\t", "\\|"), else
// nothing. A lone "|" counts as itself: as an expression it would match between all characters.
std::optional<std::string> LiteralDelimiter(std::string_view java_pattern);

// Length of the first CSV record of `bytes` with its line end, where line ends within quotes do not count; 0 when the
// record does not end within `bytes`.
size_t CsvRecordLength(std::string_view bytes, std::string_view delimiter);

// One column of a record: a piece of the record, or of the reader's own memory when quotes were doubled.
struct CsvColumn {
  std::string_view text;
  bool quoted = false;
};

// Splits records into columns. Keeps its memory between calls. Threads: one owner.
class CsvSplitter {
 public:
  // Errors: kInvalidArgument: the delimiter is no regular expression.
  static Result<CsvSplitter> Make(std::string_view delimiter, CsvMode mode);

  // Quotes are honoured: rfc4180 was asked for and the delimiter is one fixed text.
  bool quotes() const { return quotes_; }
  const std::string& literal() const { return literal_; }

  // Columns of `record` (valid UTF-8, without its line end). Unquoted empty columns at the end are dropped, as
  // String.split does. At most `columns_max` columns are returned. Views are valid until the next call.
  const std::vector<CsvColumn>& Columns(std::string_view record, size_t columns_max);

 private:
  void SplitQuoted(std::string_view record, size_t columns_max);
  void SplitLiteral(std::string_view record);
  void SplitRegex(std::string_view record);
  std::string_view Unquote(std::string_view record, size_t& at);

  bool quotes_ = false;
  std::string literal_;  // Empty: use regex_.
  std::optional<JavaRegex> regex_;
  RegexScratch scratch_;
  std::vector<CsvColumn> columns_;
  std::string unquoted_;  // Capacity is reserved for a whole record, so views into it stay valid.
};

}  // namespace tailrace::ingest
