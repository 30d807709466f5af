#pragma once

#include <deque>
#include <string>
#include <vector>

#include "engine/operator.h"
#include "engine/random_cut_forest.h"
#include "sql/plan.h"

namespace tailrace::engine {

// RANDOM_CUT_FOREST and RANDOM_CUT_FOREST_WITH_EXPLANATION.
//
// Output  the input's columns, then ANOMALY_SCORE, with explanation then ANOMALY_EXPLANATION (JSON, a member a numeric
//         column). A point is the numeric columns of the last `shingle` rows. The first points score 0 until the sample
//         is full. A row with NULL, or with a number that is not finite, in a numeric column scores 0 and is not
//         learned.
// State   See RandomCutForest. The same rows give the same scores in every run.
class ForestScore final : public Operator {
 public:
  // All borrowed; `output` describes the result. Errors: kLimitExceeded: a state beyond kForestBytesMax.
  static Result<std::unique_ptr<Operator>> Make(const sql::TableFunction& plan, const data::Schema& output);

  Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) override;
  Status OnBound(size_t input, int64_t bound, Emitter& out) override;
  void Save(ByteWriter& writer) const override;
  Status Load(ByteReader& reader) override;
  uint64_t StateBytes() const override;

  static constexpr uint64_t kForestBytesMax = uint64_t{2} << 30;

 private:
  ForestScore(const sql::TableFunction& plan, const data::Schema& output, const RandomCutForest::Options& options);

  bool AddRow(const data::Batch& batch, size_t row);
  std::string Explanation(const Attribution& shares) const;

  const sql::TableFunction& plan_;
  const data::Schema& output_;
  const bool explains_;
  const bool directions_;
  RandomCutForest forest_;
  std::vector<double> shingle_;  // The numeric columns of the last rows, oldest first; short at the beginning.
  const size_t shingle_values_;
};

}  // namespace tailrace::engine
