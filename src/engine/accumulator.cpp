#include "engine/accumulator.h"

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_set>

#include "base/str.h"
#include "engine/aggregate_math.h"
#include "engine/queue_cut.h"
#include "engine/state.h"

namespace tailrace::engine {

using data::Column;
using data::ColumnPtr;
using data::Physical;
using data::Type;
using data::Value;
using sql::AggregateKind;

namespace {

// One state a group in a vector: what all accumulators have in common. `Self` has Add(State&, column, row),
// Result(const State&), SaveState(writer, state) and LoadState(reader) -> Result<State>.
template <typename Self, typename State>
class GroupStates : public Accumulator {
 public:
  void Resize(size_t groups) final {
    if (groups > states_.size()) states_.resize(groups);
  }
  void Clear() final { states_.clear(); }
  void Reset(uint32_t group) final { states_[group] = State(); }
  void Update(std::span<const ColumnPtr> args, size_t begin, std::span<const uint32_t> groups) final {
    self().AddRows(args, begin, groups);
  }
  void Finish(std::span<const uint32_t> groups, Column& out, sql::RowErrors& errors) const final {
    out.Reserve(out.size() + groups.size());
    for (const uint32_t group : groups) self().AppendResult(states_[group], out, errors);
  }
  void Save(ByteWriter& writer, uint32_t group) const final { self().SaveState(writer, states_[group]); }
  Status Load(ByteReader& reader, uint32_t group) final {
    TAILRACE_ASSIGN_OR_RETURN(states_[group], self().LoadState(reader));
    return Ok();
  }

 protected:
  std::vector<State> states_;

 private:
  Self& self() { return static_cast<Self&>(*this); }
  const Self& self() const { return static_cast<const Self&>(*this); }
};

// Calls `add(row, group)` for every row whose argument is not NULL.
template <typename Add>
void ForEachValid(const Column& column, size_t begin, std::span<const uint32_t> groups, const Add& add) {
  if (column.type().kind == data::TypeKind::kNull) return;
  if (column.validity().all_valid()) {
    for (size_t i = 0; i < groups.size(); ++i) add(begin + i, groups[i]);
    return;
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    if (column.validity().valid(begin + i)) add(begin + i, groups[i]);
  }
}

class CountAccumulator final : public GroupStates<CountAccumulator, int64_t> {
 public:
  explicit CountAccumulator(bool star) : star_(star) {}
  void AddRows(std::span<const ColumnPtr> args, size_t begin, std::span<const uint32_t> groups) {
    if (star_) {
      for (const uint32_t group : groups) ++states_[group];
      return;
    }
    ForEachValid(*args[0], begin, groups, [&](size_t, uint32_t group) { ++states_[group]; });
  }
  void AppendResult(int64_t count, Column& out, sql::RowErrors&) const { out.AppendInt64(count); }
  void SaveState(ByteWriter& writer, int64_t count) const { writer.I64(count); }
  Result<int64_t> LoadState(ByteReader& reader) const { return reader.I64(); }

 private:
  const bool star_;
};

void AppendOrError(const std::optional<Value>& value, AggregateKind kind, const Type& result, Column& out,
                   sql::RowErrors& errors) {
  if (!value.has_value()) {
    errors.Add(static_cast<uint32_t>(out.size()), kOutOfRangeName, OutOfRangeMessage(kind, result));
    return out.AppendNull();
  }
  out.AppendValue(*value);
}

struct ExactSum {
  Int128 sum = 0;
  int64_t count = 0;
};

class ExactSumAccumulator final : public GroupStates<ExactSumAccumulator, ExactSum> {
 public:
  ExactSumAccumulator(AggregateKind kind, Type argument, Type result)
      : kind_(kind), argument_(std::move(argument)), result_(std::move(result)) {}
  void AddRows(std::span<const ColumnPtr> args, size_t begin, std::span<const uint32_t> groups) {
    const auto values = args[0]->int64s();
    ForEachValid(*args[0], begin, groups, [&](size_t row, uint32_t group) {
      states_[group].sum += values[row];
      ++states_[group].count;
    });
  }
  void AppendResult(const ExactSum& state, Column& out, sql::RowErrors& errors) const {
    const ExactMoments moments{.count = state.count, .sum = state.sum, .squares = {}};
    AppendOrError(FinishExact(kind_, moments, argument_, result_), kind_, result_, out, errors);
  }
  void SaveState(ByteWriter& writer, const ExactSum& state) const {
    SaveExactMoments(writer, {.count = state.count, .sum = state.sum, .squares = {}});
  }
  Result<ExactSum> LoadState(ByteReader& reader) const {
    TAILRACE_ASSIGN_OR_RETURN(const ExactMoments moments, LoadExactMoments(reader));
    return ExactSum{.sum = moments.sum, .count = moments.count};
  }

 private:
  const AggregateKind kind_;
  const Type argument_;
  const Type result_;
};

class ExactSpreadAccumulator final : public GroupStates<ExactSpreadAccumulator, ExactMoments> {
 public:
  ExactSpreadAccumulator(AggregateKind kind, Type argument, Type result)
      : kind_(kind), argument_(std::move(argument)), result_(std::move(result)) {}
  void AddRows(std::span<const ColumnPtr> args, size_t begin, std::span<const uint32_t> groups) {
    const auto values = args[0]->int64s();
    ForEachValid(*args[0], begin, groups, [&](size_t row, uint32_t group) {
      ExactMoments& state = states_[group];
      state.sum += values[row];
      state.squares.Add(values[row]);
      ++state.count;
    });
  }
  void AppendResult(const ExactMoments& state, Column& out, sql::RowErrors& errors) const {
    AppendOrError(FinishExact(kind_, state, argument_, result_), kind_, result_, out, errors);
  }
  void SaveState(ByteWriter& writer, const ExactMoments& state) const { SaveExactMoments(writer, state); }
  Result<ExactMoments> LoadState(ByteReader& reader) const { return LoadExactMoments(reader); }

 private:
  const AggregateKind kind_;
  const Type argument_;
  const Type result_;
};

class ApproximateAccumulator final : public GroupStates<ApproximateAccumulator, ApproximateMoments> {
 public:
  ApproximateAccumulator(AggregateKind kind, Type result) : kind_(kind), result_(std::move(result)) {}
  void AddRows(std::span<const ColumnPtr> args, size_t begin, std::span<const uint32_t> groups) {
    const auto values = args[0]->doubles();
    const bool spread = IsSpread(kind_);
    ForEachValid(*args[0], begin, groups, [&](size_t row, uint32_t group) {
      ApproximateMoments& state = states_[group];
      state.sum.Add(values[row]);
      if (spread) state.squares.AddProduct(values[row], values[row]);
      ++state.count;
    });
  }
  void AppendResult(const ApproximateMoments& state, Column& out, sql::RowErrors& errors) const {
    AppendOrError(FinishApproximate(kind_, state, result_), kind_, result_, out, errors);
  }
  void SaveState(ByteWriter& writer, const ApproximateMoments& state) const { SaveApproximateMoments(writer, state); }
  Result<ApproximateMoments> LoadState(ByteReader& reader) const { return LoadApproximateMoments(reader); }

 private:
  const AggregateKind kind_;
  const Type result_;
};

template <typename T>
std::span<const T> ValuesOf(const Column& column) {
  if constexpr (std::is_same_v<T, int64_t>) return column.int64s();
  if constexpr (std::is_same_v<T, double>) return column.doubles();
  if constexpr (std::is_same_v<T, uint8_t>) return column.bools();
}

// MIN, MAX, FIRST_VALUE, LAST_VALUE, ANY and EVERY keep one of the values. `T` is how the column holds it.
enum class Keep : uint8_t { kLeast, kGreatest, kFirst, kLast };

template <typename T>
bool Replaces(Keep keep, const T& value, const T& kept) {
  switch (keep) {
    case Keep::kLeast:
      return value < kept;
    case Keep::kGreatest:
      return kept < value;
    case Keep::kFirst:
      return false;
    case Keep::kLast:
      return true;
  }
  return false;
}

template <typename T>
struct Kept {
  T value{};
  uint8_t has = 0;  // 0: nothing yet, 1: a value, 2: a NULL (FIRST_VALUE, LAST_VALUE that respect NULLs).
};

template <typename T>
class KeepAccumulator final : public GroupStates<KeepAccumulator<T>, Kept<T>> {
 public:
  KeepAccumulator(Keep keep, bool nulls_count, Type type)
      : keep_(keep), nulls_count_(nulls_count), type_(std::move(type)) {}

  void AddRows(std::span<const ColumnPtr> args, size_t begin, std::span<const uint32_t> groups) {
    const Column& column = *args[0];
    for (size_t i = 0; i < groups.size(); ++i) {
      Kept<T>& kept = this->states_[groups[i]];
      if (column.null(begin + i)) {
        if (nulls_count_ && (kept.has == 0 || keep_ == Keep::kLast)) kept = {.value = T(), .has = 2};
      } else if constexpr (std::is_same_v<T, std::string>) {
        const std::string_view value = column.texts()[begin + i];
        if (kept.has == 0 || Replaces<std::string_view>(keep_, value, kept.value)) {
          kept.value.assign(value);
          kept.has = 1;
        }
      } else {
        const T value = ValuesOf<T>(column)[begin + i];
        if (kept.has == 0 || Replaces<T>(keep_, value, kept.value)) kept = {.value = value, .has = 1};
      }
    }
  }
  void AppendResult(const Kept<T>& kept, Column& out, sql::RowErrors&) const {
    if (kept.has != 1) return out.AppendNull();
    if constexpr (std::is_same_v<T, int64_t>) out.AppendInt64(kept.value);
    if constexpr (std::is_same_v<T, double>) out.AppendDouble(kept.value);
    if constexpr (std::is_same_v<T, uint8_t>) out.AppendBool(kept.value != 0);
    if constexpr (std::is_same_v<T, std::string>) out.AppendText(kept.value);
  }
  void SaveState(ByteWriter& writer, const Kept<T>& kept) const {
    writer.U8(kept.has);
    if (kept.has != 1) return;
    if constexpr (std::is_same_v<T, uint8_t>) {
      SaveValue(writer, Value(kept.value != 0));
    } else {
      SaveValue(writer, Value(kept.value));
    }
  }
  Result<Kept<T>> LoadState(ByteReader& reader) const {
    Kept<T> kept;
    TAILRACE_ASSIGN_OR_RETURN(kept.has, reader.U8());
    if (kept.has > 2) return CorruptState("a kept value that is neither there nor not");
    if (kept.has != 1) return kept;
    TAILRACE_ASSIGN_OR_RETURN(const Value value, LoadValue(reader, type_));
    if (value.is_null()) return CorruptState("a kept value that is NULL");
    if constexpr (std::is_same_v<T, int64_t>) kept.value = value.int64();
    if constexpr (std::is_same_v<T, double>) kept.value = value.float64();
    if constexpr (std::is_same_v<T, uint8_t>) kept.value = value.boolean() ? 1 : 0;
    if constexpr (std::is_same_v<T, std::string>) kept.value = value.text();
    return kept;
  }

 private:
  const Keep keep_;
  const bool nulls_count_;
  const Type type_;
};

// Passes on the first row of every distinct argument of a group. State: every distinct value.
class DistinctAccumulator final : public Accumulator {
 public:
  DistinctAccumulator(std::unique_ptr<Accumulator> inner, Type argument)
      : inner_(std::move(inner)), argument_(std::move(argument)) {}

  void Resize(size_t groups) override {
    inner_->Resize(groups);
    if (groups > seen_.size()) seen_.resize(groups);
  }
  void Clear() override {
    inner_->Clear();
    seen_.clear();
  }
  void Reset(uint32_t group) override {
    inner_->Reset(group);
    seen_[group].reset();
  }
  void Update(std::span<const ColumnPtr> args, size_t begin, std::span<const uint32_t> groups) override {
    for (size_t i = 0; i < groups.size(); ++i) {
      if (args[0]->null(begin + i)) continue;
      data::Value value = args[0]->ValueAt(begin + i);
      if (auto* const number = std::get_if<double>(&value.data); number != nullptr && *number == 0) *number = 0;  // -0
      ByteWriter encoded;
      SaveValue(encoded, value);
      if (Of(groups[i]).Insert(std::move(encoded).Take())) inner_->Update(args, begin + i, {&groups[i], 1});
    }
  }
  void Finish(std::span<const uint32_t> groups, Column& out, sql::RowErrors& errors) const override {
    inner_->Finish(groups, out, errors);
  }
  void Save(ByteWriter& writer, uint32_t group) const override {
    inner_->Save(writer, group);
    const std::shared_ptr<const Seen> seen = seen_[group];
    writer.U64(seen == nullptr ? 0 : seen->order.size());
    if (seen == nullptr) return;
    // Values only come: a save that goes on meanwhile need not be told, but keeps those of a group that ends.
    SaveQueue(writer, seen->order.size(), [seen](size_t value, ByteWriter& out) { out.Text(*seen->order[value]); });
  }
  Status Load(ByteReader& reader, uint32_t group) override {
    TAILRACE_TRY(inner_->Load(reader, group));
    TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, sizeof(uint32_t)));
    for (size_t i = 0; i < count; ++i) {
      TAILRACE_ASSIGN_OR_RETURN(const std::string_view value, reader.Text());
      Of(group).Insert(std::string(value));
    }
    return Ok();
  }

 private:
  struct Seen {
    std::unordered_set<std::string> values;
    std::vector<const std::string*> order;  // As they came: saved in an order that is the same for the same rows.

    bool Insert(std::string value) {
      const auto [at, added] = values.insert(std::move(value));
      if (added) order.push_back(&*at);
      return added;
    }
  };

  Seen& Of(uint32_t group) {
    if (seen_[group] == nullptr) seen_[group] = std::make_shared<Seen>();
    return *seen_[group];
  }

  const std::unique_ptr<Accumulator> inner_;
  const Type argument_;
  std::vector<std::shared_ptr<Seen>> seen_;  // Null: nothing yet.
};

Result<std::unique_ptr<Accumulator>> MakeKeep(Keep keep, bool nulls_count, const Type& type) {
  switch (type.physical()) {
    case Physical::kNone:  // Nothing but NULLs: any form does.
    case Physical::kInt64:
      return std::make_unique<KeepAccumulator<int64_t>>(keep, nulls_count, type);
    case Physical::kDouble:
      return std::make_unique<KeepAccumulator<double>>(keep, nulls_count, type);
    case Physical::kBool:
      return std::make_unique<KeepAccumulator<uint8_t>>(keep, nulls_count, type);
    case Physical::kText:
      return std::make_unique<KeepAccumulator<std::string>>(keep, nulls_count, type);
    case Physical::kRow:
      break;
  }
  return Error{ErrorCode::kUnsupported, "an aggregate of a row value"};
}

Result<std::unique_ptr<Accumulator>> MakePlain(const sql::AggregateCall& call) {
  switch (call.kind) {
    case AggregateKind::kCountStar:
      return std::make_unique<CountAccumulator>(true);
    case AggregateKind::kCount:
      return std::make_unique<CountAccumulator>(false);
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
    case AggregateKind::kStddevPop:
    case AggregateKind::kStddevSamp:
    case AggregateKind::kVarPop:
    case AggregateKind::kVarSamp: {
      const Type& argument = call.args[0]->type;
      if (argument.physical() == Physical::kDouble) {
        return std::make_unique<ApproximateAccumulator>(call.kind, call.result);
      }
      if (argument.physical() != Physical::kInt64) return MakeKeep(Keep::kFirst, false, argument);  // Only NULLs.
      if (IsSpread(call.kind)) return std::make_unique<ExactSpreadAccumulator>(call.kind, argument, call.result);
      return std::make_unique<ExactSumAccumulator>(call.kind, argument, call.result);
    }
    case AggregateKind::kMin:
    case AggregateKind::kEvery:
      return MakeKeep(Keep::kLeast, false, call.args[0]->type);
    case AggregateKind::kMax:
    case AggregateKind::kAny:
      return MakeKeep(Keep::kGreatest, false, call.args[0]->type);
    case AggregateKind::kFirstValue:
      return MakeKeep(Keep::kFirst, !call.ignore_nulls, call.args[0]->type);
    case AggregateKind::kLastValue:
      return MakeKeep(Keep::kLast, !call.ignore_nulls, call.args[0]->type);
    case AggregateKind::kNthValue:
    case AggregateKind::kLag:
    case AggregateKind::kExpAvg:
      break;
  }
  return Error{ErrorCode::kUnsupported, StrCat(sql::AggregateName(call.kind), " without OVER")};
}

}  // namespace

Result<std::unique_ptr<Accumulator>> MakeAccumulator(const sql::AggregateCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Accumulator> accumulator, MakePlain(call));
  if (!call.distinct || call.args.empty()) return accumulator;
  return std::make_unique<DistinctAccumulator>(std::move(accumulator), call.args[0]->type);
}

uint64_t AccumulatorBytes(const sql::AggregateCall& call) {
  if (call.distinct) return 128;
  if (call.kind == AggregateKind::kCount || call.kind == AggregateKind::kCountStar) return sizeof(int64_t);
  if (IsSumOrAverage(call.kind)) return sizeof(ExactSum);
  return IsSpread(call.kind) ? sizeof(ExactMoments) : sizeof(Kept<std::string>);
}

Result<AccumulatorSet> AccumulatorSet::Make(const std::vector<sql::AggregateCall>& calls) {
  AccumulatorSet set;
  for (const sql::AggregateCall& call : calls) {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Accumulator> accumulator, MakeAccumulator(call));
    set.calls_.push_back({.accumulator = std::move(accumulator),
                          .first_arg = set.args_.size(),
                          .args = call.args.size(),
                          .result = call.result});
    set.args_.insert(set.args_.end(), call.args.begin(), call.args.end());
    set.group_bytes_ += AccumulatorBytes(call);
  }
  return set;
}

void AccumulatorSet::Resize(size_t groups) {
  for (const Call& call : calls_) call.accumulator->Resize(groups);
}

void AccumulatorSet::Clear() {
  for (const Call& call : calls_) call.accumulator->Clear();
}

void AccumulatorSet::Reset(uint32_t group) {
  for (const Call& call : calls_) call.accumulator->Reset(group);
}

void AccumulatorSet::Update(std::span<const ColumnPtr> args, size_t begin, std::span<const uint32_t> groups) {
  for (const Call& call : calls_) call.accumulator->Update(args.subspan(call.first_arg, call.args), begin, groups);
}

std::vector<ColumnPtr> AccumulatorSet::Finish(std::span<const uint32_t> groups, sql::RowErrors& errors) const {
  std::vector<ColumnPtr> columns;
  for (const Call& call : calls_) {
    auto column = std::make_shared<Column>(call.result);
    call.accumulator->Finish(groups, *column, errors);
    columns.push_back(std::move(column));
  }
  return columns;
}

void AccumulatorSet::SaveSection(size_t section, uint32_t group, ByteWriter& writer) const {
  calls_[section].accumulator->Save(writer, group);
}

Status AccumulatorSet::LoadSection(size_t section, uint32_t group, ByteReader& reader) {
  return calls_[section].accumulator->Load(reader, group);
}

}  // namespace tailrace::engine
