#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/bind.h"
#include "sql/bind_scope.h"

namespace tailrace::sql {

// A parameter of a user function and what it stands for.
struct ParameterValue {
  std::string name;
  BoundExprPtr value;
};

// The keys and aggregates of a grouped query, collected while its select list, HAVING and ORDER BY are bound.
struct Grouping {
  const Scope* input = nullptr;  // What keys and arguments are written over.
  std::vector<const ast::Expr*> key_texts;
  std::vector<ColumnFacts> keys;  // As columns of the aggregate's output.
  std::vector<BoundExprPtr> key_exprs;
  std::vector<const ast::Expr*> call_texts;
  std::vector<AggregateCall> calls;
  std::vector<ColumnFacts> call_facts;
  bool timed = true;  // ROWTIME is the end of the window; finite groups have none.
};

// The windows and calls of a query with OVER, collected in the same way.
struct Windowing {
  const std::vector<ast::NamedWindow>* named = nullptr;
  std::vector<const ast::WindowSpec*> specs;  // Of `frames`, index by index.
  std::vector<bool> faulty;                   // The same.
  std::vector<WindowFrame> frames;
  std::vector<AggregateCall> calls;
  std::vector<ColumnFacts> call_facts;
  int first_column = 0;  // Index of the first call's result: the number of the input's columns.
};

// IN (query) and EXISTS (query), collected; each becomes a SubqueryMark below the expression's operator.
struct SubqueryMarks {
  struct Mark {
    PlanPtr relation;
    BoundExprPtr operand;
    SourceRange range;
  };
  std::vector<Mark> marks;
  int first_column = 0;
};

// Where an expression stands. That decides what it may contain and what its names mean.
struct ExprPlace {
  std::string_view clause;  // "WHERE", for messages.
  const Scope* scope = nullptr;
  QueryPlace query;
  Grouping* grouping = nullptr;
  Windowing* windowing = nullptr;
  SubqueryMarks* marks = nullptr;
  const std::vector<ParameterValue>* parameters = nullptr;
  std::string_view aggregate;      // Name of the aggregate around it; no aggregate may stand inside.
  bool rowtime_ambiguous = false;  // ON: an unqualified ROWTIME could be either side's.
};

// Binds one expression. A null pointer means that it is wrong and that this has been reported.
class ExprBinder {
 public:
  ExprBinder(BindState& state, const ExprPlace& place) : state_(state), place_(place) {}

  BoundExprPtr Bind(const ast::Expr& expr);
  // Also demands BOOLEAN.
  BoundExprPtr BindCondition(const ast::Expr& expr);
  // `left` = `right`, both bound; null, with an error, when they cannot be compared.
  BoundExprPtr Equal(BoundExprPtr left, BoundExprPtr right, SourceRange range);
  // NULL when any parameter is NULL, else `body`.
  BoundExprPtr NullOnNullInput(BoundExprPtr body, const std::vector<ParameterValue>& parameters);

 private:
  BoundExprPtr BindNode(const ast::Literal& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Name& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Star& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Unary& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Binary& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Is& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::IsDistinct& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Between& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::InList& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::InQuery& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::ExistsQuery& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Like& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Case& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Cast& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Difference& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Call& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::Cursor& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::RowValue& node, const ast::Expr& expr);
  BoundExprPtr BindNode(const ast::PeriodPredicate& node, const ast::Expr& expr);

  // bind_expr.cpp
  BoundExprPtr GroupKey(const ast::Expr& expr);
  BoundExprPtr ColumnOf(const NameTarget& target, const ast::Expr& expr);
  BoundExprPtr Fields(BoundExprPtr row, const ast::Name& name, size_t parts_used, SourceRange range);
  BoundExprPtr UnknownName(const ast::Name& name, SourceRange range);
  BoundExprPtr UngroupedName(const ast::Name& name, SourceRange range);
  void CollectConjuncts(const ast::Expr& expr, ast::BinaryOp op, std::vector<const ast::Expr*>& parts);
  bool BindAll(const std::vector<const ast::Expr*>& exprs, std::vector<BoundExprPtr>& bound);
  BoundExprPtr Not(BoundExprPtr operand, SourceRange range);
  bool RefuseTextLiteral(const ast::Binary& node, const std::vector<BoundExprPtr>& args);
  BoundExprPtr Within(const BoundExprPtr& value, const BoundExprPtr& low, const BoundExprPtr& high, SourceRange range);
  BoundExprPtr BindPeriod(const ast::PeriodPredicate& node, const ast::Expr& left, SourceRange range);
  BoundExprPtr ComparePeriods(const ast::PeriodPredicate& node, const std::vector<BoundExprPtr>& times,
                              SourceRange range);
  void BindSimpleCase(const ast::Case& node, std::vector<std::pair<BoundExprPtr, BoundExprPtr>>& whens);
  BoundExprPtr AddMark(PlanPtr relation, BoundExprPtr operand, SourceRange range);

  // bind_call.cpp
  BoundExprPtr Operator(std::string_view name, std::vector<BoundExprPtr> args, SourceRange range);
  BoundExprPtr BindClock(const ast::Call& node, ClockKind kind, const ast::Expr& expr);
  BoundExprPtr BindMonotonic(const ast::Call& node, const ast::Expr& expr);
  BoundExprPtr BindAggregateCall(const ast::Call& node, AggregateKind kind, const ast::Expr& expr);
  BoundExprPtr BindScalarCall(const ast::Call& node, const ast::Expr& expr);
  BoundExprPtr BindUserCall(const ast::Call& node, const std::vector<UserFunction>& overloads, const ast::Expr& expr);
  BoundExprPtr UnknownFunction(const ast::Call& node, const ast::Expr& expr);
  BoundExprPtr Resolve(const FunctionDef& function, const ast::Call& call, std::vector<BoundExprPtr> args,
                       SourceRange range);

  BindState& state_;
  const ExprPlace place_;
};

// bind_call.cpp: expressions made from bound ones.

BoundExprPtr MakeColumn(int index, const ColumnFacts& facts, SourceRange range);
BoundExprPtr MakeRowtime(SourceRange range);
BoundExprPtr MakeLiteral(data::Type type, data::Value value, SourceRange range);
bool IsLiteral(const BoundExpr& expr);
// The value of a literal; null pointer for anything else.
const data::Value* LiteralValue(const BoundExpr& expr);
// `expr` converted to `type`, or itself when it has that type. The conversion is legal.
BoundExprPtr CastTo(BindState& state, BoundExprPtr expr, const data::Type& type, bool implicit);
// The expression's value when all its parts are literals and it does not fail; else the expression.
BoundExprPtr Fold(BindState& state, BoundExprPtr expr);
// a AND b AND ..., a OR b OR ...; the only one when there is one, null when one of them is null.
BoundExprPtr MakeAnd(std::vector<BoundExprPtr> args);
BoundExprPtr MakeOr(std::vector<BoundExprPtr> args);

// The body of a user function with `parameters` put in, converted to the declared type.
BoundExprPtr BindFunctionBody(BindState& state, const ast::CreateFunction& definition,
                              const std::vector<ParameterValue>& parameters);
// "f(DOUBLE, VARCHAR(20))"
std::string Signature(const ast::CreateFunction& definition);

// bind_aggregate.cpp
std::optional<AggregateKind> FindAggregate(std::string_view name);
// The call with its arguments bound at `place`, which is the aggregate's input. Nothing when something is wrong.
// `over`: it stands with OVER.
struct BoundAggregate {
  AggregateCall call;
  ColumnFacts facts;  // Of its result.
};
std::optional<BoundAggregate> BindAggregate(BindState& state, const ast::Call& node, AggregateKind kind,
                                            const ExprPlace& place, bool over, SourceRange range);

// bind_window.cpp
// The window that OVER names or holds, its index in `windowing.frames`; -1 when it is wrong.
int BindOver(BindState& state, const ast::WindowRef& over, Windowing& windowing, const ExprPlace& place);
// The specification that a reference means; null when the name is unknown, which has been reported.
const ast::WindowSpec* FindWindow(BindState& state, const ast::WindowRef& over,
                                  const std::vector<ast::NamedWindow>& named);
// Rows or ms that the frame goes back. Nothing: unbounded. Reports what the dialect does not allow.
struct FrameLength {
  ast::FrameUnit unit;
  std::optional<int64_t> preceding;
  int64_t following = 0;  // ms that it looks ahead; joins only.
};
enum class FrameUse : uint8_t { kOver, kJoin };
// `order`: type of the ORDER BY when OrdersByValue, else null.
std::optional<FrameLength> BindFrame(BindState& state, const ast::WindowSpec& spec, FrameUse use,
                                     const data::Type* order = nullptr);
// Whether RANGE is over a value other than ROWTIME.
bool OrdersByValue(const ast::WindowSpec& spec);
// A constant day-time interval in ms, positive.
std::optional<int64_t> BindLength(BindState& state, const ast::Expr& expr, std::string_view what);

}  // namespace tailrace::sql
