#pragma once

#include <deque>
#include <string>
#include <vector>

#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// HOTSPOTS: the dense region around each record.
//
// Output  the input's columns, then JSON {"hotspots":[{"density":d,"minValues":[...],"maxValues":[...]}, ...]} of the
//         clusters of the last records that the record belongs to or borders on. Density: records of the cluster over
//         the volume of its bounding box, where a side of length 0 counts as the scan radius. A row with NULL, or with
//         a number that is not finite, in a numeric column has no hotspots and is not kept.
// State   The last `window` records and, for each, which others are within the radius.
// Source  Ester, Kriegel, Sander, Xu, "A Density-Based Algorithm for Discovering Clusters", KDD 1996 (DBSCAN).
class Hotspots final : public Operator {
 public:
  // All borrowed; `output` describes the result.
  Hotspots(const sql::TableFunction& plan, const data::Schema& output);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  uint64_t StateBytes() const override;

 private:
  struct Point {
    std::vector<double> values;
    std::vector<uint32_t> neighbours;  // Places of other points within the radius.
  };

  void Add(std::vector<double> values);
  void Remove(uint32_t place);
  bool IsCore(uint32_t place) const { return points_[place].neighbours.size() + 1 >= points_min_; }
  std::vector<std::vector<uint32_t>> ClustersAround(uint32_t place) const;
  std::string Json() const;

  const sql::TableFunction& plan_;
  const data::Schema& output_;
  const size_t window_;
  const double radius_;
  const size_t points_min_;
  std::vector<Point> points_;  // A ring: place of the k-th record is k modulo the window.
  uint64_t count_ = 0;
};

}  // namespace tailrace::engine
