#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/str.h"
#include "data/text.h"
#include "sql/cast.h"
#include "sql/functions/function.h"

// Calls a function of the list with constant arguments, without parser and binder.

namespace tailrace::sql {

struct TestValue {
  data::Type type;
  data::Value value;
  Monotonicity monotonicity = Monotonicity::kConstant;
};

inline TestValue Null() { return {data::Type::Null(), {}}; }
inline TestValue Int(int64_t value) { return {data::Type::Integer(), value}; }
inline TestValue Big(int64_t value) { return {data::Type::Bigint(), value}; }
inline TestValue Dbl(double value) { return {data::Type::Double(), value}; }
inline TestValue Bool(bool value) { return {data::Type::Boolean(), value}; }
inline TestValue Text(std::string_view text) {
  return {data::Type::Varchar(static_cast<int32_t>(std::max<size_t>(1, text.size()))), std::string(text)};
}
inline TestValue Char(std::string_view text) {
  return {data::Type::Char(static_cast<int32_t>(text.size())), std::string(text)};
}
inline TestValue Dec(std::string_view text) {
  const size_t point = text.find('.');
  const auto digits = static_cast<int32_t>(text.size() - (point != text.npos) - (text.starts_with('-') ? 1 : 0));
  const auto scale = point == text.npos ? 0 : static_cast<int32_t>(text.size() - point - 1);
  return {data::Type::Decimal(digits, scale), data::ParseDecimal(text, scale).value()};
}
inline TestValue Ts(std::string_view text) {
  return {data::Type::Timestamp(), data::ParseTimestamp(text, false).value()};
}
inline TestValue Date(std::string_view text) { return {data::Type::Date(), data::ParseDate(text).value()}; }
inline TestValue Time(std::string_view text) { return {data::Type::Time(), data::ParseTime(text).value()}; }
using Field = data::IntervalField;
inline TestValue Interval(std::string_view text, Field from, Field to, int precision = 2, int scale = 3) {
  const data::Type type = data::Type::Interval(from, to, precision, scale);
  return {type, data::ParseInterval(type, text).value()};
}
inline TestValue Interval(std::string_view text, Field field) { return Interval(text, field, field); }

struct TestCall {
  std::string text;  // As CAST(... AS VARCHAR) prints it, "NULL", "ERROR name: message", "REFUSED message".
  data::Type type;
  Monotonicity monotonicity = Monotonicity::kNone;
  data::ColumnPtr column;
};

// `literals`: the resolver sees the values, as for literals in the text; else only their types.
inline TestCall Call(std::string_view name, const std::vector<TestValue>& args, const ast::Call& call = {},
                     bool literals = true, EvalContext context = {}) {
  const FunctionDef* const function = BuiltinFunctions().Find(name);
  if (function == nullptr) return {.text = StrCat("no function ", name)};
  std::vector<ArgInfo> infos;
  for (const TestValue& arg : args) {
    infos.push_back({arg.type, literals ? &arg.value : nullptr, arg.monotonicity});
  }
  auto resolved = function->resolve(infos, call);
  if (!resolved.ok()) return {.text = StrCat("REFUSED ", resolved.error().message)};
  constexpr size_t kRows = 2;  // Both the same; the second one finds faults of loops.
  RowErrors errors;
  std::vector<data::ColumnPtr> columns;
  for (size_t i = 0; i < args.size(); ++i) {
    columns.push_back(CastColumn(data::Column::MakeConstant(args[i].type, args[i].value, kRows), resolved->arg_types[i],
                                 true, context, errors));
  }
  const data::ColumnPtr column = resolved->kernel({.args = columns,
                                                   .rows = kRows,
                                                   .result_type = resolved->result,
                                                   .prepared = resolved->prepared.get(),
                                                   .context = context,
                                                   .errors = errors});
  TestCall result{.type = resolved->result, .monotonicity = resolved->monotonicity, .column = column};
  if (column->type() != resolved->result) {
    result.text = "wrong type of column";
  } else if (!errors.empty()) {
    result.text = StrCat("ERROR ", errors.entries()[0].name, ": ", errors.entries()[0].message);
    if (errors.entries().size() != kRows || !column->null(0) || !resolved->can_fail) result.text = "wrong errors";
  } else if (column->null(1)) {
    result.text = "NULL";
  } else if (column->type().kind != data::TypeKind::kRow) {
    result.text = data::ToSqlText(resolved->result, column->ValueAt(1));
  }
  return result;
}

inline std::string CallText(std::string_view name, const std::vector<TestValue>& args) { return Call(name, args).text; }

}  // namespace tailrace::sql
