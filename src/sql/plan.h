#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "data/batch.h"
#include "data/type.h"
#include "sql/ast.h"
#include "sql/evaluate.h"
#include "sql/expr.h"

// The bound program: what the engine runs. All names are resolved to indices, all expressions typed, all casts
// explicit. A node's output columns are described by `schema`; ROWTIME travels beside them.

namespace tailrace::sql {

struct PlanNode;
using PlanPtr = std::unique_ptr<PlanNode>;

// Rows of an in-application stream, by its index in BoundProgram::streams. Metadata columns (APPROXIMATE_ARRIVAL_TIME,
// SHARD_ID, SEQUENCE_NUMBER, PARTITION_KEY) follow the declared columns of an input stream.
struct StreamScan {
  int stream;
};
// Rows of a reference table; only below the relation of TableJoin and SubqueryMark, and in finite queries.
struct TableScan {
  int table;
};
struct ValuesNode {
  std::vector<std::vector<BoundExprPtr>> rows;
};
struct Filter {
  PlanPtr input;
  BoundExprPtr predicate;
};
// `rowtime` replaces ROWTIME when set (x AS ROWTIME); rows that would go back in time are late rows.
struct Project {
  PlanPtr input;
  std::vector<BoundExprPtr> exprs;
  BoundExprPtr rowtime;
};

enum class AggregateKind : uint8_t {
  kCountStar,
  kCount,
  kSum,
  kAvg,
  kMin,
  kMax,
  kStddevPop,
  kStddevSamp,
  kVarPop,
  kVarSamp,
  kAny,
  kEvery,
  kFirstValue,
  kLastValue,
  kNthValue,
  kLag,
  kExpAvg,
};
// As written in SQL: "COUNT" for both kinds of it.
std::string_view AggregateName(AggregateKind kind);
struct AggregateCall {
  AggregateKind kind;
  std::vector<BoundExprPtr> args;  // Of the operator's input. LAG: value, n, default. EXP_AVG: value, half-life.
  bool distinct = false;
  bool ignore_nulls = false;
  bool from_last = false;
  data::Type result;
  int window = 0;  // WindowAggregate: index into `windows`.
};

// How the end of a tumbling window follows from its key, so that it closes by time alone and is stamped right. All
// kinds but kAsserted promise that the key is a function of the operator's ROWTIME alone, constant between two ends:
// the engine then evaluates it once a window. This holds too for a column that is a known function of ROWTIME: a column
// m = start of a tumbling window of 10 s below has ROWTIME = m + 10 s, so STEP(m BY 1 minute) is kFixedStep with
// step_ms 60000 and origin_ms 10000.
struct WindowEnd {
  enum class Kind : uint8_t {
    kFixedStep,  // Key changes exactly at ROWTIME = origin_ms + k * step_ms. CEIL has origin_ms 1.
    kCalendar,   // Key changes at the first ms of every `months`-th month since 1970-01, plus origin_ms.
    kEvaluate,   // Any other monotonic function of ROWTIME alone: ends at the first ms with another value of the key.
    kEveryRowtime,  // Key is ROWTIME itself: ends 1 ms later.
    kAsserted,      // MONOTONIC(e), or any key over data columns: ends when a row with another value comes; ROWTIME of
                    // that row.
  };
  Kind kind = Kind::kEvaluate;
  int64_t step_ms = 0;
  int64_t origin_ms = 0;
  int months = 0;
};

// GROUP BY over a stream. Output columns: keys in order, then aggregates. Groups of a window come out together, in
// first-seen order, ROWTIME = end of the window, when ROWTIME or a bound reaches it.
struct TumblingAggregate {
  PlanPtr input;
  std::vector<BoundExprPtr> keys;
  int window_key;  // Index in `keys` of the monotonic one.
  WindowEnd window_end;
  std::vector<AggregateCall> aggregates;
  // Extension: a row also for windows without input. With other keys: for each that had a row in a window that ended at
  // most `emit_empty_for_ms` earlier; 0 with no other key.
  bool emit_empty = false;
  int64_t emit_empty_for_ms = 0;
};
// Aggregates over a finite relation.
struct FiniteAggregate {
  PlanPtr input;
  std::vector<BoundExprPtr> keys;
  std::vector<AggregateCall> aggregates;
};
// WINDOWED BY STAGGER. Output columns: keys, then aggregates.
struct StaggerAggregate {
  PlanPtr input;
  std::vector<BoundExprPtr> keys;
  int64_t length_ms;
  std::vector<AggregateCall> aggregates;
};
struct WindowFrame {
  std::vector<BoundExprPtr> partition_by;
  ast::FrameUnit unit;
  std::optional<int64_t> preceding;  // RANGE: ms; ROWS: rows before the current one. Nothing: unbounded.
  // RANGE is over this ascending value and not over ROWTIME: TIMESTAMP with ms, or an exact number with `preceding` of
  // its scale. May be null.
  BoundExprPtr order_by;
};
// OVER. Output columns: the input's, then one a call.
struct WindowAggregate {
  PlanPtr input;
  std::vector<WindowFrame> windows;
  std::vector<AggregateCall> calls;
};
// SELECT DISTINCT. Rows are forgotten when column `monotonic_column` moves on: of several monotonic columns one that
// follows ROWTIME rather than an asserted one. -1: finite input.
struct Distinct {
  PlanPtr input;
  int monotonic_column;
};
// ORDER BY. keys[0] is monotonic on streams: rows are held while it keeps its value. Not so in finite queries.
struct SortKey {
  BoundExprPtr expr;
  bool descending;
};
struct Sort {
  PlanPtr input;
  std::vector<SortKey> keys;
  WindowEnd window_end;  // Of keys[0].
  bool finite = false;
};
struct Limit {
  PlanPtr input;
  uint64_t rows;
};
// Window of one side of a stream join; nothing = rows of the same ROWTIME only. In finite queries every row of one side
// meets every row of the other: both windows are RANGE of kJoinWindowUnbounded.
inline constexpr int64_t kJoinWindowUnbounded = INT64_MAX;
struct JoinWindow {
  ast::FrameUnit unit;
  int64_t preceding;
};
// Output columns: left's, then right's. `condition` is over both sides' columns in that order; ROWTIME of each side is
// given by two extra TIMESTAMP columns at the end (left's, right's; NULL for the missing side of an outer join),
// present for the condition and kept in the output schema as the last two columns.
struct StreamJoin {
  PlanPtr left;
  PlanPtr right;
  ast::JoinKind kind;
  std::optional<JoinWindow> left_window;
  std::optional<JoinWindow> right_window;
  std::vector<std::pair<BoundExprPtr, BoundExprPtr>> equalities;  // left expr = right expr, each over its own side.
  bool equal_rowtime = false;                                     // Condition contains left.ROWTIME = right.ROWTIME.
  BoundExprPtr residual;  // The rest of the condition over the joined columns; may be null.
};
// Gives each row the ROWTIME that a TIMESTAMP column holds, at most `delay_ms` before its own, or leaves it its own
// when that is NULL. Rows come out in order of the new one, so each waits `delay_ms`.
struct Restamp {
  PlanPtr input;
  int time_column;
  int64_t delay_ms;
};
// Stream with a finite relation: a TableScan, mostly, or any finite query over tables and VALUES. Output columns:
// stream's, then the relation's; ROWTIME of the stream row. `relation` is computed at the start and after every
// ReplaceTable; it holds no StreamScan.
struct TableJoin {
  PlanPtr input;
  PlanPtr relation;
  ast::JoinKind kind;  // kInner, kLeft, kCross
  std::vector<std::pair<BoundExprPtr, BoundExprPtr>> equalities;
  BoundExprPtr residual;
};
// x IN (query), EXISTS (query): the input's columns, then one BOOLEAN column with the answer for the row, three-valued
// for IN. `relation` is finite, as in TableJoin, and not correlated; IN compares `operand` with its only column, which
// has the operand's type. EXISTS when `operand` is null: whether the relation has any row.
struct SubqueryMark {
  PlanPtr input;
  PlanPtr relation;
  BoundExprPtr operand;
};
struct UnionAll {
  std::vector<PlanPtr> inputs;
};
struct SetNode {
  ast::SetOp op;
  PlanPtr left;
  PlanPtr right;
};  // Finite relations only.

enum class TableFunctionKind : uint8_t {
  kRandomCutForest,
  kRandomCutForestWithExplanation,
  kHotspots,
  kCountDistinctItemsTumbling,
  kTopKItemsTumbling,
  kGroupRank,
};
// TABLE(f(CURSOR(...), args)). `args` are the scalar arguments, constants, defaults filled in.
struct TableFunction {
  PlanPtr input;
  TableFunctionKind kind;
  std::vector<data::Value> args;
  std::vector<int> columns;  // Numeric columns (RCF, HOTSPOTS) or the named column (others).
  // args: RCF {trees, sample size, decay, shingle [, directionality]}; HOTSPOTS {window rows, radius, points};
  // COUNT_DISTINCT {seconds}; TOP_K {k, seconds}; GROUP_RANK {"asc"|"desc" rank, "asc"|"desc" output, idle ms, rows}.
  // Output columns: the input's, then the added ones; the *_TUMBLING ones only their own.
};

struct PlanNode {
  std::variant<StreamScan, TableScan, ValuesNode, Filter, Project, TumblingAggregate, FiniteAggregate, StaggerAggregate,
               WindowAggregate, Distinct, Sort, Limit, StreamJoin, Restamp, TableJoin, SubqueryMark, UnionAll, SetNode,
               TableFunction>
      node;
  data::Schema schema;  // Of the output.
  SourceRange range;
};

enum class StreamKind : uint8_t { kInput, kIntermediate, kError };
struct StreamInfo {
  std::string name;
  StreamKind kind;
  data::SchemaPtr schema;    // Declared columns.
  int metadata_columns = 0;  // Input streams: how many follow the declared ones in a Batch.
};
struct TableInfo {
  std::string name;
  data::SchemaPtr schema;
};
struct PumpInfo {
  std::string name;
  int target;    // Index of the stream written to.
  PlanPtr plan;  // Output columns are exactly the target's, in order, already cast.
  bool stopped = false;
  SourceRange range;
};

struct BoundProgram {
  std::vector<StreamInfo> streams;  // Inputs first, then as created, error_stream last.
  std::vector<TableInfo> tables;
  std::vector<PumpInfo> pumps;   // In order of the text.
  std::vector<PlanPtr> queries;  // Bare SELECTs (tailrace query); empty in applications.
  EvalOptions eval_options;

  int FindStream(std::string_view name) const;  // -1 when there is none.
};

// Metadata columns of input streams, in this order.
inline constexpr int kMetadataColumns = 4;
const std::vector<data::Field>& MetadataFields();
// Columns of error_stream. Spec section 5.7.
const data::Schema& ErrorStreamSchema();

}  // namespace tailrace::sql
