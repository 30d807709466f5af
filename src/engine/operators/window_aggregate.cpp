#include "engine/operators/window_aggregate.h"

#include "engine/finished_rows.h"

namespace tailrace::engine {

WindowAggregate::WindowAggregate(const sql::WindowAggregate& plan, const data::Schema& schema,
                                 const data::Schema& output, const OperatorContext& context)
    : plan_(plan), schema_(schema), output_(output), context_(context), evaluator_(schema, context) {}

Result<std::unique_ptr<Operator>> WindowAggregate::Make(const sql::WindowAggregate& plan, const data::Schema& schema,
                                                        const data::Schema& output, const OperatorContext& context) {
  std::unique_ptr<WindowAggregate> made(new WindowAggregate(plan, schema, output, context));
  std::vector<size_t> first_args;
  for (const sql::AggregateCall& call : plan.calls) {
    first_args.push_back(made->exprs_.size());
    made->exprs_.insert(made->exprs_.end(), call.args.begin(), call.args.end());
  }
  for (size_t i = 0; i < plan.windows.size(); ++i) {
    const sql::WindowFrame& frame = plan.windows[i];
    Window window{.window = nullptr,
                  .first_key = made->exprs_.size(),
                  .keys = frame.partition_by.size(),
                  .order = {},
                  .calls = {}};
    made->exprs_.insert(made->exprs_.end(), frame.partition_by.begin(), frame.partition_by.end());
    if (frame.order_by != nullptr) {
      window.order = made->exprs_.size();
      made->exprs_.push_back(frame.order_by);
    }
    std::vector<SlidingWindow::CallRef> refs;
    for (size_t call = 0; call < plan.calls.size(); ++call) {
      if (static_cast<size_t>(plan.calls[call].window) != i) continue;
      window.calls.push_back(call);
      refs.push_back({.call = &plan.calls[call], .first_arg = first_args[call]});
    }
    if (refs.empty()) continue;
    TAILRACE_ASSIGN_OR_RETURN(window.window, SlidingLanes::Make(frame, std::move(refs), context.lanes));
    made->windows_.push_back(std::move(window));
  }
  return std::unique_ptr<Operator>(std::move(made));
}

Status WindowAggregate::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  data::Batch rows = batch;
  std::vector<data::ColumnPtr> columns = evaluator_.Evaluate(exprs_, rows);
  for (const Window& window : windows_) {
    if (window.order.has_value()) TakeOutUnordered(*window.order, rows, columns);
  }
  if (rows.rows() == 0) return Ok();
  std::vector<std::shared_ptr<data::Column>> results(plan_.calls.size());
  sql::RowErrors errors;
  for (const Window& window : windows_) {
    std::vector<std::shared_ptr<data::Column>> own;
    for (const size_t call : window.calls) {
      results[call] = std::make_shared<data::Column>(plan_.calls[call].result, rows.rows());
      own.push_back(results[call]);
    }
    data::Batch ordered = rows;
    if (window.order.has_value()) ordered.rowtimes = columns[*window.order];
    window.window->Process(ordered, std::span(columns).subspan(window.first_key, window.keys), columns, own, errors,
                           rows.rowtimes->int64s().back());
  }
  for (auto& result : results) rows.columns.push_back(std::move(result));
  TakeOutErrors(rows, errors, output_, context_);
  return rows.rows() == 0 ? Ok() : out.Emit(rows);
}

// A row whose place in a window is NULL has none.
void WindowAggregate::TakeOutUnordered(size_t order, data::Batch& rows, std::vector<data::ColumnPtr>& columns) {
  if (columns[order]->validity().all_valid()) return;
  std::vector<uint32_t> good;
  for (uint32_t row = 0; row < rows.rows(); ++row) {
    if (columns[order]->null(row)) {
      context_.errors.Report(schema_, rows, row, "INVALID_ARGUMENT", "ORDER BY of the window is NULL");
    } else {
      good.push_back(row);
    }
  }
  rows = rows.Gather(good);
  for (data::ColumnPtr& column : columns) column = column->Gather(good);
}

Status WindowAggregate::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  for (const Window& window : windows_) window.window->Expire(bound);
  return out.EmitBound(bound);
}

void WindowAggregate::Save(ByteWriter& writer) const {
  for (const Window& window : windows_) window.window->Save(writer);
}

Status WindowAggregate::Load(ByteReader& reader) {
  for (const Window& window : windows_) TAILRACE_TRY(window.window->Load(reader));
  return Ok();
}

uint64_t WindowAggregate::StateBytes() const {
  uint64_t bytes = 0;
  for (const Window& window : windows_) bytes += window.window->bytes();
  return bytes;
}

}  // namespace tailrace::engine
