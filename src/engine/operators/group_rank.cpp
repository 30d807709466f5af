#include "engine/operators/group_rank.h"

#include <algorithm>
#include <numeric>

#include "base/str.h"
#include "engine/compare.h"
#include "engine/graph.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

bool IsDescending(const data::Value& order) { return EqualsIgnoreCase(order.text(), "desc"); }

}  // namespace

GroupRank::GroupRank(const sql::TableFunction& plan, const data::Schema& output, const OperatorContext& context)
    : column_(static_cast<size_t>(plan.columns[0])),
      rank_descending_(IsDescending(plan.args[0])),
      output_descending_(IsDescending(plan.args[1])),
      rows_max_(plan.args[3].int64() <= 0 ? SIZE_MAX : static_cast<size_t>(plan.args[3].int64())),
      schema_(plan.input->schema),
      output_(output),
      context_(context) {}

Status GroupRank::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  const auto rowtimes = batch.rowtimes->int64s();
  for (size_t row = 0; row < rowtimes.size();) {
    if (rowtimes[row] != rowtime_) TAILRACE_TRY(Release(out));
    rowtime_ = rowtimes[row];
    size_t end = row + 1;
    while (end < rowtimes.size() && rowtimes[end] == rowtime_) ++end;
    held_.push_back(batch.Slice(row, end));
    row = end;
  }
  return Ok();
}

Status GroupRank::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  if (bound > rowtime_) TAILRACE_TRY(Release(out));
  return out.EmitBound(bound);
}

Status GroupRank::Release(Emitter& out) {
  if (held_.empty()) return Ok();
  if (const auto cut = cut_.lock()) cut->BeforeChangeOfAll();
  const data::Batch all = ConcatAll(std::move(held_), schema_);
  held_.clear();
  const data::Column& by = *all.columns[column_];
  std::vector<uint32_t> order(all.rows());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) {
    const int compared = CompareRows(by, a, b);
    return rank_descending_ ? compared > 0 : compared < 0;
  });
  std::vector<int64_t> ranks(order.size());
  std::iota(ranks.begin(), ranks.end(), int64_t{1});
  if (output_descending_) {
    std::ranges::reverse(order);
    std::ranges::reverse(ranks);
  }
  order.resize(std::min(order.size(), rows_max_));
  for (size_t begin = 0; begin < order.size(); begin += context_.batch_rows_max) {
    const size_t count = std::min(context_.batch_rows_max, order.size() - begin);
    data::Batch rows = all.Gather(std::span(order).subspan(begin, count));
    auto rank = std::make_shared<data::Column>(output_.fields.back().type, count);
    std::copy_n(ranks.begin() + static_cast<ptrdiff_t>(begin), count, rank->mutable_int64s().begin());
    rows.columns.push_back(std::move(rank));
    TAILRACE_TRY(out.Emit(rows));
  }
  return Ok();
}

std::optional<int64_t> GroupRank::NextDeadline() const {
  return held_.empty() ? std::nullopt : std::optional(AddTime(rowtime_, 1));
}

uint64_t GroupRank::StateBytes() const {
  uint64_t bytes = 0;
  for (const data::Batch& batch : held_) bytes += BatchBytes(batch);
  return bytes;
}

void GroupRank::Save(ByteWriter& writer) const {
  writer.I64(rowtime_);
  writer.U64(held_.size());
  const auto write = [this](size_t index, ByteWriter& out) { SaveBatch(out, held_[index]); };
  if (const auto cut = SaveQueue(writer, held_.size(), write, kRecordsOfBatch)) cut_ = cut;
}

Status GroupRank::Load(ByteReader& reader) {
  held_.clear();
  TAILRACE_ASSIGN_OR_RETURN(rowtime_, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, sizeof(uint64_t)));
  const std::vector<data::Type> types = TypesOf(schema_);
  for (size_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(data::Batch batch, LoadBatch(reader, types));
    if (batch.rows() > 0) held_.push_back(std::move(batch));
  }
  return Ok();
}

}  // namespace tailrace::engine
