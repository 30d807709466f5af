#include "engine/merge.h"

#include <algorithm>

#include "engine/state.h"

namespace tailrace::engine {

void Merge::Add(size_t input, const data::Batch& batch) {
  if (batch.rows() > 0) inputs_[input].batches.push_back(batch);
}

void Merge::Raise(size_t input, int64_t bound) { inputs_[input].bound = std::max(inputs_[input].bound, bound); }

// An input with waiting rows is bound by its first row; one without, by what was promised.
int64_t Merge::Limit(size_t index) const {
  int64_t limit = kEndOfTime;
  for (size_t other = 0; other < inputs_.size(); ++other) {
    if (other == index) continue;
    const Input& input = inputs_[other];
    const int64_t first = input.batches.empty() ? input.bound : input.head();
    limit = std::min(limit, other < index ? first : AddTime(first, 1));
  }
  return limit;
}

Status Merge::Release(const Take& take) {
  while (true) {
    size_t first = inputs_.size();
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i].batches.empty()) continue;
      if (first == inputs_.size() || inputs_[i].head() < inputs_[first].head()) first = i;
    }
    if (first == inputs_.size()) return Ok();
    Input& input = inputs_[first];
    const int64_t limit = Limit(first);
    if (input.head() >= limit) return Ok();
    const data::Batch batch = input.batches.front();
    const auto rowtimes = batch.rowtimes->int64s();
    const auto begin = rowtimes.begin() + static_cast<ptrdiff_t>(input.row);
    const auto end = static_cast<size_t>(std::lower_bound(begin, rowtimes.end(), limit) - rowtimes.begin());
    const size_t from = input.row;
    if (end == batch.rows()) {
      if (const auto cut = input.cut.lock()) cut->BeforePopFront();
      input.batches.pop_front();
      input.row = 0;
    } else {
      input.row = end;
    }
    TAILRACE_TRY(take(first, batch.Slice(from, end)));
  }
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
