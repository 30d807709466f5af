#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "data/type.h"
#include "data/value.h"
#include "sql/diagnostic.h"

// The program as written, names folded, nothing resolved. Made by Parse, read by Bind.

namespace tailrace::sql::ast {

struct Identifier {
  std::string name;  // Upper case unless quoted.
  bool quoted = false;
  SourceRange range;
};

struct Expr;
struct Query;
using ExprPtr = std::unique_ptr<Expr>;
using QueryPtr = std::unique_ptr<Query>;

// A column type with the place where it stands.
struct TypeName {
  data::Type type;
  SourceRange range;
};

enum class BinaryOp : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kConcat,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAnd,
  kOr,
};
enum class UnaryOp : uint8_t { kPlus, kMinus, kNot };

// Literals carry their type: 'abc' is CHAR(3), 12 INTEGER or BIGINT, 0.5 DECIMAL(2,1), 1e2 DOUBLE, INTERVAL ...
struct Literal {
  data::Type type;
  data::Value value;
};
struct Name {
  std::vector<Identifier> parts;
};  // column | t.column | t.row.column
struct Star {
  std::vector<Identifier> qualifier;
};  // * | t.*; select list only
struct Unary {
  UnaryOp op;
  ExprPtr operand;
};
struct Binary {
  BinaryOp op;
  ExprPtr left;
  ExprPtr right;
  SourceRange op_range;
};
enum class IsWhat : uint8_t { kNull, kTrue, kFalse, kUnknown };
struct Is {
  ExprPtr operand;
  IsWhat what;
  bool negated;
};
struct IsDistinct {
  ExprPtr left;
  ExprPtr right;
  bool negated;
};
struct Between {
  ExprPtr operand;
  ExprPtr low;
  ExprPtr high;
  bool negated;
  bool symmetric;
};
struct InList {
  ExprPtr operand;
  std::vector<ExprPtr> list;
  bool negated;
};
struct InQuery {
  ExprPtr operand;
  QueryPtr query;
  bool negated;
};
struct ExistsQuery {
  QueryPtr query;
};
struct Like {
  ExprPtr operand;
  ExprPtr pattern;
  ExprPtr escape;
  bool negated;
  bool similar;
};  // escape may be null
struct When {
  ExprPtr condition;
  ExprPtr result;
};
struct Case {
  ExprPtr operand;
  std::vector<When> whens;
  ExprPtr otherwise;
};  // operand, otherwise may be null
struct Cast {
  ExprPtr operand;
  TypeName type;
};
// (a - b) SECOND: the qualifier is an interval type.
struct Difference {
  ExprPtr left;
  ExprPtr right;
  data::Type qualifier;
};

enum class FrameUnit : uint8_t { kRange, kRows };
enum class BoundKind : uint8_t { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };
struct FrameBound {
  BoundKind kind = BoundKind::kCurrentRow;
  ExprPtr offset;
  SourceRange range;
};
struct OrderItem {
  ExprPtr expr;
  bool descending = false;
};
struct WindowSpec {
  std::vector<ExprPtr> partition_by;
  std::vector<OrderItem> order_by;
  std::optional<FrameUnit> unit;  // Nothing when the specification has no frame.
  // A frame of one bound runs from there to the current row; of one FOLLOWING bound, from the current row to there.
  FrameBound start;
  FrameBound end;
  SourceRange range;
};
struct WindowRef {
  std::optional<Identifier> name;
  std::unique_ptr<WindowSpec> spec;
};  // One of the two.

enum class NullTreatment : uint8_t { kDefault, kRespect, kIgnore };

// Every function call. Forms with words between the arguments are normalised to plain arguments under these names:
//   EXTRACT(unit FROM x)               EXTRACT, unit set, args {x}
//   FLOOR(x TO unit), CEIL(x TO unit)  FLOOR_TO, CEIL_TO, unit set, args {x}
//   STEP(x BY y)                       STEP {x, y}
//   SUBSTRING(s FROM n [FOR m])        SUBSTRING_FROM {s, n [, m]};  SUBSTRING(s, n [, m]) stays SUBSTRING
//   SUBSTRING(s SIMILAR p ESCAPE e)    SUBSTRING_SIMILAR {s, p, e}
//   OVERLAY(s PLACING r FROM n [FOR m]) OVERLAY {s, r, n [, m]}
//   POSITION(a IN b)                   POSITION {a, b}
//   TRIM([side] [c] FROM s)            TRIM {s [, c]}, trim set
//   CURRENT_TIMESTAMP[(p)] and kin     the word itself {[p]}
enum class TrimSide : uint8_t { kBoth, kLeading, kTrailing };
struct Call {
  Identifier name;
  std::vector<ExprPtr> args;
  bool star = false;  // COUNT(*)
  bool distinct = false;
  bool from_last = false;  // NTH_VALUE ... FROM LAST
  NullTreatment nulls = NullTreatment::kDefault;
  std::optional<data::IntervalField> unit;
  TrimSide trim = TrimSide::kBoth;
  std::unique_ptr<WindowRef> over;  // Null without OVER.
};
struct Cursor {
  QueryPtr query;
};
// (start, end) of a period predicate; any other row value is refused by the binder.
struct RowValue {
  std::vector<ExprPtr> items;
};
enum class PeriodOp : uint8_t { kEquals, kContains, kOverlaps, kPrecedes, kSucceeds, kLeads, kLags };
enum class PeriodStrictness : uint8_t { kPlain, kStrictly, kImmediately };
struct PeriodPredicate {
  ExprPtr left;
  PeriodOp op;
  PeriodStrictness strictness;
  ExprPtr right;
};

struct Expr {
  std::variant<Literal, Name, Star, Unary, Binary, Is, IsDistinct, Between, InList, InQuery, ExistsQuery, Like, Case,
               Cast, Difference, Call, Cursor, RowValue, PeriodPredicate>
      node;
  SourceRange range;
  int depth = 1;  // Levels from here down, queries inside included: at most kNestingMax, so passes may recurse.
};

struct SelectItem {
  ExprPtr expr;
  std::optional<Identifier> alias;
};

enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull, kCross };

struct FromItem;
using FromPtr = std::unique_ptr<FromItem>;
struct FromName {
  std::vector<Identifier> parts;
};
struct FromQuery {
  QueryPtr query;
};
struct FromTableFunction {
  ExprPtr call;
};  // TABLE(f(...)); the expression is a Call.
struct FromJoin {
  FromPtr left;
  FromPtr right;
  JoinKind kind = JoinKind::kInner;
  bool natural = false;
  ExprPtr on;  // May be null.
  std::vector<Identifier> using_columns;
};
struct FromItem {
  std::variant<FromName, FromQuery, FromTableFunction, FromJoin> node;
  std::unique_ptr<WindowRef> over;  // Join window; null without.
  std::optional<Identifier> alias;
  std::vector<Identifier> column_aliases;
  SourceRange range;
};

struct NamedWindow {
  Identifier name;
  WindowSpec spec;
};
struct Stagger {
  std::vector<ExprPtr> partition_by;
  ExprPtr range_interval;
};

// EMIT EMPTY [FOR interval]: an extension of the dialect.
struct EmitEmpty {
  ExprPtr for_interval;  // Null: not given.
  SourceRange range;     // Of EMIT.
};
struct Select {
  bool stream = false;
  bool distinct = false;
  std::vector<SelectItem> items;
  std::vector<FromPtr> from;  // More than one: cross join.
  ExprPtr where;
  std::vector<ExprPtr> group_by;
  std::optional<Stagger> stagger;
  ExprPtr having;
  std::optional<EmitEmpty> emit_empty;
  std::vector<NamedWindow> windows;
};
struct Values {
  std::vector<std::vector<ExprPtr>> rows;
};
enum class SetOp : uint8_t { kUnion, kUnionAll, kIntersect, kExcept };
struct SetOperation {
  SetOp op;
  QueryPtr left;
  QueryPtr right;
};

struct Query {
  std::variant<Select, Values, SetOperation> node;
  std::vector<OrderItem> order_by;
  ExprPtr limit;  // Finite queries only; may be null.
  SourceRange range;
};

struct ColumnDefinition {
  Identifier name;
  TypeName type;
  bool not_null = false;
};
struct CreateStream {
  bool or_replace = false;
  Identifier name;
  std::vector<ColumnDefinition> columns;
  std::string description;
};
struct Insert {
  Identifier target;
  std::vector<Identifier> columns;
  QueryPtr query;
};
struct CreatePump {
  bool or_replace = false;
  Identifier name;
  bool stopped = false;
  std::string description;
  Insert insert;
};
struct CreateFunction {
  bool or_replace = false;
  Identifier name;
  std::vector<ColumnDefinition> parameters;
  TypeName returns;
  bool null_on_null_input = false;
  ExprPtr body;
};
struct CreateView {
  bool or_replace = false;
  Identifier name;
  QueryPtr query;
};

struct Statement {
  std::variant<CreateStream, CreatePump, CreateFunction, CreateView, Insert, QueryPtr> node;
  SourceRange range;
};

struct Program {
  std::vector<Statement> statements;
};

}  // namespace tailrace::sql::ast
