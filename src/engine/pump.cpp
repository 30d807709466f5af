#include "engine/pump.h"

#include <algorithm>

#include "base/str.h"
#include "engine/row_json.h"
#include "engine/state.h"

namespace tailrace::engine {

Pump::Pump(std::string name, const sql::PlanNode& plan, std::string fingerprint, size_t number, Target target,
           const Surroundings& surroundings)
    : name_(std::move(name)),
      fingerprint_(std::move(fingerprint)),
      plan_(plan),
      number_(number),
      target_(target),
      tables_(surroundings.tables),
      errors_(surroundings.errors),
      context_{.eval = surroundings.eval,
               .errors = *this,
               .batch_rows_max = surroundings.batch_rows_max,
               .lanes = surroundings.lanes},
      stats_{.name = name_},
      metrics_(surroundings.metrics),
      rows_in_(
          surroundings.metrics.GetCounter("tailrace_pump_rows_in_total", "Rows read by a pump.", {{"pump", name_}})),
      rows_out_(surroundings.metrics.GetCounter("tailrace_pump_rows_out_total", "Rows written by a pump.",
                                                {{"pump", name_}})),
      error_count_(surroundings.metrics.GetCounter("tailrace_pump_errors_total", "Rows of a pump that failed.",
                                                   {{"pump", name_}})) {}

Result<std::unique_ptr<Pump>> Pump::Make(std::string name, const sql::PlanNode& plan, std::string fingerprint,
                                         size_t number, Target target, const Surroundings& surroundings) {
  std::unique_ptr<Pump> pump(new Pump(std::move(name), plan, std::move(fingerprint), number, target, surroundings));
  const GraphInput input{.context = pump->context_, .stream_follows_time = surroundings.stream_follows_time};
  auto graph = BuildGraph(plan, input, *pump);
  if (!graph.ok()) return std::move(graph).error().Context(StrCat("pump ", pump->name_));
  pump->graph_ = std::move(graph).value();
  TAILRACE_TRY(pump->ComputeRelations());
  return pump;
}

Status Pump::ComputeRelations() {
  for (const Graph::Relation& relation : graph_.relations) {
    TAILRACE_ASSIGN_OR_RETURN(data::Batch rows, ComputeRelation(*relation.plan, tables_, context_));
    relation.user->SetRelation(std::move(rows));
  }
  return Ok();
}

void Pump::Begin(int64_t time) {
  for (const auto& stage : graph_.stages) stage->op().Begin(time);
}

Status Pump::Start() {
  started_ = true;
  return RunFiniteSources(graph_, tables_, context_);
}

Status Pump::OnBatch(size_t /*input*/, const data::Batch& batch) {
  const data::Batch rows = target_.stream == nullptr ? batch : TakeOutNulls(batch);
  if (rows.rows() == 0) return Ok();
  const uint64_t first = stats_.rows_out + 1;
  stats_.rows_out += rows.rows();
  rows_out_.Add(rows.rows());
  for (const Job::RowListener& listener : listeners_) TAILRACE_TRY(listener(rows, first));
  return target_.stream == nullptr ? Ok() : target_.stream->Write(target_.writer, rows);
}

Status Pump::OnBound(size_t /*input*/, int64_t bound) {
  bound_ = std::max(bound_, bound);
  return target_.stream == nullptr ? Ok() : target_.stream->WriteBound(target_.writer, bound);
}

Status Pump::RepeatBound() {
  if (target_.stream == nullptr || bound_ == kBeginningOfTime) return Ok();
  return target_.stream->WriteBound(target_.writer, bound_);
}

data::Batch Pump::TakeOutNulls(const data::Batch& batch) {
  const data::Schema& schema = *target_.stream->info().schema;
  std::vector<bool> bad;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const data::Column& column = *batch.columns[i];
    if (!schema.fields[i].not_null) continue;
    if (column.validity().all_valid() && column.type().kind != data::TypeKind::kNull) continue;
    bad.resize(batch.rows());
    for (size_t row = 0; row < batch.rows(); ++row) {
      if (!column.null(row) || bad[row]) continue;
      bad[row] = true;
      Report(schema, batch, row, "NULL_IN_NOT_NULL_COLUMN",
             StrCat("column ", schema.fields[i].name, " of ", target_.stream->info().name, " takes no NULL"));
    }
  }
  if (bad.empty()) return batch;
  std::vector<uint32_t> good;
  for (uint32_t row = 0; row < bad.size(); ++row) {
    if (!bad[row]) good.push_back(row);
  }
  return good.size() == batch.rows() ? batch : batch.Gather(good);
}

void Pump::Report(const data::Schema& schema, const data::Batch& batch, size_t row, std::string_view name,
                  std::string_view message) {
  ++stats_.errors;
  error_count_.Add(1);
  errors_.Add({.pump = number_ + 1, .stage = stage_}, {.name = std::string(name),
                                                       .message = std::string(message),
                                                       .row_bytes = RowToJson(schema, batch, row),
                                                       .rowtime_unix_ms = batch.rowtimes->int64s()[row],
                                                       .pump = name_});
}

void Pump::CountCuts(std::string_view column, uint64_t cuts) {
  stats_.cut_texts += cuts;
  metrics_
      .GetCounter("tailrace_pump_cut_texts_total", "Texts that a pump cut to the length of a column.",
                  {{"pump", name_}, {"column", std::string(column)}})
      .Add(cuts);
}

void Pump::CountInput(uint64_t rows) {
  stats_.rows_in += rows;
  rows_in_.Add(rows);
}

PumpStats Pump::Stats() const {
  PumpStats stats = stats_;
  for (const auto& stage : graph_.stages) stats.state_bytes += stage->op().StateBytes();
  return stats;
}

int64_t Pump::error_bound() const {
  int64_t bound = graph_.follows_time ? bound_ : kEndOfTime;
  for (const auto& stage : graph_.stages) {
    if (stage->follows_time()) bound = std::min(bound, stage->input_bound());
  }
  return bound;
}

std::optional<int64_t> Pump::DeadlineAfter(int64_t now) const {
  std::optional<int64_t> earliest;
  for (const auto& stage : graph_.stages) {
    const std::optional<int64_t> deadline = stage->op().NextDeadline();
    if (!deadline.has_value() || *deadline <= now) continue;
    if (!earliest.has_value() || *deadline < *earliest) earliest = deadline;
  }
  return earliest;
}

void Pump::Save(ByteWriter& writer) const {
  writer.Bool(started_);
  writer.I64(bound_);
  writer.U64(stats_.rows_in);
  writer.U64(stats_.rows_out);
  writer.U64(stats_.errors);
  writer.U64(stats_.cut_texts);
  for (const auto& stage : graph_.stages) stage->Save(writer);
}

Status Pump::Load(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(started_, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(bound_, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(stats_.rows_in, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(stats_.rows_out, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(stats_.errors, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(stats_.cut_texts, reader.U64());
  for (const auto& stage : graph_.stages) TAILRACE_TRY(stage->Load(reader));
  stats_.resumed = true;
  return Ok();
}

}  // namespace tailrace::engine
