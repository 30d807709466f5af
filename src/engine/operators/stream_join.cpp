#include "engine/operators/stream_join.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

std::vector<data::Type> KeyTypes(const sql::StreamJoin& plan) {
  std::vector<data::Type> types;
  for (const auto& [left, right] : plan.equalities) types.push_back(left->type);
  return types;
}

}  // namespace

StreamJoin::StreamJoin(const sql::StreamJoin& plan, const data::Schema& output, std::vector<bool> wanted,
                       const OperatorContext& context)
    : plan_(plan),
      output_(output),
      context_(context),
      residual_evaluator_(output, context),
      all_columns_(output.fields.size(), true),
      output_columns_(std::move(wanted)),
      residual_columns_(output.fields.size()),
      sides_{MakeSide(plan, true, context), MakeSide(plan, false, context)},
      merge_(2),
      keys_(KeyTypes(plan), KeyTable::Lifetime::kSingle) {
  if (plan.residual != nullptr) MarkColumns(*plan.residual, residual_columns_);
}

StreamJoin::Side StreamJoin::MakeSide(const sql::StreamJoin& plan, bool left, const OperatorContext& context) {
  const sql::PlanNode& input = left ? *plan.left : *plan.right;
  const auto& window = left ? plan.left_window : plan.right_window;
  std::vector<sql::BoundExprPtr> keys;
  for (const auto& equality : plan.equalities) keys.push_back(left ? equality.first : equality.second);
  const bool preserved = plan.kind == sql::ast::JoinKind::kFull ||
                         plan.kind == (left ? sql::ast::JoinKind::kLeft : sql::ast::JoinKind::kRight);
  // Rows of equal ROWTIME need no window; only the unmatched ones of a preserved side wait for its end.
  const bool instant = !window.has_value() || (plan.equal_rowtime && !preserved);
  return {.schema = input.schema,
          .keys = std::move(keys),
          .evaluator = RowEvaluator(input.schema, context),
          .preserved = preserved,
          .by_rows = !instant && window->unit == sql::ast::FrameUnit::kRows,
          .width = instant ? 0 : window->preceding,
          .chunks = {},
          .by_key = {}};
}

StreamJoin::RowId StreamJoin::IdOf(uint64_t chunk, size_t row) { return chunk << kRowBits | row; }

size_t StreamJoin::RowOf(RowId id) { return id & (kChunkRowsMax - 1); }

StreamJoin::RowId StreamJoin::After(const Chunk& chunk, size_t row) {
  return row + 1 == chunk.keys.size() ? IdOf(chunk.number + 1, 0) : IdOf(chunk.number, row + 1);
}

const StreamJoin::Chunk& StreamJoin::ChunkOf(const Side& side, RowId id) {
  return side.chunks[(id >> kRowBits) - side.chunks_before];
}

StreamJoin::Chunk& StreamJoin::ChunkOf(Side& side, RowId id) {
  return side.chunks[(id >> kRowBits) - side.chunks_before];
}

Status StreamJoin::OnBatch(size_t input, const data::Batch& batch, Emitter& /*out*/) {
  for (size_t begin = 0; begin < batch.rows(); begin += kChunkRowsMax) {
    merge_.Add(input, batch.Slice(begin, std::min(batch.rows(), begin + kChunkRowsMax)));
  }
  return Ok();  // Goes on with the bound that follows.
}

Status StreamJoin::OnBound(size_t input, int64_t bound, Emitter& out) {
  merge_.Raise(input, bound);
  TAILRACE_TRY(TakeReady(out));
  const int64_t reached = merge_.bound();
  if (reached == kEndOfTime) {
    ExpireAll();
  } else {
    ExpireBefore(reached);
  }
  TAILRACE_TRY(Flush(out));
  DropOldChunks();
  EraseUnusedKeys();
  if (reached != kEndOfTime) clock_ = std::max(clock_, reached);
  return reached == kBeginningOfTime ? Ok() : out.EmitBound(reached);
}

Status StreamJoin::TakeReady(Emitter& out) {
  std::vector<std::vector<data::Batch>> ready = merge_.TakeReady();
  std::array<RowId, 2> first{};
  for (size_t i = 0; i < sides_.size(); ++i) {
    Side& side = sides_[i];
    first[i] = IdOf(side.chunks_before + side.chunks.size(), 0);
    for (data::Batch& rows : ready[i]) {
      const std::vector<data::ColumnPtr> keys = side.evaluator.Evaluate(side.keys, rows);
      if (rows.rows() > 0) AddChunk(side, rows, keys);
    }
    std::erase_if(ready[i], [](const data::Batch& rows) { return rows.rows() == 0; });
  }
  return VisitInOrder(ready, [&](size_t side, size_t batch, size_t begin, size_t end) {
    return TakeRun(side, ChunkOf(sides_[side], first[side] + IdOf(batch, 0)), begin, end, out);
  });
}

// The chunk's rows are in the window only from Meet on.
void StreamJoin::AddChunk(Side& side, const data::Batch& rows, const std::vector<data::ColumnPtr>& keys) {
  TAILRACE_CHECK(rows.rows() <= kChunkRowsMax);
  Chunk chunk{.rows = rows,
              .number = side.chunks_before + side.chunks.size(),
              .keys = {},
              .matched = std::vector<uint8_t>(rows.rows())};
  std::vector<uint32_t> added;
  keys_.FindOrInsert(keys, 0, rows.rows(), chunk.keys, added);
  for (Side& either : sides_) {
    if (keys_.index_limit() > either.by_key.size()) either.by_key.resize(keys_.index_limit());
  }
  for (const data::ColumnPtr& key : keys) {
    if (key->type().kind != data::TypeKind::kNull && key->validity().all_valid()) continue;
    for (size_t row = 0; row < rows.rows(); ++row) {
      if (!key->null(row) || chunk.keys[row] == KeyTable::kNone) continue;
      maybe_unused_keys_.push_back(chunk.keys[row]);
      chunk.keys[row] = KeyTable::kNone;
    }
  }
  side.chunks.push_back(std::move(chunk));
}

Status StreamJoin::TakeRun(size_t side, const Chunk& chunk, size_t begin, size_t end, Emitter& out) {
  const std::span<const int64_t> times = chunk.rows.rowtimes->int64s();
  for (size_t row = begin; row < end; ++row) {
    ExpireBefore(times[row]);
    clock_ = times[row];
    Meet(side, chunk, row);
    if (waiting_.size() >= context_.batch_rows_max) TAILRACE_TRY(Flush(out));
  }
  return Ok();
}

void StreamJoin::Meet(size_t side, const Chunk& chunk, size_t row) {
  Side& own = sides_[side];
  const Side& other = sides_[1 - side];
  const RowId id = IdOf(chunk.number, row);
  const int64_t time = clock_;
  own.next = After(chunk, row);
  if (own.rows++ == 0) own.oldest_time = time;
  if (const uint32_t key = chunk.keys[row]; key != KeyTable::kNone) {
    const CellRing& found = other.by_key[key];
    for (size_t i = FirstToMeet(other, found, time); i < found.size(); ++i) {
      const RowId met = found.At(i, 1)[0];
      waiting_.push_back({.left = side == 0 ? id : met, .right = side == 0 ? met : id, .time = time});
      if (plan_.residual == nullptr) MarkMatched(waiting_.back());
    }
    own.by_key[key].Push(1)[0] = id;
  }
  if (!own.by_rows) return;
  while (own.rows > static_cast<uint64_t>(own.width)) ExpireOne(side, time);
}

size_t StreamJoin::FirstToMeet(const Side& side, const CellRing& rows, int64_t time) const {
  if (!plan_.equal_rowtime) return 0;
  size_t first = rows.size();
  while (first > 0 && TimeOf(side, rows.At(first - 1, 1)[0]) == time) --first;
  return first;
}

int64_t StreamJoin::TimeOf(const Side& side, RowId id) { return ChunkOf(side, id).rows.rowtimes->int64s()[RowOf(id)]; }

std::optional<int64_t> StreamJoin::FirstExpiry(const Side& side) {
  if (side.by_rows || side.rows == 0) return std::nullopt;
  return AddTime(side.oldest_time, side.width);
}

// Takes the rows off both windows that leave them before `time`, in order of leaving, left before right.
void StreamJoin::ExpireBefore(int64_t time) {
  while (true) {
    const std::optional<int64_t> left = FirstExpiry(sides_[0]);
    const std::optional<int64_t> right = FirstExpiry(sides_[1]);
    const bool take_left = left.has_value() && *left < time && (!right.has_value() || *left <= *right);
    if (!take_left && !(right.has_value() && *right < time)) return;
    ExpireOne(take_left ? 0 : 1, take_left ? *left : *right);
  }
}

// The input has ended: what never leaves by time goes at the time reached, then the others at theirs.
void StreamJoin::ExpireAll() {
  for (size_t side = 0; side < sides_.size(); ++side) {
    while (sides_[side].by_rows && sides_[side].rows > 0) ExpireOne(side, clock_);
  }
  ExpireBefore(kEndOfTime);
  for (size_t side = 0; side < sides_.size(); ++side) {
    while (sides_[side].rows > 0) ExpireOne(side, clock_);
  }
}

void StreamJoin::ExpireOne(size_t side, int64_t time) {
  Side& own = sides_[side];
  const RowId id = own.oldest;
  const Chunk& chunk = ChunkOf(own, id);
  if (own.preserved && chunk.matched[RowOf(id)] == 0) {
    waiting_.push_back({.left = side == 0 ? id : kNoRow, .right = side == 0 ? kNoRow : id, .time = time});
  }
  own.oldest = After(chunk, RowOf(id));
  if (--own.rows > 0) own.oldest_time = TimeOf(own, own.oldest);
  if (const uint32_t key = chunk.keys[RowOf(id)]; key != KeyTable::kNone) {
    own.by_key[key].PopFront(1);
    if (own.by_key[key].empty()) maybe_unused_keys_.push_back(key);
  }
}

Status StreamJoin::Flush(Emitter& out) {
  const std::vector<Pair> pairs = Decide(std::exchange(waiting_, {}));
  for (size_t begin = 0; begin < pairs.size(); begin += context_.batch_rows_max) {
    const size_t count = std::min(context_.batch_rows_max, pairs.size() - begin);
    TAILRACE_TRY(out.Emit(Joined(std::span(pairs).subspan(begin, count), output_columns_)));
  }
  return Ok();
}

// Those that come out: two rows for which the rest of the condition holds, and one that found none until it left.
std::vector<StreamJoin::Pair> StreamJoin::Decide(std::vector<Pair> waiting) {
  const std::vector<bool> holds = plan_.residual == nullptr ? std::vector<bool>() : WhereConditionHolds(waiting);
  size_t decided = 0;
  for (size_t i = 0; i < waiting.size(); ++i) {
    const Pair pair = waiting[i];
    if (pair.right == kNoRow) {
      if (ChunkOf(sides_[0], pair.left).matched[RowOf(pair.left)] != 0) continue;
    } else if (pair.left == kNoRow) {
      if (ChunkOf(sides_[1], pair.right).matched[RowOf(pair.right)] != 0) continue;
    } else if (plan_.residual != nullptr) {
      if (!holds[i]) continue;
      MarkMatched(pair);
    }
    waiting[decided++] = pair;
  }
  waiting.resize(decided);
  return waiting;
}

std::vector<bool> StreamJoin::WhereConditionHolds(std::span<const Pair> pairs) {
  std::vector<bool> holds(pairs.size());
  std::vector<Pair> some;  // Of two rows.
  std::vector<size_t> places;
  const auto evaluate = [&] {
    const data::Batch rows = Joined(some, residual_columns_);
    const auto whole = [&] { return Joined(some, all_columns_); };
    for (const uint32_t row : residual_evaluator_.Select(*plan_.residual, rows, whole)) holds[places[row]] = true;
    some.clear();
    places.clear();
  };
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i].left == kNoRow || pairs[i].right == kNoRow) continue;
    some.push_back(pairs[i]);
    places.push_back(i);
    if (some.size() == context_.batch_rows_max) evaluate();
  }
  if (!some.empty()) evaluate();
  return holds;
}

RowRefs StreamJoin::RefsOf(const Side& side, std::span<const Pair> pairs, RowId Pair::* id_of) {
  RowRefs refs;
  refs.rows.reserve(pairs.size());
  std::vector<const Chunk*> chunks;
  for (const Pair& pair : pairs) {
    const RowId id = pair.*id_of;
    if (id == kNoRow) {
      refs.rows.push_back({});
      continue;
    }
    const Chunk& chunk = ChunkOf(side, id);
    if (chunk.source == RowRef::kNone) {
      chunk.source = static_cast<uint32_t>(refs.sources.size());
      refs.sources.push_back(&chunk.rows);
      chunks.push_back(&chunk);
    }
    refs.rows.push_back({.source = chunk.source, .row = static_cast<uint32_t>(RowOf(id))});
  }
  for (const Chunk* chunk : chunks) chunk->source = RowRef::kNone;
  return refs;
}

// Columns that are not wanted have no storage.
data::Batch StreamJoin::Joined(std::span<const Pair> pairs, const Columns& wanted) const {
  const RowRefs left = RefsOf(sides_[0], pairs, &Pair::left);
  const RowRefs right = RefsOf(sides_[1], pairs, &Pair::right);
  auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp(), pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) rowtimes->mutable_int64s()[i] = pairs[i].time;
  data::Batch joined{.rowtimes = std::move(rowtimes), .columns = {}};
  const auto unwanted = std::make_shared<data::Column>(data::Type::Null(), pairs.size());
  const size_t left_columns = sides_[0].schema.fields.size();
  const size_t columns = left_columns + sides_[1].schema.fields.size();
  for (size_t i = 0; i < columns; ++i) {
    const bool of_left = i < left_columns;
    joined.columns.push_back(
        !wanted[i] ? unwanted
                   : GatherRefs(output_.fields[i].type, of_left ? i : i - left_columns, of_left ? left : right));
  }
  joined.columns.push_back(wanted[columns] ? GatherRowtimes(left) : unwanted);
  joined.columns.push_back(wanted[columns + 1] ? GatherRowtimes(right) : unwanted);
  return joined;
}

// Only when no pair waits: pairs refer to rows that have left their window.
void StreamJoin::DropOldChunks() {
  for (Side& side : sides_) {
    while (!side.chunks.empty() && side.chunks.front().number < side.oldest >> kRowBits) {
      if (const auto cut = side.cut.lock()) cut->BeforePopFront();
      side.chunks.pop_front();
      ++side.chunks_before;
    }
  }
}

// Only when all rows of all chunks have been taken: keys of rows to come are not in the windows yet.
void StreamJoin::EraseUnusedKeys() {
  std::ranges::sort(maybe_unused_keys_);
  const auto repeated = std::ranges::unique(maybe_unused_keys_);
  maybe_unused_keys_.erase(repeated.begin(), repeated.end());
  for (const uint32_t key : maybe_unused_keys_) {
    if (!sides_[0].by_key[key].empty() || !sides_[1].by_key[key].empty()) continue;
    sides_[0].by_key[key].Clear();
    sides_[1].by_key[key].Clear();
    keys_.Erase(key);
  }
  maybe_unused_keys_.clear();
}

void StreamJoin::MarkMatched(const Pair& pair) {
  const auto mark = [](Side& side, RowId id) {
    if (!side.preserved) return;
    Chunk& chunk = ChunkOf(side, id);
    uint8_t& matched = chunk.matched[RowOf(id)];
    if (matched != 0) return;
    if (const auto cut = side.cut.lock()) cut->BeforeChange(chunk.number - side.chunks_before);
    matched = 1;
  };
  mark(sides_[0], pair.left);
  mark(sides_[1], pair.right);
}

std::optional<int64_t> StreamJoin::NextDeadline() const {
  std::optional<int64_t> deadline = merge_.Deadline();
  for (const Side& side : sides_) {
    if (!side.preserved) continue;
    const std::optional<int64_t> expiry = FirstExpiry(side);
    if (!expiry.has_value() || *expiry == kEndOfTime) continue;
    if (!deadline.has_value() || *expiry < *deadline) deadline = AddTime(*expiry, 1);
  }
  return deadline;
}

uint64_t StreamJoin::StateBytes() const {
  uint64_t bytes = merge_.bytes() + keys_.bytes();
  for (const Side& side : sides_) {
    bytes += side.by_key.capacity() * sizeof(CellRing);
    for (const Chunk& chunk : side.chunks) bytes += BatchBytes(chunk.rows) + 5 * chunk.keys.size();
  }
  return bytes;
}

// Every row of the windows with whether it has matched; ids and index are made anew.
void StreamJoin::Save(ByteWriter& writer) const {
  writer.I64(clock_);
  merge_.Save(writer);
  for (const Side& side : sides_) {
    writer.U64(side.chunks.size());
    const auto write = [&side, oldest = side.oldest](size_t index, ByteWriter& out) {
      const Chunk& chunk = side.chunks[index];
      const size_t from = chunk.number == oldest >> kRowBits ? RowOf(oldest) : 0;
      SaveBatch(out, from == 0 ? chunk.rows : chunk.rows.Slice(from, chunk.rows.rows()));
      out.Append(
          std::string_view(reinterpret_cast<const char*>(chunk.matched.data()), chunk.matched.size()).substr(from));
    };
    if (const auto cut = SaveQueue(writer, side.chunks.size(), write, kRecordsOfBatch)) side.cut = cut;
  }
}

Status StreamJoin::Load(ByteReader& reader) {
  keys_.Clear();
  waiting_.clear();
  maybe_unused_keys_.clear();
  for (Side& side : sides_) {
    side.by_key.clear();
    side.chunks.clear();
    side.chunks_before = side.oldest = side.next = side.rows = 0;
  }
  TAILRACE_ASSIGN_OR_RETURN(clock_, reader.I64());
  const std::vector<std::vector<data::Type>> types{TypesOf(sides_[0].schema), TypesOf(sides_[1].schema)};
  TAILRACE_TRY(merge_.Load(reader, types));
  for (size_t i = 0; i < sides_.size(); ++i) TAILRACE_TRY(LoadSide(reader, sides_[i], types[i]));
  EraseUnusedKeys();
  return Ok();
}

Status StreamJoin::LoadSide(ByteReader& reader, Side& side, const std::vector<data::Type>& types) {
  TAILRACE_ASSIGN_OR_RETURN(const size_t chunks, LoadCount(reader, sizeof(uint64_t)));
  for (size_t i = 0; i < chunks; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const data::Batch rows, LoadBatch(reader, types));
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view matched, reader.Raw(rows.rows()));
    if (rows.rows() == 0) continue;
    if (rows.rows() > kChunkRowsMax) return CorruptState("too many rows of a join at once");
    data::Batch good = rows;
    const std::vector<data::ColumnPtr> keys = side.evaluator.Evaluate(side.keys, good);
    if (good.rows() != rows.rows()) return CorruptState("a row of a join that has no key");
    AddChunk(side, rows, keys);
    Chunk& added = side.chunks.back();
    if (side.rows == 0) side.oldest_time = rows.rowtimes->int64s().front();
    for (size_t row = 0; row < matched.size(); ++row) {
      added.matched[row] = matched[row] != 0 ? 1 : 0;
      if (added.keys[row] != KeyTable::kNone) side.by_key[added.keys[row]].Push(1)[0] = IdOf(added.number, row);
    }
    side.rows += rows.rows();
    side.next = IdOf(added.number + 1, 0);
  }
  return Ok();
}

}  // namespace tailrace::engine
