#include "engine/group_lanes.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

// Calls `add(row, index)` for the first row of each index of `added`, which come in order of rows.
template <typename Add>
void ForEachFirstRow(std::span<const uint32_t> indices, std::span<const uint32_t> added, const Add& add) {
  size_t next = 0;
  for (size_t i = 0; i < indices.size() && next < added.size(); ++i) {
    if (indices[i] == added[next]) add(i, added[next++]);
  }
}

// A column of `rows` rows, of which row positions[lane][i] is row i of parts[lane].
data::ColumnPtr Interleave(const data::Type& type, size_t rows, std::span<const data::ColumnPtr> parts,
                           std::span<const std::vector<uint32_t>> positions) {
  auto column = std::make_shared<data::Column>(type, rows);
  const auto scatter = [&](auto values, const auto& of) {
    for (size_t lane = 0; lane < parts.size(); ++lane) {
      const auto from = of(*parts[lane]);
      for (size_t i = 0; i < from.size(); ++i) values[positions[lane][i]] = from[i];
    }
  };
  switch (type.physical()) {
    case data::Physical::kInt64:
      scatter(column->mutable_int64s(), [](const data::Column& part) { return part.int64s(); });
      break;
    case data::Physical::kDouble:
      scatter(column->mutable_doubles(), [](const data::Column& part) { return part.doubles(); });
      break;
    case data::Physical::kBool:
      scatter(column->mutable_bools(), [](const data::Column& part) { return part.bools(); });
      break;
    case data::Physical::kText:
      scatter(column->mutable_texts(), [](const data::Column& part) { return part.texts(); });
      for (const data::ColumnPtr& part : parts) column->AddOwnersOf(*part);
      break;
    case data::Physical::kNone:
    case data::Physical::kRow:
      break;
  }
  for (size_t lane = 0; lane < parts.size(); ++lane) {
    if (parts[lane]->validity().all_valid()) continue;
    for (size_t i = 0; i < parts[lane]->size(); ++i) {
      if (parts[lane]->null(i)) column->SetNull(positions[lane][i]);
    }
  }
  return column;
}

}  // namespace

Result<std::unique_ptr<GroupLanes>> GroupLanes::Make(std::vector<data::Type> key_types, KeyTable::Lifetime lifetime,
                                                     const std::vector<sql::AggregateCall>& calls,
                                                     const LaneOptions& options) {
  std::unique_ptr<GroupLanes> groups(new GroupLanes(std::move(key_types), lifetime, calls, options));
  TAILRACE_ASSIGN_OR_RETURN(groups->lanes_, groups->MakeLanes());
  groups->parts_.resize(groups->count());
  return groups;
}

Result<std::shared_ptr<GroupLanes::Lanes>> GroupLanes::MakeLanes() const {
  auto lanes = std::make_shared<Lanes>();
  const size_t count = key_types_.empty() ? 1 : options_.count();  // Without keys there is one group.
  for (size_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(AccumulatorSet accumulators, AccumulatorSet::Make(calls_));
    lanes->push_back(std::unique_ptr<Lane>(new Lane{.keys = {key_types_, lifetime_},
                                                    .accumulators = std::move(accumulators),
                                                    .indices = {},
                                                    .added_indices = {},
                                                    .added = {}}));
  }
  return lanes;
}

uint32_t GroupLanes::GroupOf(size_t lane, uint32_t local) const {
  const uint64_t group = uint64_t{local} * count() + lane;
  TAILRACE_CHECK(group < UINT32_MAX);
  return static_cast<uint32_t>(group);
}

void GroupLanes::Absorb(std::span<const data::ColumnPtr> columns, size_t begin, size_t end, std::vector<Added>* added) {
  if (added != nullptr) added->clear();
  if (count() == 1) return AbsorbInOne(columns, begin, end, added);
  const size_t rows = end - begin;
  const auto keys = columns.first(key_columns());
  const size_t parts = rows >= options_.rows_min ? count() : 1;
  options_.Run(rows, parts, [&](size_t i) {
    Part& part = parts_[i];
    part.begin = begin + rows * i / parts;
    lane(0).keys.Hash(keys, part.begin, begin + rows * (i + 1) / parts, part.hashes);
    part.rows.Split(part.hashes.tags, count());
  });
  const bool wants_added = added != nullptr || together();
  options_.Run(rows, count(), [&](size_t own) {
    lane(own).added.clear();
    for (size_t i = 0; i < parts; ++i) AbsorbPart(own, columns, parts_[i], wants_added);
  });
  if (wants_added) MergeAdded(added);
}

void GroupLanes::AbsorbInOne(std::span<const data::ColumnPtr> columns, size_t begin, size_t end,
                             std::vector<Added>* added) {
  Lane& own = lane(0);
  own.added_indices.clear();
  own.keys.FindOrInsert(columns.first(key_columns()), begin, end, own.indices, own.added_indices);
  if (!own.added_indices.empty()) own.accumulators.Resize(own.keys.index_limit());
  own.accumulators.Update(columns.subspan(key_columns()), begin, own.indices);
  if (added == nullptr) return;
  ForEachFirstRow(own.indices, own.added_indices, [&](size_t row, uint32_t index) {
    added->push_back({.row = static_cast<uint32_t>(begin + row), .group = index});
  });
}

void GroupLanes::AbsorbPart(size_t lane_index, std::span<const data::ColumnPtr> columns, const Part& part,
                            bool wants_added) {
  Lane& own = lane(lane_index);
  const std::vector<uint32_t>& rows = part.rows[lane_index];
  if (rows.empty()) return;
  own.added_indices.clear();
  own.keys.FindOrInsertHashed(columns.first(key_columns()), part.begin, part.hashes, rows, own.indices,
                              own.added_indices);
  if (!own.added_indices.empty()) own.accumulators.Resize(own.keys.index_limit());
  std::vector<data::ColumnPtr> args;
  if (columns.size() > key_columns()) {
    std::vector<uint32_t> of_columns(rows);
    for (uint32_t& row : of_columns) row += static_cast<uint32_t>(part.begin);
    for (const data::ColumnPtr& column : columns.subspan(key_columns(), this->args().size())) {
      args.push_back(column->Gather(of_columns));
    }
  }
  own.accumulators.Update(args, 0, own.indices);
  if (!wants_added) return;
  ForEachFirstRow(own.indices, own.added_indices, [&](size_t i, uint32_t index) {
    own.added.push_back({.row = static_cast<uint32_t>(part.begin) + rows[i], .group = GroupOf(lane_index, index)});
  });
}

// Puts what the lanes added in order of rows.
void GroupLanes::MergeAdded(std::vector<Added>* added) {
  std::vector<size_t> next(count());
  while (true) {
    size_t first = count();
    for (size_t i = 0; i < count(); ++i) {
      if (next[i] == lane(i).added.size()) continue;
      if (first == count() || lane(i).added[next[i]].row < lane(first).added[next[first]].row) first = i;
    }
    if (first == count()) return;
    const Added& one = lane(first).added[next[first]++];
    if (together()) order_.push_back(one.group);
    if (added != nullptr) added->push_back(one);
  }
}

void GroupLanes::AddEmpty() {
  Lane& own = lane(0);
  own.keys.FindOrInsert({}, 0, 1, own.indices, own.added_indices);
  own.accumulators.Resize(1);
}

size_t GroupLanes::size() const {
  size_t size = 0;
  for (const auto& own : *lanes_) size += own->keys.size();
  return size;
}

std::vector<uint32_t> GroupLanes::InOrder(size_t begin, size_t end) const {
  TAILRACE_CHECK(together());
  if (count() > 1) {
    return {order_.begin() + static_cast<ptrdiff_t>(begin), order_.begin() + static_cast<ptrdiff_t>(end)};
  }
  std::vector<uint32_t> groups(end - begin);
  std::iota(groups.begin(), groups.end(), static_cast<uint32_t>(begin));
  return groups;
}

GroupLanes::Split GroupLanes::SplitGroups(std::span<const uint32_t> groups) const {
  Split split{.locals = std::vector<std::vector<uint32_t>>(count()),
              .positions = std::vector<std::vector<uint32_t>>(count())};
  for (uint32_t i = 0; i < groups.size(); ++i) {
    const auto [own, local] = LocalOf(groups[i]);
    split.locals[own].push_back(local);
    split.positions[own].push_back(i);
  }
  return split;
}

std::vector<data::ColumnPtr> GroupLanes::Keys(std::span<const uint32_t> groups) const {
  if (count() == 1) return lane(0).keys.Columns(groups);
  const Split split = SplitGroups(groups);
  std::vector<std::vector<data::ColumnPtr>> parts(key_columns());
  for (size_t own = 0; own < count(); ++own) {
    const std::vector<data::ColumnPtr> columns = lane(own).keys.Columns(split.locals[own]);
    for (size_t i = 0; i < parts.size(); ++i) parts[i].push_back(columns[i]);
  }
  std::vector<data::ColumnPtr> keys;
  for (size_t i = 0; i < parts.size(); ++i) {
    keys.push_back(Interleave(key_types_[i], groups.size(), parts[i], split.positions));
  }
  return keys;
}

std::vector<data::ColumnPtr> GroupLanes::Finish(std::span<const uint32_t> groups, sql::RowErrors& errors) const {
  if (count() == 1) return lane(0).accumulators.Finish(groups, errors);
  const Split split = SplitGroups(groups);
  std::vector<std::vector<data::ColumnPtr>> parts(calls_.size());
  for (size_t own = 0; own < count(); ++own) {
    sql::RowErrors own_errors;
    const std::vector<data::ColumnPtr> columns = lane(own).accumulators.Finish(split.locals[own], own_errors);
    for (size_t i = 0; i < parts.size(); ++i) parts[i].push_back(columns[i]);
    for (const sql::RowErrors::Entry& entry : own_errors.entries()) {
      errors.Add(split.positions[own][entry.row], entry.name, entry.message);
    }
  }
  std::vector<data::ColumnPtr> results;
  for (size_t i = 0; i < parts.size(); ++i) {
    results.push_back(Interleave(calls_[i].result, groups.size(), parts[i], split.positions));
  }
  return results;
}

void GroupLanes::Erase(uint32_t group) {
  const auto [own, local] = LocalOf(group);
  lane(own).keys.Erase(local);
  lane(own).accumulators.Reset(local);
}

void GroupLanes::Clear() {
  order_.clear();
  if (std::ranges::any_of(*lanes_, [](const auto& own) { return own->keys.being_saved(); })) {
    lanes_ = MakeLanes().value();  // As it made the ones before.
    return;
  }
  for (const auto& own : *lanes_) {
    own->keys.Clear();
    own->accumulators.Clear();
  }
}

void GroupLanes::Save(ByteWriter& writer, Order order) const {
  std::vector<const KeyTable*> tables;
  for (const auto& own : *lanes_) tables.push_back(&own->keys);
  const EntryNumbers numbers(std::move(tables));
  if (!order && count() > 1 && together()) {
    order = [all = order_, next = size_t{0}]() mutable -> std::optional<uint32_t> {
      return next < all.size() ? std::optional(all[next++]) : std::nullopt;
    };
  }
  EntryCut::Order by_number;
  if (order) {
    by_number = [numbers, order = std::move(order), count = count()]() -> std::optional<uint32_t> {
      const std::optional<uint32_t> group = order();
      return group.has_value() ? std::optional(numbers.Of(*group % count, *group / static_cast<uint32_t>(count)))
                               : std::nullopt;
    };
  }
  KeyTable::SaveEntries(numbers, writer,
                        {.count = lane(0).accumulators.sections(),
                         .write =
                             [lanes = lanes_, numbers](uint32_t number, size_t section, ByteWriter& out) {
                               const size_t own = numbers.TableOf(number);
                               (*lanes)[own]->accumulators.SaveSection(section, number - numbers.first(own), out);
                             },
                         .order = std::move(by_number)});
}

Result<std::vector<uint32_t>> GroupLanes::Load(ByteReader& reader, size_t saved) {
  Clear();
  std::vector<uint32_t> groups;
  for (size_t i = 0; i < saved; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const KeyTable::SavedKey key, lane(0).keys.ReadKey(reader));
    const size_t own = LaneOf(key.tag, count());
    TAILRACE_ASSIGN_OR_RETURN(const uint32_t local, lane(own).keys.Insert(key));
    groups.push_back(GroupOf(own, local));
  }
  for (const auto& own : *lanes_) own->accumulators.Resize(own->keys.index_limit());
  for (size_t section = 0; section < lane(0).accumulators.sections(); ++section) {
    for (const uint32_t group : groups) {
      const auto [own, local] = LocalOf(group);
      TAILRACE_TRY(lane(own).accumulators.LoadSection(section, local, reader));
    }
  }
  if (together() && count() > 1) order_ = groups;
  return groups;
}

uint64_t GroupLanes::bytes() const {
  uint64_t bytes = order_.capacity() * sizeof(uint32_t);
  for (const auto& own : *lanes_) bytes += own->keys.bytes() + own->keys.size() * own->accumulators.group_bytes();
  return bytes;
}

}  // namespace tailrace::engine
