#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/column.h"
#include "data/type.h"
#include "sql/ast.h"
#include "sql/evaluate.h"
#include "sql/expr.h"

// Scalar functions: what one is, and the list of all. Operators (+, =, ||, LIKE ...) are scalar functions too, under
// names that no program can write ("+", "=", "LIKE").

namespace tailrace::sql {

// What a kernel gets. All args have `rows` rows. Kernels see NULLs: Lift (lift.h) does the usual null-in-null-out.
struct KernelInput {
  std::span<const data::ColumnPtr> args;
  size_t rows;
  const data::Type& result_type;
  const void* prepared;  // What `resolve` prepared, or null.
  const EvalContext& context;
  RowErrors& errors;
  // ROWTIME of the batch's rows, and which of them these are; empty: there is none, these are all.
  std::span<const int64_t> rowtimes = {};
  std::span<const uint32_t> row_numbers = {};

  // The time that a row is looked at: its ROWTIME, so that replays and batches of any size agree.
  int64_t NowUnixMs(size_t row) const {
    return rowtimes.empty() ? context.now_unix_ms : rowtimes[row_numbers.empty() ? row : row_numbers[row]];
  }
};

// One argument as the binder knows it.
struct ArgInfo {
  data::Type type;
  const data::Value* constant = nullptr;  // Set when the argument is a literal (after folding); NULL literal included.
  Monotonicity monotonicity = Monotonicity::kNone;
};

// What a call resolves to.
struct Resolution {
  Kernel kernel = nullptr;
  data::Type result;
  std::vector<data::Type> arg_types;  // The binder casts each argument to this (implicit rules) unless it has the type
                                      // already; same size as args.
  bool nullable = true;               // False when the result is never NULL for non-NULL arguments ... and NULL ones.
  bool can_fail = false;
  Monotonicity monotonicity = Monotonicity::kNone;
  std::shared_ptr<const void> prepared;
};

struct FunctionExample {
  std::string sql;     // "SUBSTRING('123456789' FROM 3 FOR 4)"
  std::string result;  // As CAST(... AS VARCHAR) prints it; "NULL"; "ERROR" for a runtime error.
};

// An entry of the list: documentation, and how a call is resolved.
struct FunctionDef {
  std::string name;    // Canonical name, as in ast::Call.
  std::string family;  // "string", "datetime", "numeric", "null", "log parsing", "operator"
  std::string syntax;  // "SUBSTRING(text FROM start [FOR length])"
  std::string summary;
  std::vector<FunctionExample> examples;  // Executed as tests and printed in docs/sql-functions.md.
  int args_min = 0;
  int args_max = 0;
  // Errors: kInvalidArgument with a message for the user, without position (the binder adds it):
  // "Cannot apply '-' to arguments of type '<DATE> - <DATE>'".
  std::function<Result<Resolution>(std::span<const ArgInfo> args, const ast::Call& call)> resolve;
};

class FunctionRegistry {
 public:
  void Add(FunctionDef definition);
  const FunctionDef* Find(std::string_view name) const;  // Null when unknown.
  const std::map<std::string, FunctionDef, std::less<>>& all() const { return functions_; }

 private:
  std::map<std::string, FunctionDef, std::less<>> functions_;
};

// Names under which the binder looks operators up; args in the order written:
//   +  -  *  /  ||  =  <>  <  <=  >  >=         {a, b}
//   NEGATE  NOT  IS NULL  IS TRUE  IS FALSE  IS UNKNOWN  {a}
//   IS DISTINCT FROM  {a, b}      LIKE  SIMILAR TO  {text, pattern [, escape]}
//   DIFFERENCE  {a, b, q}         (a - b) SECOND: q is a NULL literal whose type is the qualifier, also the result's
//                                 type; its precision does not limit the value.
// AND, OR, CASE, CAST, BETWEEN, IN, period predicates, MONOTONIC, CURRENT_TIMESTAMP and kin, aggregates and user
// functions are the binder's own. For operators `call.name` is the operator's name and `call.args` is empty.

// Every scalar function there is; the registration functions of each family are called here and nowhere else.
const FunctionRegistry& BuiltinFunctions();

}  // namespace tailrace::sql
