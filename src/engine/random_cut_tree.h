#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rng.h"

namespace tailrace::engine {

// How much each feature adds to a score, and in which direction. All of the size of a point.
struct Attribution {
  std::vector<double> high;      // By values above what the tree knows.
  std::vector<double> low;       // By values below.
  std::vector<double> strength;  // How far outside, in widths of what the tree knows.
};

// A random cut tree over a sample of points, kept as if drawn anew at every change.
//
// State   Two nodes a point: 40 bytes and a bounding box of two numbers a feature each.
// Source  Guha, Mishra, Roy, Schrijvers, "Robust Random Cut Forest Based Anomaly Detection on Streams", ICML 2016:
//         definition 1 (cuts in proportion to the sides of the bounding box), algorithms 1 (insert) and 2 (delete).
class RandomCutTree {
 public:
  RandomCutTree(size_t features, size_t points_max);

  void Insert(std::span<const double> point, Rng& rng);
  void Delete(std::span<const double> point);  // A point that was inserted.
  size_t size() const { return root_ == kNone ? 0 : nodes_[root_].mass; }

  // Expected inverse depth at which the point would be cut off, were it inserted: what a rare point scores high by.
  double Score(std::span<const double> point) const;
  // The scores of trees of the same features, each added to `sum` in order. Walks through several at once, because one
  // walk mostly waits for memory.
  static void AddScores(std::span<const RandomCutTree* const> trees, std::span<const double> point, double& sum);
  // The same, and adds every feature's share to `shares`; they sum up to the score.
  double Explain(std::span<const double> point, Attribution& shares) const;

  // Whether the tree's points are exactly these.
  bool Holds(std::span<const std::span<const double>> points) const;

  void Save(ByteWriter& writer) const;
  Status Load(ByteReader& reader);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Node {
    double cut = 0;
    uint32_t children[2] = {kNone, kNone};  // At most the cut, above it. None in a leaf.
    uint32_t parent = kNone;
    uint32_t feature = 0;
    uint32_t mass = 0;  // Points below; a leaf's equal points.
  };
  bool IsLeaf(uint32_t node) const { return nodes_[node].children[0] == kNone; }
  double* Box(uint32_t node) { return &boxes_[node * 2 * features_]; }
  const double* Box(uint32_t node) const { return &boxes_[node * 2 * features_]; }

  // A point on its way down.
  struct Walk {
    const RandomCutTree* tree = nullptr;
    uint32_t node = 0;
    uint32_t depth = 0;
    double score = 0;
    double left = 1;  // Probability of not being cut off further up.
  };
  // One node further; false at the end, with the whole score.
  template <size_t kFeatures>
  static bool Step(Walk& walk, const double* point);
  template <size_t kFeatures>
  static void AddScoresOf(std::span<const RandomCutTree* const> trees, const double* point, double& sum);
  double SeenScore(uint32_t leaf, size_t depth) const;
  uint32_t NewNode();
  uint32_t NewLeaf(std::span<const double> point, uint32_t parent);
  bool CutOff(uint32_t node, std::span<const double> point, Rng& rng);
  void Replace(uint32_t parent, uint32_t old_child, uint32_t new_child);
  void JoinBoxes(uint32_t node);
  void SaveNode(ByteWriter& writer, uint32_t node) const;
  Result<uint32_t> LoadNode(ByteReader& reader, uint32_t parent, size_t depth);

  size_t features_;
  size_t points_max_;
  std::vector<Node> nodes_;
  std::vector<double> boxes_;  // Lowest and highest value of each feature, by node.
  std::vector<uint32_t> free_;
  std::vector<double> inverse_;  // 1 / n.
  uint32_t root_ = kNone;
};

}  // namespace tailrace::engine
