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
  TAILRACE_ASSIGN_OR_RETURN(AccumulatorSet accumulators, AccumulatorSet::Make(plan.aggregates));
  return std::unique_ptr<Operator>(new TumblingAggregate(plan, schema, output, context, std::move(accumulators)));
}

std::shared_ptr<TumblingAggregate::Groups> TumblingAggregate::MakeGroups(const sql::TumblingAggregate& plan,
                                                                         AccumulatorSet accumulators) {
  return std::shared_ptr<Groups>(
      new Groups{{OtherKeyTypes(plan), KeyTable::Lifetime::kTogether}, std::move(accumulators)});
}

TumblingAggregate::TumblingAggregate(const sql::TumblingAggregate& plan, const data::Schema& schema,
                                     const data::Schema& output, const OperatorContext& context,
                                     AccumulatorSet accumulators)
    : plan_(plan),
      output_(output),
      context_(context),
      evaluator_(schema, context),
      tracker_(plan.window_end, plan.keys[static_cast<size_t>(plan.window_key)], context),
      groups_(MakeGroups(plan, std::move(accumulators))),
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
    Absorb(columns, row, end);
    row = end;
  }
  return Ok();
}

void TumblingAggregate::Absorb(std::span<const data::ColumnPtr> columns, size_t begin, size_t end) {
  Groups& groups = *groups_;
  const size_t keys = groups.keys.column_count();
  added_.clear();
  groups.keys.FindOrInsert(columns.first(keys), begin, end, indices_, added_);
  if (!added_.empty()) groups.accumulators.Resize(groups.keys.index_limit());
  groups.accumulators.Update(columns.subspan(keys), begin, indices_);
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
  ClearGroups();
  tracker_.Close();
  if (plan_.emit_empty && !tracker_.by_value()) empty_from_ = tracker_.EndOf(end);
  return Ok();
}

// A save that is under way keeps those that it writes.
void TumblingAggregate::ClearGroups() {
  if (groups_->keys.being_saved()) {
    groups_ = MakeGroups(plan_, AccumulatorSet::Make(plan_.aggregates).value());
    return;
  }
  groups_->keys.Clear();
  groups_->accumulators.Clear();
}

Status TumblingAggregate::EmitGroups(int64_t end, const data::Value& window_key, Emitter& out) {
  const size_t count = groups_->keys.size();
  for (size_t begin = 0; begin < count; begin += context_.batch_rows_max) {
    indices_.resize(std::min(context_.batch_rows_max, count - begin));
    std::iota(indices_.begin(), indices_.end(), static_cast<uint32_t>(begin));
    TAILRACE_TRY(EmitRows(end, window_key, groups_->keys.Columns(indices_), groups_->accumulators, out));
  }
  return Ok();
}

// Rows of the aggregates at indices_ with these other keys.
Status TumblingAggregate::EmitRows(int64_t end, const data::Value& window_key, std::vector<data::ColumnPtr> keys,
                                   const AccumulatorSet& accumulators, Emitter& out) {
  data::Batch rows{.rowtimes = ConstantRowtimes(end, indices_.size()), .columns = std::move(keys)};
  const auto window = static_cast<ptrdiff_t>(plan_.window_key);
  rows.columns.insert(
      rows.columns.begin() + window,
      data::Column::MakeConstant(plan_.keys[static_cast<size_t>(plan_.window_key)]->type, window_key, indices_.size()));
  return EmitFinished(std::move(rows), accumulators, indices_, output_, context_, out);
}

// Rows for remembered keys that the window, whose groups are out, did not have; its own keys are remembered from now
// on.
Status TumblingAggregate::EmitRemembered(int64_t end, const data::Value& window_key, Emitter& out) {
  std::vector<uint32_t> all(groups_->keys.size());
  std::iota(all.begin(), all.end(), 0U);
  std::vector<uint32_t> own;
  if (!all.empty()) {
    added_.clear();
    remembered_keys_.FindOrInsert(groups_->keys.Columns(all), 0, all.size(), own, added_);
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
    empty_accumulators_.Resize(count);
    indices_.resize(count);
    std::iota(indices_.begin(), indices_.end(), 0U);
    TAILRACE_TRY(EmitRows(end, window_key, remembered_keys_.Columns(std::span(silent).subspan(begin, count)),
                          empty_accumulators_, out));
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
      empty_accumulators_.Resize(1);
      indices_.assign(1, 0);
      TAILRACE_TRY(EmitRows(end, key[0]->ValueAt(0), {}, empty_accumulators_, out));
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
  const uint64_t groups = groups_->keys.bytes() + groups_->keys.size() * groups_->accumulators.group_bytes();
  if (plan_.emit_empty_for_ms == 0) return groups;
  return groups + remembered_keys_.bytes() + remembered_.size() * sizeof(Remembered);
}

void TumblingAggregate::Save(ByteWriter& writer) const {
  tracker_.Save(writer);
  writer.I64(empty_from_);
  writer.U64(groups_->keys.size());
  groups_->keys.SaveEntries(writer, {.count = groups_->accumulators.sections(),
                                     .write = [groups = groups_](uint32_t group, size_t section, ByteWriter& out) {
                                       groups->accumulators.SaveSection(section, group, out);
                                     }});
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
  TAILRACE_TRY(groups_->keys.Load(reader, count));
  TAILRACE_TRY(groups_->accumulators.Load(reader, count));
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
