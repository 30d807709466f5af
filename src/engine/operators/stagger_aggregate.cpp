#include "engine/operators/stagger_aggregate.h"

#include <algorithm>

#include "engine/finished_rows.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

std::vector<data::Type> TypesOfKeys(const std::vector<sql::BoundExprPtr>& keys) {
  std::vector<data::Type> types;
  for (const sql::BoundExprPtr& key : keys) types.push_back(key->type);
  return types;
}

}  // namespace

Result<std::unique_ptr<Operator>> StaggerAggregate::Make(const sql::StaggerAggregate& plan, const data::Schema& schema,
                                                         const data::Schema& output, const OperatorContext& context) {
  TAILRACE_ASSIGN_OR_RETURN(
      std::unique_ptr<GroupLanes> groups,
      GroupLanes::Make(TypesOfKeys(plan.keys), KeyTable::Lifetime::kSingle, plan.aggregates, context.lanes));
  return std::unique_ptr<Operator>(new StaggerAggregate(plan, schema, output, context, std::move(groups)));
}

StaggerAggregate::StaggerAggregate(const sql::StaggerAggregate& plan, const data::Schema& schema,
                                   const data::Schema& output, const OperatorContext& context,
                                   std::unique_ptr<GroupLanes> groups)
    : length_ms_(std::max<int64_t>(plan.length_ms, 1)),
      output_(output),
      context_(context),
      evaluator_(schema, context),
      groups_(std::move(groups)),
      exprs_(plan.keys) {
  exprs_.insert(exprs_.end(), groups_->args().begin(), groups_->args().end());
}

Status StaggerAggregate::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  data::Batch rows = batch;
  const std::vector<data::ColumnPtr> columns = evaluator_.Evaluate(exprs_, rows);
  const auto rowtimes = rows.rowtimes->int64s();
  for (size_t row = 0; row < rowtimes.size();) {
    TAILRACE_TRY(CloseUntil(rowtimes[row], out));
    // Up to here no window ends, neither of those open nor of those that these rows open.
    const int64_t limit = open_.empty() ? AddTime(rowtimes[row], length_ms_) : open_.front().end;
    const auto begin = rowtimes.begin() + static_cast<ptrdiff_t>(row);
    const auto end = static_cast<size_t>(std::lower_bound(begin, rowtimes.end(), limit) - rowtimes.begin());
    groups_->Absorb(columns, row, end, &added_);
    for (const GroupLanes::Added& added : added_) {
      open_.push_back({.end = AddTime(rowtimes[added.row], length_ms_), .group = added.group});
    }
    row = end;
  }
  return Ok();
}

Status StaggerAggregate::CloseUntil(int64_t time, Emitter& out) {
  while (!open_.empty() && open_.front().end <= time) {
    std::vector<uint32_t> groups;
    auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp());
    while (!open_.empty() && open_.front().end <= time && groups.size() < context_.batch_rows_max) {
      groups.push_back(open_.front().group);
      rowtimes->AppendInt64(open_.front().end);
      open_.pop_front();
    }
    data::Batch rows{.rowtimes = std::move(rowtimes), .columns = groups_->Keys(groups)};
    sql::RowErrors errors;
    std::vector<data::ColumnPtr> results = groups_->Finish(groups, errors);
    TAILRACE_TRY(EmitFinished(std::move(rows), std::move(results), errors, output_, context_, out));
    for (const uint32_t group : groups) groups_->Erase(group);
  }
  return Ok();
}

Status StaggerAggregate::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  TAILRACE_TRY(CloseUntil(bound, out));
  return out.EmitBound(open_.empty() ? AddTime(bound, length_ms_) : open_.front().end);
}

std::optional<int64_t> StaggerAggregate::NextDeadline() const {
  return open_.empty() ? std::nullopt : std::optional(open_.front().end);
}

uint64_t StaggerAggregate::StateBytes() const { return groups_->bytes() + open_.size() * sizeof(Open); }

void StaggerAggregate::Save(ByteWriter& writer) const {
  writer.U64(open_.size());
  writer.Defer([open = open_](ByteWriter& out) {
    for (size_t i = 0; i < open.size(); ++i) out.I64(open[i].end);
  });
  groups_->Save(writer, [open = open_, next = size_t{0}]() mutable -> std::optional<uint32_t> {
    return next < open.size() ? std::optional(open[next++].group) : std::nullopt;
  });
}

Status StaggerAggregate::Load(ByteReader& reader) {
  open_.clear();
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, sizeof(int64_t)));
  std::vector<int64_t> ends;
  for (size_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const int64_t end, reader.I64());
    if (!ends.empty() && end < ends.back()) return CorruptState("stagger windows out of order");
    ends.push_back(end);
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<uint32_t> groups, groups_->Load(reader, count));
  for (size_t i = 0; i < count; ++i) open_.push_back({.end = ends[i], .group = groups[i]});
  return Ok();
}

}  // namespace tailrace::engine
