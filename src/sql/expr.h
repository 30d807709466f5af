#pragma once

#include <cstdint>
#include <memory>
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

struct BoundLiteral { data::Value value; };
struct BoundColumn { int index; };  // Of the operator's input columns.
struct BoundRowtime {};             // ROWTIME of the operator's input row.
struct BoundCall {
  const char* name;                        // For explain.
  Kernel kernel;
  std::vector<BoundExprPtr> args;
  std::shared_ptr<const void> prepared;    // What the kernel made of constant arguments: a compiled pattern, a format.
};
// Lazy: a row is evaluated only in the branch it takes.
struct BoundCase {
  std::vector<std::pair<BoundExprPtr, BoundExprPtr>> whens;
  BoundExprPtr otherwise;  // Null pointer: NULL.
};
// Three-valued; the right side is evaluated only for rows that the left does not decide.
struct BoundAnd { std::vector<BoundExprPtr> args; };
struct BoundOr { std::vector<BoundExprPtr> args; };
struct BoundCast { BoundExprPtr operand; bool implicit; };  // To the expression's type. Implicit: assignment rules.
struct BoundField { BoundExprPtr row; int index; };         // t.r.COLUMN1
enum class ClockKind : uint8_t { kTimestamp, kTime, kDate, kRowTimestamp };
struct BoundClock { ClockKind kind; };  // CURRENT_TIMESTAMP and kin.

struct BoundExpr {
  std::variant<BoundLiteral, BoundColumn, BoundRowtime, BoundCall, BoundCase, BoundAnd, BoundOr, BoundCast, BoundField,
               BoundClock>
      node;
  data::Type type;
  bool nullable = true;
  bool can_fail = false;  // Some row may end in a runtime error.
  Monotonicity monotonicity = Monotonicity::kNone;
  SourceRange range;
};

// Text of an expression for explain and error messages, columns as #0, #1.
std::string ToString(const BoundExpr& expr);

}  // namespace tailrace::sql
