#include "engine/sliding_lanes.h"

#include <algorithm>

namespace tailrace::engine {
namespace {

// A row costs some ten times what one of a group costs.
constexpr size_t kWorthOfRow = 8;

// Row rows[i] of `to` becomes row i of `from`.
void Scatter(const data::Column& from, std::span<const uint32_t> rows, data::Column& to) {
  const auto scatter = [rows](auto values, auto into) {
    for (size_t i = 0; i < rows.size(); ++i) into[rows[i]] = values[i];
  };
  switch (from.type().physical()) {
    case data::Physical::kInt64:
      scatter(from.int64s(), to.mutable_int64s());
      break;
    case data::Physical::kDouble:
      scatter(from.doubles(), to.mutable_doubles());
      break;
    case data::Physical::kBool:
      scatter(from.bools(), to.mutable_bools());
      break;
    case data::Physical::kText:
      scatter(from.texts(), to.mutable_texts());
      to.AddOwnersOf(from);
      break;
    case data::Physical::kNone:
    case data::Physical::kRow:
      break;
  }
  if (from.validity().all_valid()) return;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (from.null(i)) to.SetNull(rows[i]);
  }
}

}  // namespace

Result<std::unique_ptr<SlidingLanes>> SlidingLanes::Make(const sql::WindowFrame& frame,
                                                         std::vector<SlidingWindow::CallRef> calls,
                                                         const LaneOptions& options) {
  std::vector<size_t> used;
  for (const SlidingWindow::CallRef& ref : calls) {
    for (size_t i = 0; i < ref.call->args.size(); ++i) used.push_back(ref.first_arg + i);
  }
  std::unique_ptr<SlidingLanes> made(new SlidingLanes(std::move(used), options));
  const size_t count = frame.partition_by.empty() ? 1 : options.count();  // Without keys there is one partition.
  for (size_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<SlidingWindow> lane, SlidingWindow::Make(frame, calls));
    made->lanes_.push_back(std::move(lane));
  }
  made->desks_.resize(count);
  return made;
}

void SlidingLanes::Process(const data::Batch& batch, std::span<const data::ColumnPtr> keys,
                           std::span<const data::ColumnPtr> args,
                           std::span<const std::shared_ptr<data::Column>> results, sql::RowErrors& errors,
                           int64_t bound) {
  if (lanes_.size() == 1) {
    lanes_[0]->Process(batch, keys, args, results, errors);
    lanes_[0]->Expire(bound);
    return;
  }
  lanes_[0]->partition_keys().Hash(keys, 0, batch.rows(), hashes_);
  rows_.Split(hashes_.tags, lanes_.size());
  options_.Run(batch.rows() * kWorthOfRow, lanes_.size(), [&](size_t lane) {
    if (!rows_[lane].empty()) ProcessLane(lane, batch, keys, args, results);
    lanes_[lane]->Expire(bound);
  });
  for (size_t lane = 0; lane < lanes_.size(); ++lane) {
    const std::vector<uint32_t>& rows = rows_[lane];
    if (rows.empty()) continue;
    Desk& desk = desks_[lane];
    for (size_t i = 0; i < results.size(); ++i) Scatter(*desk.results[i], rows, *results[i]);
    for (const sql::RowErrors::Entry& entry : desk.errors.entries()) {
      errors.Add(rows[entry.row], entry.name, entry.message);
    }
    desk.errors.Clear();
  }
}

void SlidingLanes::ProcessLane(size_t lane, const data::Batch& batch, std::span<const data::ColumnPtr> keys,
                               std::span<const data::ColumnPtr> args,
                               std::span<const std::shared_ptr<data::Column>> results) {
  const std::vector<uint32_t>& rows = rows_[lane];
  const data::Batch own{.rowtimes = batch.rowtimes->Gather(rows), .columns = {}};
  std::vector<data::ColumnPtr> own_keys;
  for (const data::ColumnPtr& key : keys) own_keys.push_back(key->Gather(rows));
  std::vector<data::ColumnPtr> own_args(args.size());
  for (const size_t used : used_args_) {
    if (own_args[used] == nullptr) own_args[used] = args[used]->Gather(rows);
  }
  Desk& desk = desks_[lane];
  desk.results.clear();
  for (const auto& result : results)
    desk.results.push_back(std::make_shared<data::Column>(result->type(), rows.size()));
  lanes_[lane]->Process(own, own_keys, own_args, desk.results, desk.errors);
}

void SlidingLanes::Expire(int64_t bound) {
  for (const auto& lane : lanes_) lane->Expire(bound);
}

void SlidingLanes::Save(ByteWriter& writer) const {
  std::vector<const SlidingWindow*> lanes;
  for (const auto& lane : lanes_) lanes.push_back(lane.get());
  SlidingWindow::Save(lanes, writer);
}

Status SlidingLanes::Load(ByteReader& reader) {
  std::vector<SlidingWindow*> lanes;
  for (const auto& lane : lanes_) lanes.push_back(lane.get());
  return SlidingWindow::Load(lanes, reader);
}

uint64_t SlidingLanes::bytes() const {
  uint64_t bytes = 0;
  for (const auto& lane : lanes_) bytes += lane->bytes();
  return bytes;
}

}  // namespace tailrace::engine
