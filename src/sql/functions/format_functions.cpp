#include "sql/functions/format_functions.h"

#include "base/str.h"
#include "sql/functions/calendar.h"
#include "sql/functions/date_format.h"
#include "sql/functions/lift.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;

// The formats of a batch's rows: the literal's, or compiled anew whenever the text changes.
class Formats {
 public:
  explicit Formats(const KernelInput& input)
      : texts_(input.args[0]->texts()), constant_(static_cast<const DateFormat*>(input.prepared)) {}

  // Null pointer, with the row's error set, when the format is illegal.
  const DateFormat* For(uint32_t row, RowErrors& errors) {
    if (constant_ != nullptr) return constant_;
    if (!last_ || texts_[row] != last_text_) {
      auto compiled = DateFormat::Compile(texts_[row]);
      if (!compiled.ok()) {
        errors.Add(row, kInvalidFormat, std::move(compiled).error().message);
        return nullptr;
      }
      last_ = std::move(compiled).value();
      last_text_ = texts_[row];
    }
    return &*last_;
  }
  // Whether the same text means the same time in every row.
  bool remembers() const { return constant_ != nullptr && !constant_->depends_on_now(); }

 private:
  std::span<const std::string_view> texts_;
  const DateFormat* constant_;
  std::optional<DateFormat> last_;
  std::string_view last_text_;
};

int64_t FromUnixMs(int64_t unix_ms, TypeKind kind) {
  if (kind == TypeKind::kDate) return FloorDivide(unix_ms, kDayMs);
  return kind == TypeKind::kTime ? FloorModulo(unix_ms, kDayMs) : unix_ms;
}

// What was parsed last: rows that follow each other mostly have the same time.
struct LastTime {
  bool known = false;
  std::string_view text;
  int64_t value = 0;
};

ColumnPtr ParseKernel(const KernelInput& input) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  result->mutable_validity() = data::Validity::And(input.args[0]->validity(), input.args[1]->validity(), input.rows);
  const data::Validity valid = result->validity();
  const auto texts = input.args[1]->texts();
  const auto out = result->mutable_int64s();
  Formats formats(input);
  LastTime last;
  for (uint32_t row = 0; row < input.rows; ++row) {
    if (valid.null(row)) continue;
    if (last.known && last.text == texts[row]) {
      out[row] = last.value;
      continue;
    }
    const DateFormat* const format = formats.For(row, input.errors);
    const auto unix_ms = format == nullptr ? std::nullopt : format->Parse(texts[row], input.NowUnixMs(row));
    if (unix_ms) {
      out[row] = FromUnixMs(*unix_ms, input.result_type.kind);
      last = {.known = formats.remembers(), .text = texts[row], .value = out[row]};
      continue;
    }
    input.errors.Add(row, kFormatMismatch,
                     StrCat(Quoted(texts[row]), " does not fit the format ", Quoted(input.args[0]->texts()[row])));
    result->SetNull(row);
  }
  return result;
}

// Documented: a NULL datetime gives the text "null".
ColumnPtr FormatKernel(const KernelInput& input) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  const TypeKind kind = input.args[1]->type().kind;
  const auto values = input.args[1]->int64s();
  const auto out = result->mutable_texts();
  Formats formats(input);
  for (uint32_t row = 0; row < input.rows; ++row) {
    const DateFormat* const format = input.args[0]->null(row) ? nullptr : formats.For(row, input.errors);
    if (format == nullptr) {
      result->SetNull(row);
    } else if (input.args[1]->null(row)) {
      out[row] = "null";
    } else {
      out[row] = result->arena().Copy(format->Format(kind == TypeKind::kDate ? values[row] * kDayMs : values[row]));
    }
  }
  return result;
}

Result<Resolution> ResolveFormat(Resolution resolution, const ArgInfo& format) {
  if (const std::string* text = ConstantText(format)) {
    TAILRACE_ASSIGN_OR_RETURN(DateFormat compiled, DateFormat::Compile(*text));
    resolution.prepared = std::make_shared<DateFormat>(std::move(compiled));
  }
  return resolution;
}

void AddParser(FunctionRegistry& registry, std::string name, Type result, std::vector<FunctionExample> examples) {
  registry.Add(
      {.name = name,
       .family = "datetime",
       .syntax = StrCat(name, "(format, text)"),
       .summary = StrCat("The ", result.ToString(),
                         " that the beginning of the text means under a SimpleDateFormat pattern; what "
                         "follows is ignored. Missing fields are those of 1970-01-01 00:00:00. A text that "
                         "does not fit is an error of the row."),
       .examples = std::move(examples),
       .args_min = 2,
       .args_max = 2,
       .resolve = [name, result](std::span<const ArgInfo> args, const ast::Call& /*call*/) -> Result<Resolution> {
         if (!IsText(args[0]) || !IsText(args[1])) return CannotApply(name, args);
         return ResolveFormat({.kernel = &ParseKernel,
                               .result = result,
                               .arg_types = {TypeOr(args[0], Type::Varchar()), TypeOr(args[1], Type::Varchar())},
                               .can_fail = true,
                               .monotonicity = ConstantIfAll(args)},
                              args[0]);
       }});
}

void AddFormatter(FunctionRegistry& registry, std::string name, Type argument, std::vector<FunctionExample> examples) {
  registry.Add(
      {.name = name,
       .family = "datetime",
       .syntax = StrCat(name, "(format, ", AsciiLower(argument.ToString()), ")"),
       .summary = "The value written under a SimpleDateFormat pattern, in UTC. NULL gives the text null.",
       .examples = std::move(examples),
       .args_min = 2,
       .args_max = 2,
       .resolve = [name, argument](std::span<const ArgInfo> args, const ast::Call& /*call*/) -> Result<Resolution> {
         if (!IsText(args[0]) || TypeOr(args[1], argument).kind != argument.kind) {
           return CannotApply(name, args);
         }
         return ResolveFormat({.kernel = &FormatKernel,
                               .result = Type::Varchar(),
                               .arg_types = {TypeOr(args[0], Type::Varchar()), argument},
                               .can_fail = ConstantText(args[0]) == nullptr,
                               .monotonicity = ConstantIfAll(args)},
                              args[0]);
       }});
}

}  // namespace

void RegisterFormatFunctions(FunctionRegistry& registry) {
  AddParser(registry, "CHAR_TO_TIMESTAMP", Type::Timestamp(),
            {{"CHAR_TO_TIMESTAMP('dd/MMM/yyyy:HH:mm:ss z', '24/May/2004:22:01:02 -0700')", "2004-05-25 05:01:02"},
             {"CHAR_TO_TIMESTAMP('yyyy-MM-dd', '2009-09-16 03:15:24')", "2009-09-16 00:00:00"},
             {"CHAR_TO_TIMESTAMP('yyyy-MM-dd''T''HH:mm:ss.SSS', '2018-08-01T20:17:20.797')", "2018-08-01 20:17:20.797"},
             {"CHAR_TO_TIMESTAMP('M-d', '2012-2-8')", "ERROR"}});
  AddParser(registry, "CHAR_TO_DATE", Type::Date(), {{"CHAR_TO_DATE('MMM dd, yyyy', 'March 7, 2010')", "2010-03-07"}});
  AddParser(registry, "CHAR_TO_TIME", Type::Time(), {{"CHAR_TO_TIME('hh:mm:ss a', '02:30:00 PM')", "14:30:00"}});
  AddFormatter(registry, "TIMESTAMP_TO_CHAR", Type::Timestamp(),
               {{"TIMESTAMP_TO_CHAR('yyyy-MM-dd hh:mm:ss', TIMESTAMP '2018-11-01 00:50:00')", "2018-11-01 12:50:00"},
                {"TIMESTAMP_TO_CHAR('EEE, d MMM yyyy HH:mm:ss Z', TIMESTAMP '2018-11-01 00:50:00')",
                 "Thu, 1 Nov 2018 00:50:00 +0000"},
                {"TIMESTAMP_TO_CHAR('yyyy', NULL)", "null"}});
  AddFormatter(registry, "DATE_TO_CHAR", Type::Date(), {{"DATE_TO_CHAR('dd/MM/yy', DATE '2008-08-23')", "23/08/08"}});
  AddFormatter(registry, "TIME_TO_CHAR", Type::Time(), {{"TIME_TO_CHAR('HH-mm', TIME '21:05:00')", "21-05"}});
}

}  // namespace tailrace::sql
