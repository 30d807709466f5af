#include "engine/merge.h"

#include <algorithm>

#include "engine/joined_rows.h"
#include "engine/state.h"

namespace tailrace::engine {

void Merge::Add(size_t input, const data::Batch& batch) {
  if (batch.rows() == 0) return;
  inputs_[input].batches.push_back(batch);
  Raise(input, batch.rowtimes->int64s().back());
}

void Merge::Raise(size_t input, int64_t bound) { inputs_[input].bound = std::max(inputs_[input].bound, bound); }

int64_t Merge::Limit(size_t index) const {
  int64_t limit = kEndOfTime;
  for (size_t other = 0; other < inputs_.size(); ++other) {
    if (other == index) continue;
    limit = std::min(limit, other < index ? inputs_[other].bound : AddTime(inputs_[other].bound, 1));
  }
  return limit;
}

std::vector<std::vector<data::Batch>> Merge::TakeReady() {
  std::vector<std::vector<data::Batch>> ready(inputs_.size());
  for (size_t i = 0; i < inputs_.size(); ++i) {
    Input& input = inputs_[i];
    const int64_t limit = Limit(i);
    while (!input.batches.empty() && input.head() < limit) {
      const data::Batch batch = input.batches.front();
      const auto times = batch.rowtimes->int64s().subspan(input.row);
      const size_t from = input.row;
      const size_t end = from + static_cast<size_t>(std::ranges::lower_bound(times, limit) - times.begin());
      if (end == batch.rows()) {
        if (const auto cut = input.cut.lock()) cut->BeforePopFront();
        input.batches.pop_front();
        input.row = 0;
      } else {
        input.row = end;
      }
      ready[i].push_back(batch.Slice(from, end));
    }
  }
  return ready;
}

// Runs that are short on average are put together to whole batches.
Status Merge::Release(std::span<const data::Type> types, const Take& take) {
  constexpr size_t kRunRows = 32;
  constexpr size_t kBatchRows = 4096;
  struct Run {
    const data::Batch* batch;
    size_t begin;
    size_t end;
  };
  const std::vector<std::vector<data::Batch>> ready = TakeReady();
  std::vector<Run> runs;
  size_t rows = 0;
  TAILRACE_TRY(VisitInOrder(ready, [&](size_t input, size_t batch, size_t begin, size_t end) {
    runs.push_back({.batch = &ready[input][batch], .begin = begin, .end = end});
    rows += end - begin;
    return Ok();
  }));
  if (rows >= runs.size() * kRunRows || runs.size() == 1) {
    for (const Run& run : runs) TAILRACE_TRY(take(run.batch->Slice(run.begin, run.end)));
    return Ok();
  }
  RowPicker picker;
  for (const Run& run : runs) {
    for (size_t row = run.begin; row < run.end; ++row) {
      picker.Add(*run.batch, row);
      if (picker.rows() == kBatchRows) TAILRACE_TRY(take(picker.Take(types)));
    }
  }
  return picker.rows() == 0 ? Ok() : take(picker.Take(types));
}

int64_t Merge::bound() const {
  int64_t bound = kEndOfTime;
  for (const Input& input : inputs_) {
    bound = std::min(bound, input.batches.empty() ? input.bound : std::min(input.head(), input.bound));
  }
  return bound;
}

std::optional<int64_t> Merge::Deadline() const {
  std::optional<int64_t> deadline;
  for (const Input& input : inputs_) {
    if (input.batches.empty()) continue;
    const int64_t release = AddTime(input.head(), 1);
    if (!deadline.has_value() || release < *deadline) deadline = release;
  }
  return deadline;
}

void Merge::Save(ByteWriter& writer) const {
  for (const Input& input : inputs_) {
    writer.I64(input.bound);
    writer.U64(input.batches.size());
    const data::Batch* const first = input.batches.empty() ? nullptr : &input.batches.front();
    const auto write = [&input, first, row = input.row](size_t index, ByteWriter& out) {
      const data::Batch& batch = input.batches[index];
      SaveBatch(out, &batch == first ? batch.Slice(row, batch.rows()) : batch);
    };
    if (const auto cut = SaveQueue(writer, input.batches.size(), write, kRecordsOfBatch)) input.cut = cut;
  }
}

Status Merge::Load(ByteReader& reader, std::span<const std::vector<data::Type>> types) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    Input input;
    TAILRACE_ASSIGN_OR_RETURN(input.bound, reader.I64());
    TAILRACE_ASSIGN_OR_RETURN(const size_t batches, LoadCount(reader, sizeof(uint64_t)));
    int64_t last = kBeginningOfTime;
    for (size_t batch = 0; batch < batches; ++batch) {
      TAILRACE_ASSIGN_OR_RETURN(data::Batch rows, LoadBatch(reader, types[i]));
      if (rows.rows() == 0) continue;
      if (rows.rowtimes->int64s().front() < last) return CorruptState("waiting rows out of order");
      last = rows.rowtimes->int64s().back();
      input.bound = std::max(input.bound, last);
      input.batches.push_back(std::move(rows));
    }
    inputs_[i] = std::move(input);
  }
  return Ok();
}

uint64_t Merge::bytes() const {
  uint64_t bytes = 0;
  for (const Input& input : inputs_) {
    for (const data::Batch& batch : input.batches) bytes += BatchBytes(batch);
  }
  return bytes;
}

}  // namespace tailrace::engine
