#include "engine/operators/sort.h"

#include <algorithm>
#include <numeric>

#include "engine/compare.h"
#include "engine/graph.h"
#include "engine/state.h"

namespace tailrace::engine {

Sort::Sort(const sql::Sort& plan, const data::Schema& schema, const OperatorContext& context)
    : plan_(plan),
      schema_(schema),
      context_(context),
      evaluator_(schema, context),
      tracker_(plan.window_end, plan.keys[0].expr, context) {
  for (size_t i = plan.finite ? 0 : 1; i < plan.keys.size(); ++i) {
    exprs_.push_back(plan.keys[i].expr);
    descending_.push_back(plan.keys[i].descending);
  }
  order_keys_ = exprs_.size();
  if (!plan.finite && tracker_.by_value()) exprs_.push_back(plan.keys[0].expr);
}

Status Sort::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  data::Batch rows = batch;
  const std::vector<data::ColumnPtr> columns = evaluator_.Evaluate(exprs_, rows);
  const auto keys = std::span(columns).first(order_keys_);
  if (plan_.finite) {
    if (rows.rows() > 0) Hold(rows, keys, 0, rows.rows());
    return Ok();
  }
  const data::Column* const leading = tracker_.by_value() ? columns.back().get() : nullptr;
  for (size_t row = 0; row < rows.rows();) {
    if (tracker_.EndBefore(rows, leading, row).has_value()) TAILRACE_TRY(Release(out));
    if (!tracker_.open() && !tracker_.Open(rows, leading, row, evaluator_)) {
      ++row;
      continue;
    }
    const size_t end = tracker_.TakeRun(rows, leading, row);
    Hold(rows, keys, row, end);
    row = end;
  }
  return Ok();
}

void Sort::Hold(const data::Batch& rows, std::span<const data::ColumnPtr> keys, size_t begin, size_t end) {
  data::Batch held = rows;
  held.columns.insert(held.columns.end(), keys.begin(), keys.end());
  held_.push_back(held.Slice(begin, end));
}

Status Sort::Release(Emitter& out) {
  tracker_.Close();
  if (held_.empty()) return Ok();
  if (const auto cut = cut_.lock()) cut->BeforeChangeOfAll();
  data::Batch all = ConcatAll(std::move(held_), schema_);
  held_.clear();
  std::vector<uint32_t> order(all.rows());
  std::iota(order.begin(), order.end(), 0U);
  const size_t first_key = all.columns.size() - order_keys_;
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    for (size_t key = 0; key < order_keys_; ++key) {
      const int compared = CompareRows(*all.columns[first_key + key], a, b);
      if (compared != 0) return descending_[key] ? compared > 0 : compared < 0;
    }
    return false;
  });
  const int64_t rowtime = all.rowtimes->int64s().back();
  all.columns.resize(first_key);
  for (size_t begin = 0; begin < order.size(); begin += context_.batch_rows_max) {
    const size_t count = std::min(context_.batch_rows_max, order.size() - begin);
    data::Batch rows = all.Gather(std::span(order).subspan(begin, count));
    rows.rowtimes = ConstantRowtimes(rowtime, count);
    TAILRACE_TRY(out.Emit(rows));
  }
  return Ok();
}

Status Sort::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  if (plan_.finite ? bound == kEndOfTime : tracker_.EndBy(bound).has_value()) TAILRACE_TRY(Release(out));
  if (held_.empty()) return out.EmitBound(bound);
  return out.EmitBound(std::min(bound, held_.back().rowtimes->int64s().back()));
}

std::optional<int64_t> Sort::NextDeadline() const { return plan_.finite ? std::nullopt : tracker_.Deadline(); }

uint64_t Sort::StateBytes() const {
  uint64_t bytes = 0;
  for (const data::Batch& batch : held_) bytes += BatchBytes(batch);
  return bytes;
}

void Sort::Save(ByteWriter& writer) const {
  tracker_.Save(writer);
  writer.U64(held_.size());
  const auto write = [this](size_t index, ByteWriter& out) { SaveBatch(out, held_[index]); };
  if (const auto cut = SaveQueue(writer, held_.size(), write, kRecordsOfBatch)) cut_ = cut;
}

Status Sort::Load(ByteReader& reader) {
  held_.clear();
  TAILRACE_TRY(tracker_.Load(reader));
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, sizeof(uint64_t)));
  std::vector<data::Type> types = TypesOf(schema_);
  for (size_t key = 0; key < order_keys_; ++key) types.push_back(exprs_[key]->type);
  for (size_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(data::Batch batch, LoadBatch(reader, types));
    if (batch.rows() > 0) held_.push_back(std::move(batch));
  }
  return Ok();
}

}  // namespace tailrace::engine
