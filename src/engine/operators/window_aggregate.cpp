#include "engine/operators/window_aggregate.h"

#include "engine/finished_rows.h"

namespace tailrace::engine {

WindowAggregate::WindowAggregate(const sql::WindowAggregate& plan, const data::Schema& schema,
                                 const data::Schema& output, const OperatorContext& context)
    : plan_(plan), output_(output), context_(context), evaluator_(schema, context) {}

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
    Window window{.window = nullptr, .first_key = made->exprs_.size(), .keys = frame.partition_by.size(), .calls = {}};
    made->exprs_.insert(made->exprs_.end(), frame.partition_by.begin(), frame.partition_by.end());
    std::vector<SlidingWindow::CallRef> refs;
    for (size_t call = 0; call < plan.calls.size(); ++call) {
      if (static_cast<size_t>(plan.calls[call].window) != i) continue;
      window.calls.push_back(call);
      refs.push_back({.call = &plan.calls[call], .first_arg = first_args[call]});
    }
    if (refs.empty()) continue;
    TAILRACE_ASSIGN_OR_RETURN(window.window, SlidingWindow::Make(frame, std::move(refs)));
    made->windows_.push_back(std::move(window));
  }
  return std::unique_ptr<Operator>(std::move(made));
}

Status WindowAggregate::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  data::Batch rows = batch;
  const std::vector<data::ColumnPtr> columns = evaluator_.Evaluate(exprs_, rows);
  if (rows.rows() == 0) return Ok();
  std::vector<std::shared_ptr<data::Column>> results(plan_.calls.size());
  sql::RowErrors errors;
  for (const Window& window : windows_) {
    std::vector<std::shared_ptr<data::Column>> own;
    for (const size_t call : window.calls) {
      results[call] = std::make_shared<data::Column>(plan_.calls[call].result, rows.rows());
      own.push_back(results[call]);
    }
    window.window->Process(rows, std::span(columns).subspan(window.first_key, window.keys), columns, own, errors);
    window.window->Expire(rows.rowtimes->int64s().back());
  }
  for (auto& result : results) rows.columns.push_back(std::move(result));
  TakeOutErrors(rows, errors, output_, context_);
  return rows.rows() == 0 ? Ok() : out.Emit(rows);
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
