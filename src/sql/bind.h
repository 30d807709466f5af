#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sql/ast.h"
#include "sql/compile.h"
#include "sql/functions/function.h"
#include "sql/parser.h"
#include "sql/plan.h"
#include "sql/time_form.h"

// What the binder's files share: the state of binding one program, and relations with what is known of their columns.

namespace tailrace::sql {

// What is known of one column of a relation.
struct ColumnFacts {
  std::string name;
  data::Type type;
  bool nullable = true;
  bool hidden = false;  // Not part of *: metadata columns, a plain ROWTIME.
  bool faulty = false;  // Its expression did not bind. Uses of it report nothing more.
  Monotonicity monotonicity = Monotonicity::kNone;
  TimeForm time;
  bool counts_own_row = false;   // A COUNT that counts at least the row that carries it: never below 1.
  bool integer_average = false;  // AVG that dropped its fraction.
  SourceRange range;             // Where it is written; empty for declared columns.
};

// A plan and the facts of its output columns. Without a plan when something was wrong: it has been reported, and
// `columns` holds what is known all the same.
struct Relation {
  PlanPtr plan;
  std::vector<ColumnFacts> columns;
  bool columns_known = true;  // False: nothing is known of the columns, so no name can be called wrong.
  bool finite = false;
  bool timed = true;  // Rows carry ROWTIME.

  bool ok() const { return plan != nullptr; }
};

struct UserFunction {
  const ast::CreateFunction* definition;
  bool faulty = false;
};

struct View {
  const ast::Query* query;
  bool faulty = false;
};

// What binding one program reads and makes. One object a Compile.
class BindState {
 public:
  BindState(const CompileInput& input, const FunctionRegistry& functions);

  // Adds an error. Does nothing while muted: views and functions are bound again at every use, and have reported once.
  void Error(SourceRange range, std::string message, std::string hint = "", std::vector<TextEdit> fixes = {});
  void Warn(SourceRange range, std::string message, std::string hint = "", std::vector<TextEdit> fixes = {});

  // Whether what is reported now is shown to nobody; saves looking for names to suggest.
  bool Silent() const;

  // Counts bound expressions, operators and columns. False, with an error the first time, when there are too many:
  // views and functions that use each other can make a short text grow without end.
  bool Spend(SourceRange range, size_t amount = 1);

  // The text of the program at `range`.
  std::string TextOf(SourceRange range) const;
  // Index of a stream by name, -1.
  int FindStream(std::string_view name) const { return program.FindStream(name); }
  int FindTable(std::string_view name) const;
  // Names of all streams, tables and views that FROM may use.
  std::vector<std::string> RelationNames() const;

  const CompileInput& input;
  const FunctionRegistry& functions;
  BoundProgram program;
  std::vector<Diagnostic> diagnostics;
  std::map<std::string, View, std::less<>> views;
  std::map<std::string, std::vector<UserFunction>, std::less<>> user_functions;
  std::set<std::string, std::less<>> faulty_names;              // CREATEs that did not parse or bind: not "unknown".
  std::map<std::string, SourceRange, std::less<>> later_names;  // CREATEs that are still to come.
  std::set<int> streams_read;
  int muted = 0;
  int query_depth = 0;

 private:
  size_t spent_ = 0;
};

// Mutes a state as long as it lives.
class Muted {
 public:
  explicit Muted(BindState& state) : state_(state) { ++state_.muted; }
  ~Muted() { --state_.muted; }
  Muted(const Muted&) = delete;
  Muted& operator=(const Muted&) = delete;

 private:
  BindState& state_;
};

// A name as a program must write it: quoted when it is not all upper case or is a reserved word.
std::string WrittenName(std::string_view name);

// "did you mean X?" and, when the candidate is certain, the edit that puts it at `range`.
struct Suggestion {
  std::string hint;
  std::vector<TextEdit> fixes;
};
// Names of functions are never quoted, many of them being reserved words.
enum class NameKind : uint8_t { kObject, kFunction };
Suggestion Suggest(std::string_view name, const std::vector<std::string>& candidates, SourceRange range,
                   NameKind kind = NameKind::kObject);

// A plan node over the given columns.
PlanPtr MakePlan(decltype(PlanNode::node) node, const std::vector<ColumnFacts>& columns, SourceRange range);

// Whether a stream is read anywhere below. What is looked up row by row must not: it is computed before the first row.
bool ReadsStream(const PlanNode& plan);

std::vector<TimeForm> TimesOf(const std::vector<ColumnFacts>& columns);

// Most items that one SELECT may have: columns, keys, calls; items of FROM.
inline constexpr size_t kSelectItemsMax = 1'000;
inline constexpr size_t kFromItemsMax = 100;
// Columns of all items of a join together.
inline constexpr size_t kJoinedColumnsMax = 5'000;

// Adds the statements' streams, pumps, functions and queries to `state.program`.
void BindProgram(BindState& state, const ast::Program& program);

// How streams are read in a query.
struct QueryPlace {
  bool finite_streams = false;  // A bare SELECT without STREAM: the rows that there are.
};
Relation BindQuery(BindState& state, const ast::Query& query, const QueryPlace& place);

// Whether SELECT STREAM occurs anywhere in the query.
bool SaysStream(const ast::Query& query);

}  // namespace tailrace::sql
