#include "sql/functions/log_columns.h"

#include "base/str.h"
#include "sql/cast.h"
#include "sql/functions/calendar.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;

constexpr int32_t kDefaultLength = 1'024;

// A word, number, quoted name, quoted text or single character of a column description.
struct Token {
  enum class Kind : uint8_t { kEnd, kWord, kName, kText, kOther } kind = Kind::kEnd;
  std::string text;  // Words in upper case.
};

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<uint8_t>(c) >= 0x80;
}

class ColumnsParser {
 public:
  explicit ColumnsParser(std::string_view text) : text_(text) {}

  Result<std::vector<LogColumn>> Parse() {
    std::vector<LogColumn> columns;
    TAILRACE_TRY(Advance());
    do {
      if (columns.size() == kLogColumnsMax) {
        return Error{ErrorCode::kLimitExceeded, StrCat("more than ", kLogColumnsMax, " columns")};
      }
      TAILRACE_ASSIGN_OR_RETURN(LogColumn column, ParseColumn());
      columns.push_back(std::move(column));
    } while (TakeOther(","));
    if (token_.kind != Token::Kind::kEnd) return Bad(StrCat("unexpected '", token_.text, "'"));
    return columns;
  }

 private:
  Error Bad(std::string_view what) const {
    return Error{ErrorCode::kInvalidArgument, StrCat("column list '", text_, "', byte ", token_begin_, ": ", what)};
  }

  Status Advance() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    token_begin_ = at_;
    token_ = {};
    if (at_ == text_.size()) return Ok();
    const char c = text_[at_];
    if (c == '"' || c == '\'') return Quoted(c);
    if (!IsWordCharacter(c)) {
      token_ = {Token::Kind::kOther, std::string(text_.substr(at_++, 1))};
      return Ok();
    }
    while (at_ < text_.size() && IsWordCharacter(text_[at_])) ++at_;
    token_ = {Token::Kind::kWord, AsciiUpper(text_.substr(token_begin_, at_ - token_begin_))};
    return Ok();
  }

  // Doubled quotes inside stand for one.
  Status Quoted(char quote) {
    token_.kind = quote == '"' ? Token::Kind::kName : Token::Kind::kText;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != quote) {
        token_.text += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == quote) {
        token_.text += quote;
        ++at_;
      } else {
        ++at_;
        return Ok();
      }
    }
    return Bad("quote without end");
  }

  bool IsWord(std::string_view word) const { return token_.kind == Token::Kind::kWord && token_.text == word; }

  Result<bool> TakeWord(std::string_view word) {
    if (!IsWord(word)) return false;
    TAILRACE_TRY(Advance());
    return true;
  }

  bool TakeOther(std::string_view text) {
    if (token_.kind != Token::Kind::kOther || token_.text != text) return false;
    return Advance().ok();
  }

  Result<int64_t> TakeNumber() {
    const auto number = token_.kind == Token::Kind::kWord ? ParseInt64(token_.text) : std::nullopt;
    if (!number || *number > data::kVarcharLengthMax) {
      return Bad(StrCat("number up to ", data::kVarcharLengthMax, " expected"));
    }
    TAILRACE_TRY(Advance());
    return *number;
  }

  Result<LogColumn> ParseColumn() {
    LogColumn column;
    if (token_.kind != Token::Kind::kWord && token_.kind != Token::Kind::kName) return Bad("column name expected");
    column.field.name = token_.text;
    TAILRACE_TRY(Advance());
    TAILRACE_TRY(TakeWord("TYPE"));
    TAILRACE_ASSIGN_OR_RETURN(column.field.type, TakeType());
    if (token_.kind == Token::Kind::kText) {
      if (!column.field.type.is_datetime()) return Bad("only DATE, TIME and TIMESTAMP take a format");
      TAILRACE_ASSIGN_OR_RETURN(column.format, DateFormat::Compile(token_.text));
      TAILRACE_TRY(Advance());
    }
    TAILRACE_ASSIGN_OR_RETURN(const bool is_not, TakeWord("NOT"));
    if (is_not) {
      TAILRACE_ASSIGN_OR_RETURN(column.field.not_null, TakeWord("NULL"));
      if (!column.field.not_null) return Bad("NULL expected after NOT");
    }
    TAILRACE_ASSIGN_OR_RETURN(const bool has_start, TakeWord("START"));
    if (!has_start) return column;
    TAILRACE_ASSIGN_OR_RETURN(column.start, TakeNumber());
    TAILRACE_ASSIGN_OR_RETURN(const bool has_length, TakeWord("FOR"));
    if (!has_length) return column;
    TAILRACE_ASSIGN_OR_RETURN(column.length, TakeNumber());
    return column;
  }

  // Everything up to what may follow a type.
  Result<Type> TakeType() {
    const size_t begin = token_begin_;
    size_t end = begin;
    int depth = 0;
    while (token_.kind == Token::Kind::kWord || token_.kind == Token::Kind::kOther) {
      if (depth == 0 && (IsWord("NOT") || IsWord("START") || token_.text == ",")) break;
      depth += token_.text == "(" ? 1 : token_.text == ")" ? -1 : 0;
      end = at_;
      TAILRACE_TRY(Advance());
    }
    if (end == begin) return Type::Varchar(kDefaultLength);
    auto type = data::ParseType(text_.substr(begin, end - begin));
    if (!type.ok()) return Bad(type.error().message);
    return type;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t token_begin_ = 0;
  Token token_;
};

}  // namespace

Result<std::vector<LogColumn>> ParseLogColumns(std::string_view text) { return ColumnsParser(text).Parse(); }

std::vector<LogColumn> NumberedLogColumns(size_t count) {
  std::vector<LogColumn> columns(count);
  for (size_t i = 0; i < count; ++i) {
    columns[i].field = {.name = StrCat("COLUMN", i + 1), .type = Type::Varchar(kDefaultLength)};
  }
  return columns;
}

Type LogRowType(const std::vector<LogColumn>& columns) {
  auto row = std::make_shared<data::RowType>();
  for (const LogColumn& column : columns) row->fields.push_back(column.field);
  return Type::Row(std::move(row));
}

LogRows::LogRows(const KernelInput& input, const std::vector<LogColumn>& columns)
    : input_(input), columns_(columns), null_rows_(input.rows, false) {
  for (size_t i = 0; i < columns.size(); ++i) {
    texts_.push_back(std::make_shared<Column>(Type::Varchar(), input.rows));
  }
  set_.resize(columns.size(), std::vector<bool>(input.rows, false));
}

void LogRows::Set(size_t row, size_t column, std::string_view text) {
  texts_[column]->mutable_texts()[row] = text;
  set_[column][row] = true;
}

void LogRows::SetNullRow(size_t row) { null_rows_[row] = true; }

ColumnPtr LogRows::Convert(size_t index) {
  const LogColumn& column = columns_[index];
  const Type& type = column.field.type;
  Column& texts = *texts_[index];
  texts.AddOwnersOf(*input_.args[0]);
  texts.AddOwner(arena_);
  for (uint32_t row = 0; row < input_.rows; ++row) {
    std::string_view& text = texts.mutable_texts()[row];
    const bool empty = !type.is_character() && Trim(text).empty();
    if (set_[index][row] && !null_rows_[row] && !empty) continue;
    text = {};
    texts.SetNull(row);
    if (column.field.not_null && !null_rows_[row]) {
      input_.errors.Add(row, kParseMismatch, StrCat("no value for ", column.field.name, ", which is NOT NULL"));
    }
  }
  if (!column.format) return CastColumn(texts_[index], type, false, input_.context, input_.errors);
  auto result = std::make_shared<Column>(type, input_.rows);
  result->mutable_validity() = texts.validity();
  for (uint32_t row = 0; row < input_.rows; ++row) {
    if (texts.null(row)) continue;
    const auto unix_ms = column.format->Parse(texts.texts()[row], input_.NowUnixMs(row));
    if (!unix_ms) {
      input_.errors.Add(row, kFormatMismatch,
                        StrCat(Quoted(texts.texts()[row]), " does not fit the format of ", column.field.name));
      result->SetNull(row);
      continue;
    }
    result->mutable_int64s()[row] = type.kind == TypeKind::kDate   ? FloorDivide(*unix_ms, kDayMs)
                                    : type.kind == TypeKind::kTime ? FloorModulo(*unix_ms, kDayMs)
                                                                   : *unix_ms;
  }
  return result;
}

ColumnPtr LogRows::Finish() {
  auto result = std::make_shared<Column>(input_.result_type, input_.rows);
  std::vector<ColumnPtr> children;
  for (size_t i = 0; i < columns_.size(); ++i) children.push_back(Convert(i));
  result->set_children(std::move(children), input_.rows);
  for (uint32_t row = 0; row < input_.rows; ++row) {
    if (null_rows_[row] || input_.errors.Has(row)) result->SetNull(row);
  }
  return result;
}

}  // namespace tailrace::sql
