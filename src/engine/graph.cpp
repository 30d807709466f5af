#include "engine/graph.h"

#include <algorithm>

#include "engine/evaluation.h"
#include "engine/state.h"

namespace tailrace::engine {

Stage::Stage(std::unique_ptr<Operator> op, size_t inputs, Port next, bool follows_time, size_t number,
             ErrorReporter& errors)
    : op_(std::move(op)),
      next_(next),
      follows_time_(follows_time),
      number_(number),
      errors_(errors),
      bounds_(inputs, kBeginningOfTime) {}

Status Stage::OnBatch(size_t input, const data::Batch& batch) {
  const size_t before = errors_.EnterStage(number_);
  Status status = op_->OnBatch(input, batch, *this);
  errors_.EnterStage(before);
  return status;
}

Status Stage::OnBound(size_t input, int64_t bound) {
  if (bound <= bounds_[input]) return Ok();
  bounds_[input] = bound;
  const size_t before = errors_.EnterStage(number_);
  Status status = op_->OnBound(input, bound, *this);
  errors_.EnterStage(before);
  return status;
}

Status Stage::Emit(const data::Batch& batch) {
  return batch.rows() == 0 ? Ok() : next_.receiver->OnBatch(next_.input, batch);
}

Status Stage::EmitBound(int64_t bound) {
  if (bound <= emitted_bound_) return Ok();
  emitted_bound_ = bound;
  return next_.receiver->OnBound(next_.input, bound);
}

int64_t Stage::input_bound() const { return *std::ranges::min_element(bounds_); }

void Stage::Save(ByteWriter& writer) const {
  for (const int64_t bound : bounds_) writer.I64(bound);
  writer.I64(emitted_bound_);
  op_->Save(writer);
}

Status Stage::Load(ByteReader& reader) {
  for (int64_t& bound : bounds_) {
    TAILRACE_ASSIGN_OR_RETURN(bound, reader.I64());
  }
  TAILRACE_ASSIGN_OR_RETURN(emitted_bound_, reader.I64());
  return op_->Load(reader);
}

namespace {

// One row a VALUES row, evaluated without input.
data::Batch ValuesBatch(const sql::ValuesNode& values, const data::Schema& schema, const OperatorContext& context) {
  std::vector<std::shared_ptr<data::Column>> columns;
  for (const data::Field& field : schema.fields) columns.push_back(std::make_shared<data::Column>(field.type));
  RowEvaluator evaluator(schema, context);
  size_t rows = 0;
  for (const auto& row : values.rows) {
    data::Batch one = RowtimeBatch(context.eval.query_start_unix_ms);
    const std::vector<data::ColumnPtr> cells = evaluator.Evaluate(row, one);
    if (one.rows() == 0) continue;
    for (size_t i = 0; i < cells.size(); ++i) columns[i]->AppendFrom(*cells[i], 0);
    ++rows;
  }
  return {.rowtimes = ConstantRowtimes(context.eval.query_start_unix_ms, rows),
          .columns = {columns.begin(), columns.end()}};
}

class Collector final : public Receiver {
 public:
  Status OnBatch(size_t /*input*/, const data::Batch& batch) override {
    batches.push_back(batch);
    return Ok();
  }
  Status OnBound(size_t /*input*/, int64_t /*bound*/) override { return Ok(); }

  std::vector<data::Batch> batches;
};

}  // namespace

Status RunFiniteSources(const Graph& graph, const std::vector<data::Batch>& tables, const OperatorContext& context) {
  for (const Graph::FiniteSource& source : graph.finite_sources) {
    data::Batch rows;
    if (const auto* scan = std::get_if<sql::TableScan>(&source.node->node)) {
      rows = tables[static_cast<size_t>(scan->table)];
      rows.rowtimes = ConstantRowtimes(context.eval.query_start_unix_ms, rows.columns.empty() ? 0 : rows.rows());
    } else {
      rows = ValuesBatch(std::get<sql::ValuesNode>(source.node->node), source.node->schema, context);
    }
    for (size_t begin = 0; begin < rows.rows(); begin += context.batch_rows_max) {
      const size_t end = std::min(rows.rows(), begin + context.batch_rows_max);
      TAILRACE_TRY(source.port.receiver->OnBatch(source.port.input, rows.Slice(begin, end)));
    }
    TAILRACE_TRY(source.port.receiver->OnBound(source.port.input, kEndOfTime));
  }
  return Ok();
}

data::Batch ConcatAll(std::vector<data::Batch> batches, const data::Schema& schema) {
  if (batches.empty()) {
    data::Batch empty{.rowtimes = std::make_shared<data::Column>(data::Type::Timestamp()), .columns = {}};
    for (const data::Field& field : schema.fields) empty.columns.push_back(std::make_shared<data::Column>(field.type));
    return empty;
  }
  while (batches.size() > 1) {  // Pairs of neighbours, so that every row is copied a few times only.
    std::vector<data::Batch> joined;
    for (size_t i = 0; i < batches.size(); i += 2) {
      joined.push_back(i + 1 < batches.size() ? data::Concat(batches[i], batches[i + 1]) : std::move(batches[i]));
    }
    batches = std::move(joined);
  }
  return std::move(batches[0]);
}

Result<data::Batch> ComputeRelation(const sql::PlanNode& plan, const std::vector<data::Batch>& tables,
                                    const OperatorContext& context) {
  Collector collector;
  const std::vector<bool> no_streams;
  TAILRACE_ASSIGN_OR_RETURN(const Graph graph,
                            BuildGraph(plan, {.context = context, .stream_follows_time = no_streams}, collector));
  TAILRACE_CHECK(graph.sources.empty());  // The binder gives finite relations only.
  for (const Graph::Relation& relation : graph.relations) {
    TAILRACE_ASSIGN_OR_RETURN(data::Batch rows, ComputeRelation(*relation.plan, tables, context));
    relation.user->SetRelation(std::move(rows));
  }
  TAILRACE_TRY(RunFiniteSources(graph, tables, context));
  return ConcatAll(std::move(collector.batches), plan.schema);
}

}  // namespace tailrace::engine
