#include "engine/random_cut_tree.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "engine/state.h"

namespace tailrace::engine {

RandomCutTree::RandomCutTree(size_t features, size_t points_max)
    : features_(features),
      points_max_(points_max),
      nodes_(2 * points_max),
      boxes_(2 * points_max * 2 * features),
      inverse_(points_max + 2) {
  for (uint32_t node = static_cast<uint32_t>(nodes_.size()); node-- > 0;) free_.push_back(node);
  for (size_t i = 1; i < inverse_.size(); ++i) inverse_[i] = 1.0 / static_cast<double>(i);
}

uint32_t RandomCutTree::NewNode() {
  TAILRACE_CHECK(!free_.empty());
  const uint32_t node = free_.back();
  free_.pop_back();
  nodes_[node] = Node();
  return node;
}

uint32_t RandomCutTree::NewLeaf(std::span<const double> point, uint32_t parent) {
  const uint32_t leaf = NewNode();
  nodes_[leaf].parent = parent;
  nodes_[leaf].mass = 1;
  double* const box = Box(leaf);
  for (size_t i = 0; i < features_; ++i) box[2 * i] = box[2 * i + 1] = point[i];
  return leaf;
}

void RandomCutTree::Replace(uint32_t parent, uint32_t old_child, uint32_t new_child) {
  nodes_[new_child].parent = parent;
  if (parent == kNone) {
    root_ = new_child;
  } else {
    nodes_[parent].children[nodes_[parent].children[0] == old_child ? 0 : 1] = new_child;
  }
}

void RandomCutTree::JoinBoxes(uint32_t node) {
  const double* const left = Box(nodes_[node].children[0]);
  const double* const right = Box(nodes_[node].children[1]);
  double* const box = Box(node);
  for (size_t i = 0; i < features_; ++i) {
    box[2 * i] = std::min(left[2 * i], right[2 * i]);
    box[2 * i + 1] = std::max(left[2 * i + 1], right[2 * i + 1]);
  }
}

void RandomCutTree::Insert(std::span<const double> point, Rng& rng) {
  if (root_ == kNone) {
    root_ = NewLeaf(point, kNone);
    return;
  }
  uint32_t node = root_;
  while (!CutOff(node, point, rng)) {
    ++nodes_[node].mass;
    if (IsLeaf(node)) return;  // An equal point.
    double* const box = Box(node);
    for (size_t i = 0; i < features_; ++i) {
      box[2 * i] = std::min(box[2 * i], point[i]);
      box[2 * i + 1] = std::max(box[2 * i + 1], point[i]);
    }
    node = nodes_[node].children[point[nodes_[node].feature] > nodes_[node].cut ? 1 : 0];
  }
}

// Draws a cut of the box around the node and the point. When it separates them, the point becomes the node's sibling.
bool RandomCutTree::CutOff(uint32_t node, std::span<const double> point, Rng& rng) {
  const double* const box = Box(node);
  double total = 0;
  for (size_t i = 0; i < features_; ++i) {
    total += std::max(box[2 * i + 1], point[i]) - std::min(box[2 * i], point[i]);
  }
  if (!(total > 0)) return false;
  double rest = rng.Uniform() * total;
  size_t feature = 0;
  double low = 0;
  double high = 0;
  for (size_t i = 0; i < features_; ++i) {
    const double lowest = std::min(box[2 * i], point[i]);
    const double highest = std::max(box[2 * i + 1], point[i]);
    if (highest <= lowest) continue;
    feature = i;
    low = lowest;
    high = highest;
    if (rest < highest - lowest) break;
    rest -= highest - lowest;
  }
  double cut = std::clamp(low + rest, low, high);
  if (cut >= high) cut = std::nextafter(high, low);  // Both sides must get something.
  const bool point_below = point[feature] <= cut && cut < box[2 * feature];
  const bool point_above = point[feature] > cut && cut >= box[2 * feature + 1];
  if (!point_below && !point_above) {
    TAILRACE_CHECK(!IsLeaf(node));  // Any cut separates a point from another.
    return false;
  }
  const uint32_t above = NewNode();
  const uint32_t parent = nodes_[node].parent;
  Replace(parent, node, above);
  const uint32_t leaf = NewLeaf(point, above);
  nodes_[above].cut = cut;
  nodes_[above].feature = static_cast<uint32_t>(feature);
  nodes_[above].mass = nodes_[node].mass + 1;
  nodes_[above].children[point_below ? 0 : 1] = leaf;
  nodes_[above].children[point_below ? 1 : 0] = node;
  nodes_[node].parent = above;
  JoinBoxes(above);
  return true;
}

void RandomCutTree::Delete(std::span<const double> point) {
  uint32_t node = root_;
  while (true) {
    --nodes_[node].mass;
    if (IsLeaf(node)) break;
    node = nodes_[node].children[point[nodes_[node].feature] > nodes_[node].cut ? 1 : 0];
  }
  if (nodes_[node].mass > 0) return;
  free_.push_back(node);
  const uint32_t parent = nodes_[node].parent;
  if (parent == kNone) {
    root_ = kNone;
    return;
  }
  const uint32_t sibling = nodes_[parent].children[nodes_[parent].children[0] == node ? 1 : 0];
  const uint32_t above = nodes_[parent].parent;
  Replace(above, parent, sibling);
  free_.push_back(parent);
  for (uint32_t ancestor = above; ancestor != kNone; ancestor = nodes_[ancestor].parent) JoinBoxes(ancestor);
}

// Of a point that equals a leaf's: the deeper and the rarer, the lower; halved at most, where all points are equal.
double RandomCutTree::SeenScore(uint32_t leaf, size_t depth) const {
  const auto mass = static_cast<double>(nodes_[leaf].mass);
  const double damping = 1.0 - mass / (2.0 * static_cast<double>(nodes_[root_].mass));
  return damping / (static_cast<double>(depth) + std::log2(mass + 1.0));
}

template <size_t kFeatures>
bool RandomCutTree::Step(Walk& walk, const double* point) {
  const RandomCutTree& tree = *walk.tree;
  const size_t features = kFeatures == 0 ? tree.features_ : kFeatures;
  const double* const box = &tree.boxes_[walk.node * 2 * features];
  double outside = 0;
  double inside = 0;
  for (size_t i = 0; i < features; ++i) {
    outside += std::max(0.0, box[2 * i] - point[i]) + std::max(0.0, point[i] - box[2 * i + 1]);
    inside += box[2 * i + 1] - box[2 * i];
  }
  const Node& at = tree.nodes_[walk.node];
  const double here = tree.inverse_[walk.depth + 1];
  if (at.children[0] == kNone) {
    walk.score += walk.left * (outside > 0 ? here : tree.SeenScore(walk.node, walk.depth));
    return false;
  }
  if (outside > 0) {
    const double cut_off = outside / (outside + inside);
    walk.score += walk.left * cut_off * here;
    walk.left *= 1 - cut_off;
  }
  walk.node = at.children[point[at.feature] > at.cut ? 1 : 0];
  ++walk.depth;
  return true;
}

template <size_t kFeatures>
void RandomCutTree::AddScoresOf(std::span<const RandomCutTree* const> trees, const double* point, double& sum) {
  constexpr size_t kAtOnce = 16;
  for (size_t begin = 0; begin < trees.size(); begin += kAtOnce) {
    const size_t count = std::min(kAtOnce, trees.size() - begin);
    std::array<Walk, kAtOnce> walks;
    std::array<size_t, kAtOnce> going;  // Walks that have not ended.
    size_t left = 0;
    for (size_t i = 0; i < count; ++i) {
      const RandomCutTree* const tree = trees[begin + i];
      if (tree->root_ == kNone) continue;
      walks[i] = {.tree = tree, .node = tree->root_};
      going[left++] = i;
    }
    while (left > 0) {
      size_t still = 0;
      for (size_t i = 0; i < left; ++i) {
        const size_t walk = going[i];
        going[still] = walk;
        still += Step<kFeatures>(walks[walk], point) ? 1 : 0;
      }
      left = still;
    }
    for (size_t i = 0; i < count; ++i) sum += walks[i].score;
  }
}

void RandomCutTree::AddScores(std::span<const RandomCutTree* const> trees, std::span<const double> point, double& sum) {
  if (trees.empty()) return;
  switch (trees[0]->features_) {
    case 1:
      return AddScoresOf<1>(trees, point.data(), sum);
    case 2:
      return AddScoresOf<2>(trees, point.data(), sum);
    case 3:
      return AddScoresOf<3>(trees, point.data(), sum);
    case 4:
      return AddScoresOf<4>(trees, point.data(), sum);
    default:
      return AddScoresOf<0>(trees, point.data(), sum);
  }
}

double RandomCutTree::Score(std::span<const double> point) const {
  double score = 0;
  const RandomCutTree* const self = this;
  AddScores({&self, 1}, point, score);
  return score;
}

double RandomCutTree::Explain(std::span<const double> point, Attribution& shares) const {
  if (root_ == kNone) return 0;
  double score = 0;
  double left = 1;
  uint32_t node = root_;
  for (size_t depth = 0;; ++depth) {
    const double* const box = Box(node);
    double outside = 0;
    double inside = 0;
    for (size_t i = 0; i < features_; ++i) {
      outside += std::max(0.0, box[2 * i] - point[i]) + std::max(0.0, point[i] - box[2 * i + 1]);
      inside += box[2 * i + 1] - box[2 * i];
    }
    const bool leaf = IsLeaf(node);
    if (leaf && outside == 0) {
      const double seen = left * SeenScore(node, depth);
      for (size_t i = 0; i < features_; ++i) {
        const double share = seen / static_cast<double>(2 * features_);
        shares.high[i] += share;
        shares.low[i] += share;
      }
      return score + seen;
    }
    if (outside > 0) {
      const double here = left * inverse_[depth + 1] / (outside + inside);
      for (size_t i = 0; i < features_; ++i) {
        const double above = std::max(0.0, point[i] - box[2 * i + 1]);
        const double below = std::max(0.0, box[2 * i] - point[i]);
        const double width = box[2 * i + 1] - box[2 * i];
        shares.high[i] += here * above;
        shares.low[i] += here * below;
        if (width > 0) {
          shares.strength[i] += left * (above + below) / (outside + inside) * (above + below) / width;
        }
      }
      score += here * outside;
      left *= inside / (outside + inside);
    }
    if (leaf) return score;
    node = nodes_[node].children[point[nodes_[node].feature] > nodes_[node].cut ? 1 : 0];
  }
}

bool RandomCutTree::Holds(std::span<const std::span<const double>> points) const {
  if (points.size() != size()) return false;
  std::vector<uint32_t> found(nodes_.size());
  for (const std::span<const double> point : points) {
    uint32_t node = root_;
    while (!IsLeaf(node)) node = nodes_[node].children[point[nodes_[node].feature] > nodes_[node].cut ? 1 : 0];
    for (size_t i = 0; i < features_; ++i) {
      if (Box(node)[2 * i] != point[i]) return false;
    }
    if (++found[node] > nodes_[node].mass) return false;
  }
  return true;
}

// Nodes before their children; boxes follow from the leaves.
void RandomCutTree::Save(ByteWriter& writer) const {
  writer.Bool(root_ != kNone);
  if (root_ != kNone) SaveNode(writer, root_);
}

void RandomCutTree::SaveNode(ByteWriter& writer, uint32_t node) const {
  const Node& at = nodes_[node];
  writer.Bool(IsLeaf(node));
  if (IsLeaf(node)) {
    writer.U32(at.mass);
    for (size_t i = 0; i < features_; ++i) writer.F64(Box(node)[2 * i]);
    return;
  }
  writer.U32(at.feature);
  writer.F64(at.cut);
  SaveNode(writer, at.children[0]);
  SaveNode(writer, at.children[1]);
}

Status RandomCutTree::Load(ByteReader& reader) {
  *this = RandomCutTree(features_, points_max_);
  TAILRACE_ASSIGN_OR_RETURN(const bool any, reader.Bool());
  if (!any) return Ok();
  TAILRACE_ASSIGN_OR_RETURN(root_, LoadNode(reader, kNone, 0));
  if (nodes_[root_].mass > points_max_) return CorruptState("a tree of too many points");
  return Ok();
}

Result<uint32_t> RandomCutTree::LoadNode(ByteReader& reader, uint32_t parent, size_t depth) {
  if (free_.empty() || depth >= points_max_) return CorruptState("a tree too large");
  TAILRACE_ASSIGN_OR_RETURN(const bool leaf, reader.Bool());
  const uint32_t node = NewNode();
  nodes_[node].parent = parent;
  if (leaf) {
    TAILRACE_ASSIGN_OR_RETURN(nodes_[node].mass, reader.U32());
    if (nodes_[node].mass == 0 || nodes_[node].mass > points_max_) return CorruptState("a leaf of no or many points");
    for (size_t i = 0; i < features_; ++i) {
      TAILRACE_ASSIGN_OR_RETURN(const double value, reader.F64());
      if (!std::isfinite(value)) return CorruptState("a point that is no number");
      Box(node)[2 * i] = Box(node)[2 * i + 1] = value;
    }
    return node;
  }
  TAILRACE_ASSIGN_OR_RETURN(nodes_[node].feature, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(nodes_[node].cut, reader.F64());
  if (nodes_[node].feature >= features_) return CorruptState("a cut of a feature that is not there");
  for (uint32_t& child : nodes_[node].children) {
    TAILRACE_ASSIGN_OR_RETURN(const uint32_t loaded, LoadNode(reader, node, depth + 1));
    child = loaded;
  }
  JoinBoxes(node);
  const auto& [below, above] = nodes_[node].children;
  const uint32_t feature = nodes_[node].feature;
  const double cut = nodes_[node].cut;
  if (!(Box(below)[2 * feature + 1] <= cut && cut < Box(above)[2 * feature])) {
    return CorruptState("a cut that does not separate its points");
  }
  nodes_[node].mass = nodes_[below].mass + nodes_[above].mass;
  return node;
}

}  // namespace tailrace::engine
