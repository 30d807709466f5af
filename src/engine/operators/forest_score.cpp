#include "engine/operators/forest_score.h"

#include <algorithm>
#include <cmath>

#include "base/str.h"
#include "data/text.h"
#include "engine/sliding_cells.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

constexpr uint64_t kSeed = 0x7461696c72616365;

size_t Argument(const sql::TableFunction& plan, size_t index) { return static_cast<size_t>(plan.args[index].int64()); }

}  // namespace

Result<std::unique_ptr<Operator>> ForestScore::Make(const sql::TableFunction& plan, const data::Schema& output) {
  const RandomCutForest::Options options{.trees = Argument(plan, 0),
                                         .sample = Argument(plan, 1),
                                         .decay = static_cast<double>(Argument(plan, 2)),
                                         .features = plan.columns.size() * Argument(plan, 3),
                                         .seed = kSeed};
  const uint64_t bytes = uint64_t{options.trees} * options.sample * (100 + 48 * options.features);
  if (bytes > kForestBytesMax) {
    return Error{ErrorCode::kLimitExceeded,
                 StrCat("random cut forest: state ", FormatBytes(bytes), ", max ", FormatBytes(kForestBytesMax))};
  }
  return std::unique_ptr<Operator>(new ForestScore(plan, output, options));
}

ForestScore::ForestScore(const sql::TableFunction& plan, const data::Schema& output,
                         const RandomCutForest::Options& options)
    : plan_(plan),
      output_(output),
      explains_(plan.kind == sql::TableFunctionKind::kRandomCutForestWithExplanation),
      directions_(explains_ && plan.args.size() > 4 && plan.args[4].boolean()),
      forest_(options),
      shingle_values_(options.features) {}

// False when the row is no point.
bool ForestScore::AddRow(const data::Batch& batch, size_t row) {
  for (const int index : plan_.columns) {
    const data::Column& column = *batch.columns[static_cast<size_t>(index)];
    if (column.null(row) || !std::isfinite(NumberOf(column, row))) return false;
  }
  if (shingle_.size() == shingle_values_) {
    shingle_.erase(shingle_.begin(), shingle_.begin() + static_cast<ptrdiff_t>(plan_.columns.size()));
  }
  for (const int index : plan_.columns) {
    shingle_.push_back(NumberOf(*batch.columns[static_cast<size_t>(index)], row));
  }
  return shingle_.size() == shingle_values_;
}

Status ForestScore::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  const size_t columns = batch.columns.size();
  auto scores = std::make_shared<data::Column>(output_.fields[columns].type, batch.rows());
  std::shared_ptr<data::Column> explanations;
  if (explains_) explanations = std::make_shared<data::Column>(output_.fields[columns + 1].type);
  Attribution shares;
  for (size_t row = 0; row < batch.rows(); ++row) {
    for (auto* part : {&shares.high, &shares.low, &shares.strength}) part->assign(shingle_values_, 0);
    if (AddRow(batch, row)) {
      scores->mutable_doubles()[row] = forest_.Take(shingle_, explains_ ? &shares : nullptr);
    }
    if (explains_) explanations->AppendText(Explanation(shares));
  }
  data::Batch scored = batch;
  scored.columns.push_back(std::move(scores));
  if (explains_) scored.columns.push_back(std::move(explanations));
  return out.Emit(scored);
}

std::string ForestScore::Explanation(const Attribution& shares) const {
  std::string json = "{";
  const size_t columns = plan_.columns.size();
  for (size_t i = 0; i < columns; ++i) {
    double high = 0;
    double low = 0;
    double strength = 0;
    for (size_t at = i; at < shingle_values_; at += columns) {  // Over the rows of the shingle.
      high += shares.high[at];
      low += shares.low[at];
      strength += shares.strength[at];
    }
    if (i > 0) json += ',';
    data::AppendJsonString(json, output_.fields[static_cast<size_t>(plan_.columns[i])].name);
    json += ":{";
    if (directions_) {
      json += fmt::format("\"DIRECTION\":\"{}\",\"STRENGTH\":\"{:.4f}\",", high > low ? "HIGH" : "LOW", strength);
    }
    json += fmt::format("\"ATTRIBUTION_SCORE\":\"{:.4f}\"}}", high + low);
  }
  json += '}';
  return json;
}

Status ForestScore::OnBound(size_t /*input*/, int64_t bound, Emitter& out) { return out.EmitBound(bound); }

uint64_t ForestScore::StateBytes() const { return forest_.bytes(); }

void ForestScore::Save(ByteWriter& writer) const {
  writer.U64(shingle_.size());
  for (const double value : shingle_) writer.F64(value);
  forest_.Save(writer);
}

Status ForestScore::Load(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, sizeof(double)));
  if (count > shingle_values_ || count % plan_.columns.size() != 0) return CorruptState("a shingle of another size");
  shingle_.assign(count, 0);
  for (double& value : shingle_) {
    TAILRACE_ASSIGN_OR_RETURN(value, reader.F64());
    if (!std::isfinite(value)) return CorruptState("a shingle of no numbers");
  }
  return forest_.Load(reader);
}

}  // namespace tailrace::engine
