#include "engine/operators/tumbling_aggregate.h"

#include <algorithm>
#include <numeric>

#include "engine/finished_rows.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

std::vector<data::Type> OtherKeyTypes(const sql::TumblingAggregate& plan) {
  std::vector<data::Type> types;
  for (size_t i = 0; i < plan.keys.size(); ++i) {
    if (i != static_cast<size_t>(plan.window_key)) types.push_back(plan.keys[i]->type);
  }
  return types;
}

}  // namespace

Result<std::unique_ptr<Operator>> TumblingAggregate::Make(const sql::TumblingAggregate& plan,
                                                          const data::Schema& schema, const data::Schema& output,
                                                          const OperatorContext& context) {
  TAILRACE_ASSIGN_OR_RETURN(
      std::unique_ptr<GroupLanes> groups,
      GroupLanes::Make(OtherKeyTypes(plan), KeyTable::Lifetime::kTogether, plan.aggregates, context.lanes));
  return std::unique_ptr<Operator>(new TumblingAggregate(plan, schema, output, context, std::move(groups)));
}

TumblingAggregate::TumblingAggregate(const sql::TumblingAggregate& plan, const data::Schema& schema,
                                     const data::Schema& output, const OperatorContext& context,
                                     std::unique_ptr<GroupLanes> groups)
    : plan_(plan),
      output_(output),
      context_(context),
      evaluator_(schema, context),
      tracker_(plan.window_end, plan.keys[static_cast<size_t>(plan.window_key)], context),
      groups_(std::move(groups)),
      empty_accumulators_(AccumulatorSet::Make(plan.aggregates).value()),  // As it made the ones before.
      remembered_keys_(OtherKeyTypes(plan), KeyTable::Lifetime::kSingle) {
  for (size_t i = 0; i < plan.keys.size(); ++i) {
    if (i != static_cast<size_t>(plan.window_key)) exprs_.push_back(plan.keys[i]);
  }
  exprs_.insert(exprs_.end(), empty_accumulators_.args().begin(), empty_accumulators_.args().end());
  if (tracker_.by_value()) exprs_.push_back(plan.keys[static_cast<size_t>(plan.window_key)]);
}

Status TumblingAggregate::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  data::Batch input = batch;
  const std::vector<data::ColumnPtr> columns = evaluator_.Evaluate(exprs_, input);
  const data::Column* const window_keys = tracker_.by_value() ? columns.back().get() : nullptr;
  for (size_t row = 0; row < input.rows();) {
    if (const auto end = tracker_.EndBefore(input, window_keys, row)) TAILRACE_TRY(Close(*end, out));
    if (!tracker_.open()) {
      if (plan_.emit_empty) TAILRACE_TRY(EmitEmptyUntil(input.rowtimes->int64s()[row], out));
      if (!tracker_.Open(input, window_keys, row, evaluator_)) {
        ++row;
        continue;
      }
    }
    const size_t end = tracker_.TakeRun(input, window_keys, row);
    groups_->Absorb(columns, row, end, nullptr);
    row = end;
  }
  return Ok();
}

Status TumblingAggregate::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  if (const auto end = tracker_.EndBy(bound)) TAILRACE_TRY(Close(*end, out));
  if (plan_.emit_empty && !tracker_.open() && bound != kEndOfTime) TAILRACE_TRY(EmitEmptyUntil(bound, out));
  return out.EmitBound(tracker_.EndsFrom(bound));
}

void TumblingAggregate::Begin(int64_t time) {
  // With further keys there is nothing to tell of until the first one came.
  if (plan_.emit_empty && !keyed() && !tracker_.by_value()) empty_from_ = tracker_.EndOf(time);
}

Status TumblingAggregate::Close(int64_t end, Emitter& out) {
  TAILRACE_TRY(EmitGroups(end, tracker_.key(), out));
  if (plan_.emit_empty && keyed()) TAILRACE_TRY(EmitRemembered(end, tracker_.key(), out));
  groups_->Clear();
  tracker_.Close();
  if (plan_.emit_empty && !tracker_.by_value()) empty_from_ = tracker_.EndOf(end);
  return Ok();
}

Status TumblingAggregate::EmitGroups(int64_t end, const data::Value& window_key, Emitter& out) {
  const size_t count = groups_->size();
  for (size_t begin = 0; begin < count; begin += context_.batch_rows_max) {
    const std::vector<uint32_t> groups = groups_->InOrder(begin, std::min(count, begin + context_.batch_rows_max));
    sql::RowErrors errors;
    std::vector<data::ColumnPtr> results = groups_->Finish(groups, errors);
    TAILRACE_TRY(EmitRows(end, window_key, groups.size(), groups_->Keys(groups), std::move(results), errors, out));
  }
  return Ok();
}

// Rows of these results with these other keys.
Status TumblingAggregate::EmitRows(int64_t end, const data::Value& window_key, size_t rows,
                                   std::vector<data::ColumnPtr> keys, std::vector<data::ColumnPtr> results,
                                   const sql::RowErrors& errors, Emitter& out) {
  data::Batch batch{.rowtimes = ConstantRowtimes(end, rows), .columns = std::move(keys)};
  const auto window = static_cast<ptrdiff_t>(plan_.window_key);
  batch.columns.insert(
      batch.columns.begin() + window,
      data::Column::MakeConstant(plan_.keys[static_cast<size_t>(plan_.window_key)]->type, window_key, rows));
  return EmitFinished(std::move(batch), std::move(results), errors, output_, context_, out);
}

// The same for groups that no row came for.
Status TumblingAggregate::EmitWithoutRows(int64_t end, const data::Value& window_key, size_t rows,
                                          std::vector<data::ColumnPtr> keys, Emitter& out) {
  empty_accumulators_.Resize(rows);
  indices_.resize(rows);
  std::iota(indices_.begin(), indices_.end(), 0U);
  sql::RowErrors errors;
  std::vector<data::ColumnPtr> results = empty_accumulators_.Finish(indices_, errors);
  return EmitRows(end, window_key, rows, std::move(keys), std::move(results), errors, out);
}

// Rows for remembered keys that the window, whose groups are out, did not have; its own keys are remembered from now
// on.
Status TumblingAggregate::EmitRemembered(int64_t end, const data::Value& window_key, Emitter& out) {
  const std::vector<uint32_t> all = groups_->InOrder(0, groups_->size());
  std::vector<uint32_t> own;
  if (!all.empty()) {
    added_.clear();
    remembered_keys_.FindOrInsert(groups_->Keys(all), 0, all.size(), own, added_);
  }
  in_window_.assign(remembered_keys_.index_limit(), false);
  for (const uint32_t index : own) in_window_[index] = true;
  std::vector<Remembered> kept;
  std::vector<uint32_t> silent;
  for (const Remembered& each : remembered_) {
    if (in_window_[each.index]) continue;
    if (end - each.last_end > plan_.emit_empty_for_ms) {
      remembered_keys_.Erase(each.index);
      continue;
    }
    kept.push_back(each);
    silent.push_back(each.index);
  }
  for (const uint32_t index : own) kept.push_back({index, end});
  remembered_ = std::move(kept);
  for (size_t begin = 0; begin < silent.size(); begin += context_.batch_rows_max) {
    const size_t count = std::min(context_.batch_rows_max, silent.size() - begin);
    TAILRACE_TRY(EmitWithoutRows(end, window_key, count,
                                 remembered_keys_.Columns(std::span(silent).subspan(begin, count)), out));
  }
  return Ok();
}

// Rows for the windows without input that end at or before `bound`.
Status TumblingAggregate::EmitEmptyUntil(int64_t bound, Emitter& out) {
  while (empty_from_ <= bound) {
    const int64_t end = empty_from_;
    data::Batch one = RowtimeBatch(end - 1);
    const std::vector<data::ColumnPtr> key =
        evaluator_.Evaluate({&plan_.keys[static_cast<size_t>(plan_.window_key)], 1}, one);
    if (one.rows() > 0 && keyed()) {
      TAILRACE_TRY(EmitRemembered(end, key[0]->ValueAt(0), out));
    } else if (one.rows() > 0) {
      TAILRACE_TRY(EmitWithoutRows(end, key[0]->ValueAt(0), 1, {}, out));
    }
    empty_from_ = keyed() && remembered_.empty() ? kEndOfTime : tracker_.EndOf(end);
  }
  return Ok();
}

std::optional<int64_t> TumblingAggregate::NextDeadline() const {
  if (tracker_.open()) return tracker_.Deadline();
  return empty_from_ == kEndOfTime ? std::nullopt : std::optional(empty_from_);
}

uint64_t TumblingAggregate::StateBytes() const {
  if (plan_.emit_empty_for_ms == 0) return groups_->bytes();
  return groups_->bytes() + remembered_keys_.bytes() + remembered_.size() * sizeof(Remembered);
}

void TumblingAggregate::Save(ByteWriter& writer) const {
  tracker_.Save(writer);
  writer.I64(empty_from_);
  writer.U64(groups_->size());
  groups_->Save(writer, {});
  if (plan_.emit_empty_for_ms == 0) return;
  const auto remembered = std::make_shared<const std::vector<Remembered>>(remembered_);
  writer.U64(remembered->size());
  remembered_keys_.SaveEntries(writer, {.order = [remembered, next = size_t{0}]() mutable -> std::optional<uint32_t> {
                                 return next < remembered->size() ? std::optional((*remembered)[next++].index)
                                                                  : std::nullopt;
                               }});
  writer.Defer([remembered](ByteWriter& out) {
    for (const Remembered& each : *remembered) out.I64(each.last_end);
  });
}

Status TumblingAggregate::Load(ByteReader& reader) {
  TAILRACE_TRY(tracker_.Load(reader));
  TAILRACE_ASSIGN_OR_RETURN(empty_from_, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, 1));
  TAILRACE_TRY(groups_->Load(reader, count));
  if (plan_.emit_empty_for_ms == 0) return Ok();
  TAILRACE_ASSIGN_OR_RETURN(const size_t remembered, LoadCount(reader, sizeof(int64_t)));
  TAILRACE_TRY(remembered_keys_.Load(reader, remembered));
  remembered_.clear();
  for (size_t i = 0; i < remembered; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const int64_t last_end, reader.I64());
    remembered_.push_back({static_cast<uint32_t>(i), last_end});
  }
  return Ok();
}

}  // namespace tailrace::engine
