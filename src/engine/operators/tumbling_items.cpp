#include "engine/operators/tumbling_items.h"

#include <algorithm>
#include <numeric>

#include "base/str.h"
#include "data/text.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

constexpr int64_t kMillisecondsPerSecond = 1000;

}  // namespace

TumblingItems::TumblingItems(const sql::TableFunction& plan, const data::Schema& output, const OperatorContext& context)
    : top_(plan.kind == sql::TableFunctionKind::kTopKItemsTumbling),
      items_max_(top_ ? static_cast<size_t>(plan.args[0].int64()) : 1),
      column_(static_cast<size_t>(plan.columns[0])),
      type_(plan.input->schema.fields[column_].type),
      output_(output),
      context_(context),
      window_end_{.kind = sql::WindowEnd::Kind::kFixedStep,
                  .step_ms = plan.args.back().int64() * kMillisecondsPerSecond},
      rowtime_(std::make_shared<sql::BoundExpr>(
          sql::BoundExpr{.node = sql::BoundRowtime(), .type = data::Type::Timestamp(), .nullable = false})),
      evaluator_(plan.input->schema, context),
      tracker_(window_end_, rowtime_, context),
      items_(MakeItems(type_)) {}

std::shared_ptr<TumblingItems::Items> TumblingItems::MakeItems(const data::Type& type) {
  return std::shared_ptr<Items>(new Items{{{type}, KeyTable::Lifetime::kTogether}, {}});
}

Status TumblingItems::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  const data::ColumnPtr& column = batch.columns[column_];
  for (size_t row = 0; row < batch.rows();) {
    if (const auto end = tracker_.EndBefore(batch, nullptr, row)) TAILRACE_TRY(Close(*end, out));
    if (!tracker_.open()) tracker_.Open(batch, nullptr, row, evaluator_);
    const size_t end = tracker_.TakeRun(batch, nullptr, row);
    added_.clear();
    items_->keys.FindOrInsert({&column, 1}, row, end, indices_, added_);
    items_->counts.resize(items_->keys.index_limit());
    for (size_t i = row; i < end; ++i) {
      if (!column->null(i)) ++items_->counts[indices_[i - row]];  // The NULL key stays at zero.
    }
    row = end;
  }
  return Ok();
}

Status TumblingItems::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  if (const auto end = tracker_.EndBy(bound)) TAILRACE_TRY(Close(*end, out));
  return out.EmitBound(tracker_.EndsFrom(bound));
}

Status TumblingItems::Close(int64_t end, Emitter& out) {
  data::Batch rows;
  if (top_) {
    rows = TopItems(end);
  } else {
    const auto distinct = std::ranges::count_if(items_->counts, [](uint64_t count) { return count > 0; });
    rows = {.rowtimes = ConstantRowtimes(end, 1),
            .columns = {data::Column::MakeConstant(output_.fields[0].type, data::Value(int64_t{distinct}), 1)}};
  }
  if (items_->keys.being_saved()) {  // The save keeps those that it writes.
    items_ = MakeItems(type_);
  } else {
    items_->keys.Clear();
    items_->counts.clear();
  }
  tracker_.Close();
  for (size_t begin = 0; begin < rows.rows(); begin += context_.batch_rows_max) {
    TAILRACE_TRY(out.Emit(rows.Slice(begin, std::min(rows.rows(), begin + context_.batch_rows_max))));
  }
  return Ok();
}

data::Batch TumblingItems::TopItems(int64_t end) const {
  std::vector<uint32_t> order;
  for (uint32_t item = 0; item < items_->counts.size(); ++item) {
    if (items_->counts[item] > 0) order.push_back(item);
  }
  std::ranges::stable_sort(order, [this](uint32_t a, uint32_t b) { return items_->counts[a] > items_->counts[b]; });
  order.resize(std::min(order.size(), items_max_));
  const data::ColumnPtr items = items_->keys.Columns(order)[0];
  auto texts = std::make_shared<data::Column>(output_.fields[0].type);
  auto counts = std::make_shared<data::Column>(output_.fields[1].type);
  const auto chars_max = static_cast<size_t>(output_.fields[0].type.precision);
  for (size_t i = 0; i < order.size(); ++i) {
    texts->AppendText(Utf8Prefix(data::ToSqlText(items->type(), items->ValueAt(i)), chars_max));
    const uint64_t count = items_->counts[order[i]];
    if (counts->type().physical() == data::Physical::kDouble) {
      counts->AppendDouble(static_cast<double>(count));
    } else {
      counts->AppendInt64(static_cast<int64_t>(count));
    }
  }
  return {.rowtimes = ConstantRowtimes(end, order.size()), .columns = {std::move(texts), std::move(counts)}};
}

std::optional<int64_t> TumblingItems::NextDeadline() const { return tracker_.Deadline(); }

uint64_t TumblingItems::StateBytes() const {
  return items_->keys.bytes() + items_->counts.capacity() * sizeof(uint64_t);
}

void TumblingItems::Save(ByteWriter& writer) const {
  tracker_.Save(writer);
  writer.U64(items_->counts.size());
  items_->keys.SaveEntries(writer, {.count = 1, .write = [items = items_](uint32_t item, size_t, ByteWriter& out) {
                                      out.U64(items->counts[item]);
                                    }});
}

Status TumblingItems::Load(ByteReader& reader) {
  TAILRACE_TRY(tracker_.Load(reader));
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, sizeof(uint64_t)));
  TAILRACE_TRY(items_->keys.Load(reader, count));
  items_->counts.assign(count, 0);
  for (uint64_t& items : items_->counts) {
    TAILRACE_ASSIGN_OR_RETURN(items, reader.U64());
  }
  return Ok();
}

}  // namespace tailrace::engine
