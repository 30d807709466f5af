#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rng.h"
#include "engine/entry_cut.h"
#include "engine/random_cut_tree.h"

namespace tailrace::engine {

// Scores points by how unlike the recent ones they are: RANDOM_CUT_FOREST.
//
// Every tree keeps a sample of the points so far in which newer ones are likelier. The score is the trees' mean, times
// log2(sample + 1), so that it lies between 0 and that.
// State   trees x sample x (100 + 48 x features) bytes.
// Source  As RandomCutTree; the sample: Efraimidis, Spirakis, "Weighted random sampling with a reservoir", 2006, with
//         the weight exp(number / decay) of Cormode et al., "Forward Decay", ICDE 2009.
class RandomCutForest {
 public:
  struct Options {
    size_t trees = 100;
    size_t sample = 256;
    double decay = 100'000;  // Points after which the chance to stay in the sample has fallen to 1/e.
    size_t features = 1;
    uint64_t seed = 0;
  };
  explicit RandomCutForest(const Options& options);
  RandomCutForest(const RandomCutForest&) = delete;
  RandomCutForest& operator=(const RandomCutForest&) = delete;

  // The score of the point against those before it; 0 until the sample is full. `shares` may be null; else it receives
  // every feature's part. Then takes the point in. All values finite.
  double Take(std::span<const double> point, Attribution* shares);

  // Into a deferring writer it goes on while points are taken: points and trees one by one.
  void Save(ByteWriter& writer) const;
  Status Load(ByteReader& reader);
  uint64_t bytes() const;

 private:
  struct Kept {
    double key;  // log(-log(u)) - number / decay: the largest leaves first.
    uint32_t point;
    bool operator<(const Kept& other) const { return key < other.key; }
  };
  struct Member {
    RandomCutTree tree;
    Rng rng;
    std::vector<Kept> sample;  // A heap with the largest key in front.
  };

  void Learn(std::span<const double> point);
  uint32_t Store(std::span<const double> point);
  std::span<const double> Point(uint32_t point) const {
    return {&points_[point * options_.features], options_.features};
  }
  void Release(uint32_t point);
  void SavePoint(uint32_t point, ByteWriter& writer) const;
  void SaveMember(const Member& member, const std::array<uint64_t, 4>& rng, ByteWriter& writer) const;

  const Options options_;
  std::vector<Member> members_;  // Never moved: trees_ points into it.
  std::vector<const RandomCutTree*> trees_;
  uint64_t count_ = 0;
  std::vector<double> points_;  // Of the samples, each once.
  std::vector<uint32_t> uses_;  // In how many samples a point is.
  std::vector<uint32_t> free_points_;
  // The save that is under way.
  mutable std::weak_ptr<EntryCut> points_cut_;
  mutable std::weak_ptr<EntryCut> members_cut_;
};

}  // namespace tailrace::engine
