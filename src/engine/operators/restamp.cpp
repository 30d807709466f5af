#include "engine/operators/restamp.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "engine/joined_rows.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

constexpr size_t kRowBytes = 64;  // What noting a row costs, as bytes to copy.

}  // namespace

// Which rows are held at one moment, noted little by little: from the first on, and before they go. They are put
// together when all are noted, as the rows themselves never change.
class Restamp::Cut final : public ByteWriter::LivePart {
 public:
  explicit Cut(const Restamp& restamp) : restamp_(restamp), next_(restamp.next_), left_(restamp.held_.size()) {}

  size_t WriteSome(size_t bytes_max) override {
    size_t written = 0;
    auto at = last_.has_value() ? restamp_.held_.upper_bound(*last_) : restamp_.held_.begin();
    for (; left_ > 0 && written < bytes_max; ++at, written += kRowBytes) Note(at);
    return written;
  }
  void BeforeErase(Held::const_iterator end) {
    auto at = last_.has_value() ? restamp_.held_.upper_bound(*last_) : restamp_.held_.begin();
    for (; left_ > 0 && at != end && (end == restamp_.held_.cend() || at->first < end->first); ++at) Note(at);
  }
  // Once, when nothing is left to write.
  void AppendTo(ByteWriter& out) {
    const std::deque<Held::value_type> noted = std::exchange(noted_, {});
    const data::Batch rows = restamp_.Rows(noted.begin(), noted.end());
    SaveColumn(out, *rows.rowtimes);
    for (const data::ColumnPtr& column : rows.columns) SaveColumn(out, *column);
  }

 private:
  void Note(Held::const_iterator at) {
    last_ = at->first;
    if (at->first.second >= next_) return;  // Came later.
    noted_.push_back(*at);
    --left_;
  }

  const Restamp& restamp_;
  const uint64_t next_;
  size_t left_;
  std::optional<Held::key_type> last_;  // The last one looked at.
  std::deque<Held::value_type> noted_;
};

Restamp::Restamp(const sql::Restamp& plan, const data::Schema& schema, const OperatorContext& context)
    : plan_(plan), schema_(schema), context_(context) {}

Status Restamp::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& /*out*/) {
  const auto shared = std::make_shared<const data::Batch>(batch);
  const data::Column& times = *batch.columns[static_cast<size_t>(plan_.time_column)];
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    const int64_t time = times.null(row) ? batch.rowtimes->int64s()[row] : times.int64s()[row];
    held_.emplace(std::pair(time, next_++), Row{.batch = shared, .row = row});
  }
  return Ok();
}

template <typename Iterator>
data::Batch Restamp::Rows(Iterator begin, Iterator end) const {
  RowPicker picker;
  auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp());
  for (auto at = begin; at != end; ++at) {
    picker.Add(*at->second.batch, at->second.row);
    rowtimes->AppendInt64(at->first.first);
  }
  data::Batch rows = picker.Take(TypesOf(schema_));
  rows.rowtimes = std::move(rowtimes);
  return rows;
}

Status Restamp::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  if (bound != kEndOfTime && bound < kBeginningOfTime + plan_.delay_ms) return Ok();
  const int64_t limit = bound == kEndOfTime ? kEndOfTime : bound - plan_.delay_ms;
  while (!held_.empty() && held_.begin()->first.first < limit) {
    auto end = held_.cbegin();
    for (size_t rows = 0; rows < context_.batch_rows_max && end != held_.cend() && end->first.first < limit; ++rows) {
      ++end;
    }
    if (const auto cut = cut_.lock()) cut->BeforeErase(end);
    TAILRACE_TRY(out.Emit(Rows(held_.cbegin(), end)));
    held_.erase(held_.cbegin(), end);
  }
  return out.EmitBound(limit);
}

std::optional<int64_t> Restamp::NextDeadline() const {
  if (held_.empty()) return std::nullopt;
  return AddTime(AddTime(held_.begin()->first.first, plan_.delay_ms), 1);
}

uint64_t Restamp::StateBytes() const {
  uint64_t bytes = held_.size() * (sizeof(Held::value_type) + 4 * sizeof(void*));
  const data::Batch* last = nullptr;
  for (const auto& [place, row] : held_) {
    if (row.batch.get() != last) bytes += BatchBytes(*row.batch);
    last = row.batch.get();
  }
  return bytes;
}

void Restamp::Save(ByteWriter& writer) const {
  if (held_.size() <= writer.records_at_once()) {
    return SaveBatch(writer, Rows(held_.cbegin(), held_.cend()));
  }
  const auto cut = std::make_shared<Cut>(*this);
  writer.U64(held_.size());
  writer.AddLive(cut);
  writer.Defer([cut](ByteWriter& out) { cut->AppendTo(out); });
  cut_ = cut;
}

Status Restamp::Load(ByteReader& reader) {
  held_.clear();
  TAILRACE_ASSIGN_OR_RETURN(data::Batch rows, LoadBatch(reader, TypesOf(schema_)));
  const auto shared = std::make_shared<const data::Batch>(std::move(rows));
  for (next_ = 0; next_ < shared->rows(); ++next_) {
    const auto row = static_cast<uint32_t>(next_);
    held_.emplace(std::pair(shared->rowtimes->int64s()[row], next_), Row{.batch = shared, .row = row});
  }
  return Ok();
}

}  // namespace tailrace::engine
