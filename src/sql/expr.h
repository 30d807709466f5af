#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "data/column.h"
#include "data/type.h"
#include "data/value.h"
#include "sql/diagnostic.h"

namespace tailrace::sql {

struct KernelInput;

// Computes one result column from argument columns; see functions/function.h.
using Kernel = data::ColumnPtr (*)(const KernelInput& input);

// How the value of an expression moves while ROWTIME goes on. Spec section 4.12.
enum class Monotonicity : uint8_t { kNone, kConstant, kAscending, kDescending };

struct BoundExpr;
// Immutable once bound; shared by operators and partitions.
using BoundExprPtr = std::shared_ptr<const BoundExpr>;

struct BoundLiteral {
  data::Value value;
};
struct BoundColumn {
  int index;
};  // Of the operator's input columns.
struct BoundRowtime {};  // ROWTIME of the operator's input row.
struct BoundCall {
  const char* name;  // For explain.
  Kernel kernel;
  std::vector<BoundExprPtr> args;
  std::shared_ptr<const void> prepared;  // What the kernel made of constant arguments: a compiled pattern, a format.
  std::optional<data::IntervalField> unit = std::nullopt;  // FLOOR(x TO unit) and kin; for explain.
};
// Lazy: a row is evaluated only in the branch it takes.
struct BoundCase {
  std::vector<std::pair<BoundExprPtr, BoundExprPtr>> whens;
  BoundExprPtr otherwise;  // Null pointer: NULL.
};
// Three-valued; the right side is evaluated only for rows that the left does not decide.
struct BoundAnd {
  std::vector<BoundExprPtr> args;
};
struct BoundOr {
  std::vector<BoundExprPtr> args;
};
struct BoundCast {
  BoundExprPtr operand;
  bool implicit;
};  // To the expression's type. Implicit: assignment rules.
struct BoundField {
  BoundExprPtr row;
  int index;
};  // t.r.COLUMN1
enum class ClockKind : uint8_t { kTimestamp, kTime, kDate, kRowTimestamp };
struct BoundClock {
  ClockKind kind;
};  // CURRENT_TIMESTAMP and kin.

struct BoundExpr {
  std::variant<BoundLiteral, BoundColumn, BoundRowtime, BoundCall, BoundCase, BoundAnd, BoundOr, BoundCast, BoundField,
               BoundClock>
      node;
  data::Type type;
  bool nullable = true;
  bool can_fail = false;  // Some row may end in a runtime error.
  Monotonicity monotonicity = Monotonicity::kNone;
  SourceRange range;
  uint32_t weight = 1;  // Parts, counted at every use: what evaluating costs.
  uint32_t depth = 1;   // Levels: how deep passes over it recurse.
};

// The expression, shared, with its weight and depth worked out.
BoundExprPtr MakeExpr(BoundExpr expr);

// Text of an expression for explain and error messages, columns as #0, #1, or by `column_name`.
std::string ToString(const BoundExpr& expr);
std::string ToString(const BoundExpr& expr, const std::function<std::string(int)>& column_name);

// Calls `visit` for the expression and all parts of it, parents first.
void Visit(const BoundExpr& expr, const std::function<void(const BoundExpr&)>& visit);

// The expression with every column and ROWTIME replaced by what `replace` gives for it; null keeps the leaf.
BoundExprPtr ReplaceLeaves(const BoundExprPtr& expr, const std::function<BoundExprPtr(const BoundExpr&)>& replace);

}  // namespace tailrace::sql
