#include "sql/functions/log_functions.h"

#include <algorithm>

#include "base/java_regex.h"
#include "base/str.h"
#include "sql/functions/calendar.h"
#include "sql/functions/delimited_line.h"
#include "sql/functions/fast_regex.h"
#include "sql/functions/log_columns.h"
#include "sql/functions/resolve.h"
#include "sql/functions/w3c_log.h"

namespace tailrace::sql {
namespace {

using data::ColumnPtr;
using data::Type;
using data::TypeKind;

// Runs over the rows that have a text; parse(row, text, rows) sets the row's fields.
template <typename Parse>
ColumnPtr ParseRows(const KernelInput& input, const std::vector<LogColumn>& columns, Parse parse) {
  LogRows rows(input, columns);
  const auto texts = input.args[0]->texts();
  for (uint32_t row = 0; row < input.rows; ++row) {
    if (input.args[0]->null(row)) {
      rows.SetNullRow(row);
    } else {
      parse(row, texts[row], rows);
    }
  }
  return rows.Finish();
}

Resolution Resolved(Kernel kernel, std::span<const ArgInfo> args, const std::vector<LogColumn>& columns,
                    std::shared_ptr<const void> prepared) {
  Resolution resolution{.kernel = kernel,
                        .result = LogRowType(columns),
                        .arg_types = {TypeOr(args[0], Type::Varchar())},
                        .can_fail = true,
                        .prepared = std::move(prepared)};
  for (const ArgInfo& arg : args.subspan(1)) resolution.arg_types.push_back(TypeOr(arg, Type::Varchar()));
  return resolution;
}

// Everything but the line decides about the columns, so it must be known beforehand.
Result<std::string> LiteralText(std::string_view function, std::string_view what, const ArgInfo& arg) {
  if (const std::string* text = ConstantText(arg)) return *text;
  return Error{ErrorCode::kInvalidArgument, StrCat(function, ": the ", what, " must be a character literal")};
}

// REGEX_LOG_PARSE ----------------------------------------------------------------------------------------------------

struct RegexPrepared {
  JavaRegex whole;
  JavaRegex find;
  std::vector<LogColumn> columns;
};

ColumnPtr RegexKernel(const KernelInput& input) {
  const auto& prepared = *static_cast<const RegexPrepared*>(input.prepared);
  RegexScratch scratch;
  std::vector<RegexGroup> groups(prepared.whole.group_count() + 1);
  return ParseRows(input, prepared.columns, [&](uint32_t row, std::string_view text, LogRows& rows) {
    auto matched = prepared.whole.Match(text, 0, scratch, groups);
    if (matched.ok() && !*matched) matched = prepared.find.Match(text, 0, scratch, groups);
    if (!matched.ok()) {
      input.errors.Add(row, kRegexLimit, std::move(matched).error().message);
    } else if (!*matched) {
      rows.SetNullRow(row);
    } else {
      for (size_t i = 0; i < rows.column_count() && i + 1 < groups.size(); ++i) {
        if (groups[i + 1].matched) rows.Set(row, i, groups[i + 1].In(text));
      }
    }
  });
}

Result<Resolution> ResolveRegex(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (!std::ranges::all_of(args, IsText)) return CannotApply("REGEX_LOG_PARSE", args);
  TAILRACE_ASSIGN_OR_RETURN(const std::string pattern, LiteralText("REGEX_LOG_PARSE", "pattern", args[1]));
  TAILRACE_ASSIGN_OR_RETURN(JavaRegex whole, JavaRegex::Compile(pattern, RegexMode::kWhole));
  TAILRACE_ASSIGN_OR_RETURN(JavaRegex find, JavaRegex::Compile(pattern, RegexMode::kFind));
  std::vector<LogColumn> columns = NumberedLogColumns(whole.group_count());
  if (args.size() == 3) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string list, LiteralText("REGEX_LOG_PARSE", "column list", args[2]));
    TAILRACE_ASSIGN_OR_RETURN(columns, ParseLogColumns(list));
  }
  if (columns.empty() || columns.size() > whole.group_count()) {
    return Error{ErrorCode::kInvalidArgument, StrCat("REGEX_LOG_PARSE: ", columns.size(), " columns, but ",
                                                     whole.group_count(), " groups in the pattern")};
  }
  auto prepared = std::make_shared<RegexPrepared>(std::move(whole), std::move(find), std::move(columns));
  return Resolved(&RegexKernel, args, prepared->columns, prepared);
}

// FAST_REGEX_LOG_PARSE -----------------------------------------------------------------------------------------------

struct FastRegexPrepared {
  FastRegex regex;
  std::vector<LogColumn> columns;
};

ColumnPtr FastRegexKernel(const KernelInput& input) {
  const auto& prepared = *static_cast<const FastRegexPrepared*>(input.prepared);
  std::vector<std::string_view> groups(prepared.regex.group_count());
  return ParseRows(input, prepared.columns, [&](uint32_t row, std::string_view text, LogRows& rows) {
    if (!prepared.regex.Match(text, groups)) {
      input.errors.Add(row, kParseMismatch, StrCat(Quoted(text), " does not match the pattern"));
      return;
    }
    for (size_t i = 0; i < groups.size(); ++i) rows.Set(row, i, groups[i]);
  });
}

Result<Resolution> ResolveFastRegex(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (!std::ranges::all_of(args, IsText)) return CannotApply("FAST_REGEX_LOG_PARSE", args);
  TAILRACE_ASSIGN_OR_RETURN(const std::string pattern, LiteralText("FAST_REGEX_LOG_PARSE", "pattern", args[1]));
  TAILRACE_ASSIGN_OR_RETURN(FastRegex regex, FastRegex::Compile(pattern));
  std::vector<LogColumn> columns = NumberedLogColumns(regex.group_count());
  auto prepared = std::make_shared<FastRegexPrepared>(std::move(regex), std::move(columns));
  return Resolved(&FastRegexKernel, args, prepared->columns, prepared);
}

// FIXED_COLUMN_LOG_PARSE ---------------------------------------------------------------------------------------------

std::string_view TrimBlanks(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

ColumnPtr FixedColumnKernel(const KernelInput& input) {
  const auto& columns = *static_cast<const std::vector<LogColumn>*>(input.prepared);
  return ParseRows(input, columns, [&](uint32_t row, std::string_view text, LogRows& rows) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const size_t begin = Utf8Prefix(text, static_cast<size_t>(*columns[i].start)).size();
      if (begin == text.size()) continue;  // NULL
      const std::string_view rest = text.substr(begin);
      const auto length = static_cast<size_t>(columns[i].length.value_or(data::kVarcharLengthMax));
      rows.Set(row, i, TrimBlanks(Utf8Prefix(rest, length)));
    }
  });
}

Result<Resolution> ResolveFixedColumn(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (!std::ranges::all_of(args, IsText)) return CannotApply("FIXED_COLUMN_LOG_PARSE", args);
  TAILRACE_ASSIGN_OR_RETURN(const std::string list, LiteralText("FIXED_COLUMN_LOG_PARSE", "column list", args[1]));
  TAILRACE_ASSIGN_OR_RETURN(std::vector<LogColumn> columns, ParseLogColumns(list));
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].start) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("FIXED_COLUMN_LOG_PARSE: column ", columns[i].field.name, " has no START")};
    }
    const bool next_begins_later = i + 1 < columns.size() && columns[i + 1].start.value_or(0) > *columns[i].start;
    if (!columns[i].length && next_begins_later) columns[i].length = *columns[i + 1].start - *columns[i].start;
  }
  auto prepared = std::make_shared<std::vector<LogColumn>>(std::move(columns));
  return Resolved(&FixedColumnKernel, args, *prepared, prepared);
}

// VARIABLE_COLUMN_LOG_PARSE ------------------------------------------------------------------------------------------

struct VariableColumnPrepared {
  DelimitedLine line;
  std::vector<LogColumn> columns;
};

ColumnPtr VariableColumnKernel(const KernelInput& input) {
  const auto& prepared = *static_cast<const VariableColumnPrepared*>(input.prepared);
  std::string unquoted;
  return ParseRows(input, prepared.columns, [&](uint32_t row, std::string_view text, LogRows& rows) {
    DelimitedLine::Reader reader(prepared.line, text);
    for (size_t i = 0; i < rows.column_count(); ++i) {
      const auto field = reader.Next(unquoted);
      if (!field) break;
      rows.Set(row, i, field->changed ? rows.Copy(unquoted) : field->text);
    }
  });
}

Result<std::vector<LogColumn>> VariableColumns(const ArgInfo& arg) {
  if (arg.constant != nullptr && arg.type.is_integer() && !arg.constant->is_null()) {
    const int64_t count = arg.constant->int64();
    if (count < 1 || count > static_cast<int64_t>(kLogColumnsMax)) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("VARIABLE_COLUMN_LOG_PARSE: ", count, " columns, allowed 1 to ", kLogColumnsMax)};
    }
    return NumberedLogColumns(static_cast<size_t>(count));
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string list, LiteralText("VARIABLE_COLUMN_LOG_PARSE", "column list", arg));
  return ParseLogColumns(list);
}

Result<Resolution> ResolveVariableColumn(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  static constexpr std::string_view kName = "VARIABLE_COLUMN_LOG_PARSE";
  if (!IsText(args[0]) || !std::ranges::all_of(args.subspan(2), IsText)) return CannotApply(kName, args);
  TAILRACE_ASSIGN_OR_RETURN(std::vector<LogColumn> columns, VariableColumns(args[1]));
  DelimitedLine line;
  TAILRACE_ASSIGN_OR_RETURN(line.delimiter, LiteralText(kName, "delimiter", args[2]));
  if (args.size() > 3) {
    TAILRACE_ASSIGN_OR_RETURN(line.escape, LiteralText(kName, "escape", args[3]));
  }
  if (args.size() > 4) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string quotes, LiteralText(kName, "quote", args[4]));
    line.quote_begin = Utf8Prefix(quotes, 1);
    line.quote_end =
        quotes.size() > line.quote_begin.size() ? quotes.substr(line.quote_begin.size()) : line.quote_begin;
  }
  if (line.delimiter.empty() || Utf8Length(line.escape) > 1 || Utf8Length(line.quote_end) > 1) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat(kName, ": the delimiter is not empty, the escape one character, the quote one or two")};
  }
  auto prepared = std::make_shared<VariableColumnPrepared>(std::move(line), std::move(columns));
  Resolution resolution = Resolved(&VariableColumnKernel, args, prepared->columns, prepared);
  resolution.arg_types[1] = args[1].type;
  return resolution;
}

// SYS_LOG_PARSE ------------------------------------------------------------------------------------------------------

struct SysLogPrepared {
  DateFormat format;
  std::vector<LogColumn> columns;
};

// The line has no year: the latest one that does not lie more than a day ahead, so that the last lines of December
// which come in January stay in their year.
std::optional<int64_t> SysLogTime(const DateFormat& format, std::string_view text, int64_t now_unix_ms) {
  const int64_t latest = now_unix_ms + kDayMs;
  const int64_t year = FloorDivide(MonthsFromDays(FloorDivide(latest, kDayMs)), 12) + 1970;
  constexpr int64_t kYearsBack = 8;  // February 29 may be that far.
  for (int64_t candidate = year; candidate > year - kYearsBack; --candidate) {
    const auto unix_ms = format.Parse(StrCat(candidate, " ", text), now_unix_ms);
    if (unix_ms && *unix_ms <= latest) return unix_ms;
  }
  return std::nullopt;
}

ColumnPtr SysLogKernel(const KernelInput& input) {
  const auto& prepared = *static_cast<const SysLogPrepared*>(input.prepared);
  auto times = std::make_shared<data::Column>(prepared.columns[0].field.type, input.rows);
  auto rests = std::make_shared<data::Column>(prepared.columns[1].field.type, input.rows);
  auto result = std::make_shared<data::Column>(input.result_type, input.rows);
  rests->AddOwnersOf(*input.args[0]);
  for (size_t row = 0; row < input.rows; ++row) {
    constexpr size_t kTimeBytes = 15;  // "Mon dd HH:mm:ss"
    std::string_view text = input.args[0]->texts()[row];
    if (text.starts_with('<')) text.remove_prefix(std::min(text.find('>') + 1, text.size()));  // Priority.
    const bool long_enough = !input.args[0]->null(row) && text.size() >= kTimeBytes;
    const auto unix_ms =
        long_enough ? SysLogTime(prepared.format, text.substr(0, kTimeBytes), input.NowUnixMs(row)) : std::nullopt;
    if (!unix_ms) {
      times->SetNull(row);
      rests->SetNull(row);
      result->SetNull(row);
      continue;
    }
    times->mutable_int64s()[row] = *unix_ms;
    text.remove_prefix(kTimeBytes);
    if (text.starts_with(' ')) text.remove_prefix(1);
    rests->mutable_texts()[row] = Utf8Prefix(text, static_cast<size_t>(rests->type().precision));
  }
  result->set_children({std::move(times), std::move(rests)}, input.rows);
  return result;
}

Result<Resolution> ResolveSysLog(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (!IsText(args[0])) return CannotApply("SYS_LOG_PARSE", args);
  TAILRACE_ASSIGN_OR_RETURN(DateFormat format, DateFormat::Compile("yyyy MMM d HH:mm:ss"));
  std::vector<LogColumn> columns = NumberedLogColumns(2);
  columns[0].field.type = Type::Timestamp();
  auto prepared = std::make_shared<SysLogPrepared>(std::move(format), std::move(columns));
  return Resolved(&SysLogKernel, args, prepared->columns, prepared);
}

// W3C_LOG_PARSE ------------------------------------------------------------------------------------------------------

struct W3cPrepared {
  W3cLogFormat format;
  std::vector<LogColumn> columns;
};

ColumnPtr W3cKernel(const KernelInput& input) {
  const auto& prepared = *static_cast<const W3cPrepared*>(input.prepared);
  std::vector<std::string_view> values(prepared.columns.size());
  return ParseRows(input, prepared.columns, [&](uint32_t row, std::string_view text, LogRows& rows) {
    if (!prepared.format.Match(text, values)) return rows.SetNullRow(row);
    for (size_t i = 0; i < values.size(); ++i) rows.Set(row, i, values[i]);
  });
}

Result<Resolution> ResolveW3c(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (!std::ranges::all_of(args, IsText)) return CannotApply("W3C_LOG_PARSE", args);
  TAILRACE_ASSIGN_OR_RETURN(const std::string text, LiteralText("W3C_LOG_PARSE", "format", args[1]));
  TAILRACE_ASSIGN_OR_RETURN(W3cLogFormat format, W3cLogFormat::Compile(text));
  std::vector<LogColumn> columns = NumberedLogColumns(format.column_count());
  auto prepared = std::make_shared<W3cPrepared>(std::move(format), std::move(columns));
  return Resolved(&W3cKernel, args, prepared->columns, prepared);
}

void AddLogFunction(FunctionRegistry& registry, std::string name, std::string syntax, std::string summary, int args_min,
                    int args_max, Result<Resolution> (*resolve)(std::span<const ArgInfo>, const ast::Call&)) {
  registry.Add({.name = std::move(name),
                .family = "log parsing",
                .syntax = std::move(syntax),
                .summary = std::move(summary),
                .args_min = args_min,
                .args_max = args_max,
                .resolve = resolve});
}

}  // namespace

void RegisterLogFunctions(FunctionRegistry& registry) {
  AddLogFunction(registry, "REGEX_LOG_PARSE", "REGEX_LOG_PARSE(line, 'java-regex' [, 'columns'])",
                 "A row with one column a capturing group: COLUMN1, COLUMN2 ... VARCHAR(1024), or as the column list "
                 "says. NULL when the line does not match.",
                 2, 3, &ResolveRegex);
  for (const char* name : {"FAST_REGEX_LOG_PARSE", "FAST_REGEX_LOG_PARSER"}) {
    AddLogFunction(registry, name, StrCat(name, "(line, 'pattern')"),
                   "The same by a pattern of the dk.brics.automaton language, without backtracking: each part takes "
                   "the shortest text. A line that does not match to its end is an error of the row.",
                   2, 2, &ResolveFastRegex);
  }
  AddLogFunction(registry, "FIXED_COLUMN_LOG_PARSE",
                 "FIXED_COLUMN_LOG_PARSE(line, 'name TYPE type [''format''] [NOT NULL] START n [FOR length], ...')",
                 "A row of columns that stand at fixed places, counted from 0; blanks around the values are dropped.",
                 2, 2, &ResolveFixedColumn);
  AddLogFunction(registry, "VARIABLE_COLUMN_LOG_PARSE",
                 "VARIABLE_COLUMN_LOG_PARSE(line, 'name TYPE type [''format''] [NOT NULL], ...' | count, "
                 "'delimiter' [, 'escape' [, 'quote']])",
                 "A row of columns that a delimiter separates. Missing columns are NULL, surplus ones are ignored.", 3,
                 5, &ResolveVariableColumn);
  AddLogFunction(registry, "SYS_LOG_PARSE", "SYS_LOG_PARSE(line)",
                 "The time of a syslog line as TIMESTAMP in COLUMN1 and the rest in COLUMN2. NULL for other lines.", 1,
                 1, &ResolveSysLog);
  AddLogFunction(registry, "W3C_LOG_PARSE", "W3C_LOG_PARSE(line, 'format')",
                 "A row with one column a specifier of an access log's format: COMMON, COMMON WITH VHOST, NCSA "
                 "EXTENDED, REFERER, AGENT, IIS, or specifiers as Apache's LogFormat has them. NULL for other lines.",
                 2, 2, &ResolveW3c);
}

}  // namespace tailrace::sql
