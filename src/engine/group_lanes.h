#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "data/batch.h"
#include "engine/accumulator.h"
#include "engine/key_table.h"
#include "engine/lanes.h"
#include "sql/plan.h"

namespace tailrace::engine {

// The groups of a keyed operator with their aggregates, in lanes by the hash of their keys. However many lanes there
// are, groups come in the same order and have the same results, and a save holds the same bytes.
//
// State    Per group what KeyTable and the accumulators take; with several lanes 4 bytes more where groups go together.
// Threads  One owner; lanes work on the threads of LaneOptions while it waits.
class GroupLanes {
 public:
  // Errors: kUnsupported: an aggregate.
  static Result<std::unique_ptr<GroupLanes>> Make(std::vector<data::Type> key_types, KeyTable::Lifetime lifetime,
                                                  const std::vector<sql::AggregateCall>& calls,
                                                  const LaneOptions& options);

  size_t key_columns() const { return key_types_.size(); }
  const std::vector<sql::BoundExprPtr>& args() const { return lane(0).accumulators.args(); }

  struct Added {
    uint32_t row;  // Of the columns.
    uint32_t group;
  };
  // Takes rows [begin, end) of the columns: the keys, then the aggregates' arguments. `added`: the new groups in order
  // of their first rows; null when nobody asks.
  void Absorb(std::span<const data::ColumnPtr> columns, size_t begin, size_t end, std::vector<Added>* added);

  void AddEmpty();  // Without key columns: the one group, of no rows.

  size_t size() const;
  // Where groups go together: the groups `begin` to `end` in first-seen order.
  std::vector<uint32_t> InOrder(size_t begin, size_t end) const;
  std::vector<data::ColumnPtr> Keys(std::span<const uint32_t> groups) const;
  std::vector<data::ColumnPtr> Finish(std::span<const uint32_t> groups, sql::RowErrors& errors) const;
  void Erase(uint32_t group);  // Lifetime::kSingle only.
  void Clear();                // A save that is under way keeps those that it writes.

  // In the order given, else in first-seen order. Load gives the groups in the order of the saved ones.
  using Order = std::function<std::optional<uint32_t>()>;
  void Save(ByteWriter& writer, Order order) const;
  Result<std::vector<uint32_t>> Load(ByteReader& reader, size_t count);

  uint64_t bytes() const;

 private:
  struct Lane {
    KeyTable keys;
    AccumulatorSet accumulators;
    // Of the rows at work.
    std::vector<uint32_t> indices;
    std::vector<uint32_t> added_indices;
    std::vector<Added> added;
  };
  using Lanes = std::vector<std::unique_ptr<Lane>>;
  // Rows that are hashed by one task.
  struct Part {
    size_t begin = 0;
    KeyTable::Hashes hashes;
    LaneRows rows;
  };
  // Where the groups of a list are in each lane.
  struct Split {
    std::vector<std::vector<uint32_t>> locals;
    std::vector<std::vector<uint32_t>> positions;
  };

  GroupLanes(std::vector<data::Type> key_types, KeyTable::Lifetime lifetime, std::vector<sql::AggregateCall> calls,
             const LaneOptions& options)
      : key_types_(std::move(key_types)), lifetime_(lifetime), calls_(std::move(calls)), options_(options) {}
  Result<std::shared_ptr<Lanes>> MakeLanes() const;
  Lane& lane(size_t index) const { return *(*lanes_)[index]; }
  size_t count() const { return lanes_->size(); }
  uint32_t GroupOf(size_t lane, uint32_t local) const;
  std::pair<size_t, uint32_t> LocalOf(uint32_t group) const { return {group % count(), group / count()}; }
  void AbsorbInOne(std::span<const data::ColumnPtr> columns, size_t begin, size_t end, std::vector<Added>* added);
  void AbsorbPart(size_t lane, std::span<const data::ColumnPtr> columns, const Part& part, bool wants_added);
  void MergeAdded(std::vector<Added>* added);
  Split SplitGroups(std::span<const uint32_t> groups) const;
  bool together() const { return lifetime_ == KeyTable::Lifetime::kTogether; }

  const std::vector<data::Type> key_types_;
  const KeyTable::Lifetime lifetime_;
  const std::vector<sql::AggregateCall> calls_;
  const LaneOptions options_;
  std::shared_ptr<Lanes> lanes_;  // Shared with a save that is under way.
  std::vector<Part> parts_;
  std::vector<uint32_t> order_;  // With several lanes and kTogether: all groups, in first-seen order.
};

}  // namespace tailrace::engine
