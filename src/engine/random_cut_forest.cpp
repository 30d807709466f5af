#include "engine/random_cut_forest.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/state.h"

namespace tailrace::engine {
namespace {

// All entries 0, 1, ...; into a deferring writer little by little. Output: who is to be told of changes; else null.
std::shared_ptr<EntryCut> SaveEach(ByteWriter& writer, size_t count, EntryCut::Write write) {
  if (!writer.deferring()) {
    for (uint32_t index = 0; index < count; ++index) write(index, 0, writer);
    return nullptr;
  }
  const auto order = [count, next = uint32_t{0}]() mutable {
    return next < count ? std::optional(next++) : std::nullopt;
  };
  auto cut =
      std::make_shared<EntryCut>(std::vector<bool>(count, true), order, 1, std::move(write), writer.records_at_once());
  writer.AddLive(cut);
  writer.Defer([cut](ByteWriter& out) { cut->AppendSection(0, out); });
  return cut;
}

}  // namespace

RandomCutForest::RandomCutForest(const Options& options) : options_(options) {
  Rng seeds(options.seed);
  members_.reserve(options.trees);
  for (size_t i = 0; i < options.trees; ++i) {
    members_.push_back({.tree = RandomCutTree(options.features, options.sample), .rng = seeds.Fork(), .sample = {}});
  }
  for (const Member& member : members_) trees_.push_back(&member.tree);
}

double RandomCutForest::Take(std::span<const double> point, Attribution* shares) {
  double score = 0;
  if (shares != nullptr) {
    for (auto* part : {&shares->high, &shares->low, &shares->strength}) part->assign(options_.features, 0);
  }
  if (count_ >= options_.sample) {
    if (shares == nullptr) {
      RandomCutTree::AddScores(trees_, point, score);
    } else {
      for (const Member& member : members_) score += member.tree.Explain(point, *shares);
    }
    const auto trees = static_cast<double>(options_.trees);
    const double scale = std::log2(static_cast<double>(options_.sample) + 1) / trees;
    score *= scale;
    if (shares != nullptr) {
      for (double& value : shares->high) value *= scale;
      for (double& value : shares->low) value *= scale;
      for (double& value : shares->strength) value /= trees;
    }
  }
  Learn(point);
  return score;
}

void RandomCutForest::Learn(std::span<const double> point) {
  constexpr uint32_t kNotStored = UINT32_MAX;
  const double age = static_cast<double>(count_) / options_.decay;
  uint32_t stored = kNotStored;
  const std::shared_ptr<EntryCut> cut = members_cut_.lock();
  for (uint32_t index = 0; index < members_.size(); ++index) {
    Member& member = members_[index];
    const double u = member.rng.Uniform();
    const bool full = member.sample.size() == options_.sample;
    if (full) {
      // Stays out unless log(-log(u)) - age < largest key, that is u > exp(-exp(x)) with x = largest + age. As
      // exp(-y) >= 1 - y and, for x < 0, exp(x) <= 1 / (1 - x + x * x / 2), two products turn most points away.
      const double x = member.sample.front().key + age;
      if (x < 0 && (1 - u) * (1 - x + x * x / 2) >= 1) continue;
    }
    const double key = std::log(-std::log(std::max(u, 1e-300))) - age;
    if (full && !(key < member.sample.front().key)) continue;
    if (cut != nullptr) cut->Keep(index);
    if (full) {
      std::pop_heap(member.sample.begin(), member.sample.end());
      const uint32_t old = member.sample.back().point;
      member.sample.pop_back();
      member.tree.Delete(Point(old));
      Release(old);
    }
    if (stored == kNotStored) stored = Store(point);
    ++uses_[stored];
    member.tree.Insert(point, member.rng);
    member.sample.push_back({.key = key, .point = stored});
    std::push_heap(member.sample.begin(), member.sample.end());
  }
  ++count_;
}

uint32_t RandomCutForest::Store(std::span<const double> point) {
  if (free_points_.empty()) {
    free_points_.push_back(static_cast<uint32_t>(uses_.size()));
    uses_.push_back(0);
    points_.resize(points_.size() + options_.features);
  }
  const uint32_t stored = free_points_.back();
  free_points_.pop_back();
  if (const auto cut = points_cut_.lock()) cut->Keep(stored);
  std::ranges::copy(point, points_.begin() + static_cast<ptrdiff_t>(stored * options_.features));
  return stored;
}

void RandomCutForest::Release(uint32_t point) {
  if (const auto cut = points_cut_.lock()) cut->Keep(point);
  if (--uses_[point] == 0) free_points_.push_back(point);
}

void RandomCutForest::SavePoint(uint32_t point, ByteWriter& writer) const {
  writer.U32(uses_[point]);
  if (uses_[point] == 0) return;
  for (const double value : Point(point)) writer.F64(value);
}

void RandomCutForest::SaveMember(const Member& member, const std::array<uint64_t, 4>& rng, ByteWriter& writer) const {
  for (const uint64_t word : rng) writer.U64(word);
  writer.U64(member.sample.size());
  for (const Kept& kept : member.sample) {
    writer.F64(kept.key);
    writer.U32(kept.point);
  }
  member.tree.Save(writer);
}

void RandomCutForest::Save(ByteWriter& writer) const {
  // Every point draws from every tree's numbers, so those are not left for later.
  std::vector<std::array<uint64_t, 4>> rngs;
  for (const Member& member : members_) rngs.push_back(member.rng.state());
  writer.U64(count_);
  writer.U64(uses_.size());
  points_cut_ =
      SaveEach(writer, uses_.size(), [this](uint32_t point, size_t, ByteWriter& out) { SavePoint(point, out); });
  writer.U64(free_points_.size());
  for (const uint32_t point : free_points_) writer.U32(point);
  members_cut_ =
      SaveEach(writer, members_.size(), [this, rngs = std::move(rngs)](uint32_t member, size_t, ByteWriter& out) {
        SaveMember(members_[member], rngs[member], out);
      });
}

Status RandomCutForest::Load(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(count_, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const size_t points, LoadCount(reader, sizeof(uint32_t)));
  if (points > options_.trees * options_.sample + 1) return CorruptState("more points than the trees hold");
  points_.assign(points * options_.features, 0);
  uses_.assign(points, 0);
  for (size_t point = 0; point < points; ++point) {
    TAILRACE_ASSIGN_OR_RETURN(uses_[point], reader.U32());
    if (uses_[point] == 0) continue;
    for (size_t i = 0; i < options_.features; ++i) {
      TAILRACE_ASSIGN_OR_RETURN(points_[point * options_.features + i], reader.F64());
    }
  }
  TAILRACE_ASSIGN_OR_RETURN(const size_t free_count, LoadCount(reader, sizeof(uint32_t)));
  free_points_.assign(free_count, 0);
  std::vector<bool> is_free(points);
  for (uint32_t& point : free_points_) {
    TAILRACE_ASSIGN_OR_RETURN(point, reader.U32());
    if (point >= points || uses_[point] != 0 || is_free[point]) return CorruptState("a free point that is in use");
    is_free[point] = true;
  }
  std::vector<uint32_t> uses(points);
  for (Member& member : members_) {
    std::array<uint64_t, 4> state{};
    for (uint64_t& word : state) {
      TAILRACE_ASSIGN_OR_RETURN(word, reader.U64());
    }
    member.rng.set_state(state);
    TAILRACE_ASSIGN_OR_RETURN(const size_t kept, LoadCount(reader, sizeof(double) + sizeof(uint32_t)));
    if (kept != std::min<uint64_t>(count_, options_.sample)) return CorruptState("a sample of another size");
    member.sample.assign(kept, {});
    for (Kept& one : member.sample) {
      TAILRACE_ASSIGN_OR_RETURN(one.key, reader.F64());
      TAILRACE_ASSIGN_OR_RETURN(one.point, reader.U32());
      if (std::isnan(one.key) || one.point >= points) return CorruptState("a sample of points that are not there");
      ++uses[one.point];
    }
    if (!std::is_heap(member.sample.begin(), member.sample.end())) return CorruptState("a sample out of order");
    TAILRACE_TRY(member.tree.Load(reader));
    std::vector<std::span<const double>> held;
    for (const Kept& one : member.sample) held.push_back(Point(one.point));
    if (!member.tree.Holds(held)) return CorruptState("a tree of other points than its sample");
  }
  return uses == uses_ ? Ok() : Status(CorruptState("points used by other samples"));
}

uint64_t RandomCutForest::bytes() const {
  return options_.trees * options_.sample * (2 * (40 + 16 * options_.features) + sizeof(Kept)) +
         points_.capacity() * sizeof(double);
}

}  // namespace tailrace::engine
