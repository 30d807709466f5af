#include "engine/operators/table_join.h"

#include <algorithm>

#include "engine/state.h"

namespace tailrace::engine {
namespace {

std::vector<data::Type> KeyTypes(const sql::TableJoin& plan) {
  std::vector<data::Type> types;
  for (const auto& [stream, relation] : plan.equalities) types.push_back(relation->type);
  return types;
}

}  // namespace

TableJoin::TableJoin(const sql::TableJoin& plan, const data::Schema& output, const OperatorContext& context)
    : plan_(plan),
      context_(context),
      evaluator_(plan.input->schema, context),
      relation_evaluator_(plan.relation->schema, context),
      residual_evaluator_(output, context),
      keys_(KeyTypes(plan), KeyTable::Lifetime::kTogether) {
  for (const auto& [stream, relation] : plan.equalities) {
    stream_keys_.push_back(stream);
    relation_keys_.push_back(relation);
  }
}

void TableJoin::SetRelation(data::Batch rows) {
  relation_ = std::move(rows);
  keys_.Clear();
  matches_.clear();
  const std::vector<data::ColumnPtr> keys = relation_evaluator_.Evaluate(relation_keys_, relation_);
  std::vector<uint32_t> indices;
  std::vector<uint32_t> added;
  keys_.FindOrInsert(keys, 0, relation_.rows(), indices, added);
  matches_.resize(keys_.index_limit());
  for (uint32_t row = 0; row < indices.size(); ++row) {
    const bool null = std::ranges::any_of(keys, [row](const data::ColumnPtr& key) { return key->null(row); });
    if (!null) matches_[indices[row]].push_back(row);
  }
}

Status TableJoin::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  data::Batch rows = batch;
  const std::vector<data::ColumnPtr> keys = evaluator_.Evaluate(stream_keys_, rows);
  if (rows.rows() == 0) return Ok();
  std::vector<uint32_t> indices;
  keys_.Find(keys, 0, rows.rows(), indices);
  std::vector<Pair> pairs = Candidates(indices);
  if (plan_.residual != nullptr) Filter(rows, pairs);
  if (plan_.kind == sql::ast::JoinKind::kLeft) {
    std::vector<Pair> all;
    size_t next = 0;
    for (uint32_t row = 0; row < rows.rows(); ++row) {
      if (next == pairs.size() || pairs[next].row != row) all.push_back({.row = row, .match = KeyTable::kNone});
      while (next < pairs.size() && pairs[next].row == row) all.push_back(pairs[next++]);
    }
    pairs = std::move(all);
  }
  for (size_t begin = 0; begin < pairs.size(); begin += context_.batch_rows_max) {
    const size_t count = std::min(context_.batch_rows_max, pairs.size() - begin);
    TAILRACE_TRY(out.Emit(Joined(rows, std::span(pairs).subspan(begin, count))));
  }
  return Ok();
}

std::vector<TableJoin::Pair> TableJoin::Candidates(std::span<const uint32_t> keys) const {
  std::vector<Pair> pairs;
  for (uint32_t row = 0; row < keys.size(); ++row) {
    if (keys[row] == KeyTable::kNone) continue;
    for (const uint32_t match : matches_[keys[row]]) pairs.push_back({.row = row, .match = match});
  }
  return pairs;
}

void TableJoin::Filter(const data::Batch& rows, std::vector<Pair>& pairs) {
  std::vector<Pair> kept;
  for (size_t begin = 0; begin < pairs.size(); begin += context_.batch_rows_max) {
    const auto some = std::span(pairs).subspan(begin, std::min(context_.batch_rows_max, pairs.size() - begin));
    for (const uint32_t i : residual_evaluator_.Select(*plan_.residual, Joined(rows, some))) kept.push_back(some[i]);
  }
  pairs = std::move(kept);
}

data::Batch TableJoin::Joined(const data::Batch& rows, std::span<const Pair> pairs) const {
  std::vector<uint32_t> stream_rows;
  std::vector<uint32_t> matches;
  std::vector<uint32_t> missing;
  for (uint32_t i = 0; i < pairs.size(); ++i) {
    stream_rows.push_back(pairs[i].row);
    const bool none = pairs[i].match == KeyTable::kNone;
    matches.push_back(none ? 0 : pairs[i].match);
    if (none) missing.push_back(i);
  }
  data::Batch joined = rows.Gather(stream_rows);
  for (size_t i = 0; i < relation_.columns.size(); ++i) {
    if (missing.size() == pairs.size()) {  // Also when the relation has no row at all.
      joined.columns.push_back(NullColumn(plan_.relation->schema.fields[i].type, pairs.size()));
      continue;
    }
    auto column = std::make_shared<data::Column>(*relation_.columns[i]->Gather(matches));
    for (const uint32_t row : missing) column->SetNull(row);
    joined.columns.push_back(std::move(column));
  }
  return joined;
}

Status TableJoin::OnBound(size_t /*input*/, int64_t bound, Emitter& out) { return out.EmitBound(bound); }

void TableJoin::Save(ByteWriter& /*writer*/) const {}

Status TableJoin::Load(ByteReader& /*reader*/) { return Ok(); }

uint64_t TableJoin::StateBytes() const { return BatchBytes(relation_) + keys_.bytes(); }

}  // namespace tailrace::engine
