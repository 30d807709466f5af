#include "engine/stream_node.h"

#include "engine/state.h"

namespace tailrace::engine {

StreamNode::StreamNode(const sql::StreamInfo& info, size_t writers)
    : info_(info), writers_(writers), types_(TypesOf(*info.schema)) {
  if (writers > 1) merge_.emplace(writers);
}

Status StreamNode::Write(size_t writer, const data::Batch& batch) {
  if (!merge_.has_value()) return Deliver(batch);
  merge_->Add(writer, batch);  // Goes on with the bound that follows.
  return Ok();
}

Status StreamNode::WriteBound(size_t writer, int64_t bound) {
  if (!merge_.has_value()) return DeliverBound(bound);
  merge_->Raise(writer, bound);
  TAILRACE_TRY(merge_->Release(types_, [this](const data::Batch& rows) { return Deliver(rows); }));
  return DeliverBound(merge_->bound());
}

Status StreamNode::Deliver(const data::Batch& batch) {
  const data::Ordinal first = ordinal_ + 1;
  ordinal_ += batch.rows();
  if (!listeners_.empty()) {
    data::Batch declared = batch;
    declared.columns.resize(info_.schema->fields.size());
    for (const Job::RowListener& listener : listeners_) TAILRACE_TRY(listener(declared, first));
  }
  for (const Port& reader : readers_) TAILRACE_TRY(reader.receiver->OnBatch(reader.input, batch));
  return Ok();
}

Status StreamNode::DeliverBound(int64_t bound) {
  if (bound <= bound_) return Ok();
  bound_ = bound;
  for (const Port& reader : readers_) TAILRACE_TRY(reader.receiver->OnBound(reader.input, bound));
  return Ok();
}

Status StreamNode::LoadOrdinal(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(ordinal_, reader.U64());
  return Ok();
}

void StreamNode::SaveFlow(ByteWriter& writer) const {
  writer.I64(bound_);
  if (merge_.has_value()) merge_->Save(writer);
}

Status StreamNode::LoadFlow(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(bound_, reader.I64());
  if (!merge_.has_value()) return Ok();
  const std::vector<std::vector<data::Type>> types(writers_, types_);
  return merge_->Load(reader, types);
}

}  // namespace tailrace::engine
