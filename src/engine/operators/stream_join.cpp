#include "engine/operators/stream_join.h"

#include <algorithm>

#include "engine/state.h"

namespace tailrace::engine {
namespace {

std::vector<data::Type> KeyTypes(const sql::StreamJoin& plan) {
  std::vector<data::Type> types;
  for (const auto& [left, right] : plan.equalities) types.push_back(left->type);
  return types;
}

}  // namespace

StreamJoin::StreamJoin(const sql::StreamJoin& plan, const data::Schema& output, const OperatorContext& context)
    : plan_(plan),
      output_(output),
      context_(context),
      residual_evaluator_(output, context),
      sides_{MakeSide(plan, true, context), MakeSide(plan, false, context)},
      merge_(2),
      keys_(KeyTypes(plan), KeyTable::Lifetime::kSingle) {}

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

Status StreamJoin::OnBatch(size_t input, const data::Batch& batch, Emitter& /*out*/) {
  merge_.Add(input, batch);  // Goes on with the bound that follows.
  return Ok();
}

Status StreamJoin::OnBound(size_t input, int64_t bound, Emitter& out) {
  merge_.Raise(input, bound);
  TAILRACE_TRY(merge_.Release([&](size_t side, const data::Batch& rows) { return Take(side, rows, out); }));
  const int64_t reached = merge_.bound();
  TAILRACE_TRY(reached == kEndOfTime ? ExpireAll(out) : ExpireBefore(reached, out));
  TAILRACE_TRY(Decide(out));
  TAILRACE_TRY(EmitPairs(out));
  DropOldChunks();
  if (reached != kEndOfTime) clock_ = std::max(clock_, reached);
  return reached == kBeginningOfTime ? Ok() : out.EmitBound(reached);
}

Status StreamJoin::Take(size_t side, const data::Batch& rows, Emitter& out) {
  data::Batch good = rows;
  const std::vector<data::ColumnPtr> keys = sides_[side].evaluator.Evaluate(sides_[side].keys, good);
  if (good.rows() == 0) return Ok();
  AddChunk(sides_[side], good, keys);
  const auto rowtimes = good.rowtimes->int64s();
  for (size_t row = 0; row < rowtimes.size(); ++row) {
    TAILRACE_TRY(ExpireBefore(rowtimes[row], out));
    clock_ = rowtimes[row];
    TAILRACE_TRY(Meet(side, sides_[side].chunks.back(), row, out));
    if (undecided_.size() + decided_.size() < context_.batch_rows_max) continue;
    TAILRACE_TRY(Decide(out));
    TAILRACE_TRY(EmitPairs(out));
  }
  EraseUnusedKeys();
  return Ok();
}

// The chunk's rows are in the window only from Meet on.
void StreamJoin::AddChunk(Side& side, const data::Batch& rows, const std::vector<data::ColumnPtr>& keys) {
  Chunk chunk{.rows = rows, .first = side.next, .keys = {}, .matched = std::vector<uint8_t>(rows.rows())};
  std::vector<uint32_t> added;
  keys_.FindOrInsert(keys, 0, rows.rows(), chunk.keys, added);
  for (Side& either : sides_) {
    if (keys_.index_limit() > either.by_key.size()) either.by_key.resize(keys_.index_limit());
  }
  for (size_t row = 0; row < rows.rows(); ++row) {
    const bool null = std::ranges::any_of(keys, [row](const data::ColumnPtr& key) { return key->null(row); });
    if (!null) continue;
    maybe_unused_keys_.push_back(chunk.keys[row]);
    chunk.keys[row] = KeyTable::kNone;
  }
  side.chunks.push_back(std::move(chunk));
}

Status StreamJoin::Meet(size_t side, const Chunk& chunk, size_t row, Emitter& out) {
  Side& own = sides_[side];
  const Side& other = sides_[1 - side];
  const uint64_t number = own.next++;
  const int64_t time = chunk.rows.rowtimes->int64s()[row];
  if (const uint32_t key = chunk.keys[row]; key != KeyTable::kNone) {
    const CellRing& found = other.by_key[key];
    for (size_t i = 0; i < found.size(); ++i) {
      const uint64_t met = found.At(i, 1)[0];
      if (plan_.equal_rowtime) {
        const RowRef ref = Find(other, met);
        if (ref.batch->rowtimes->int64s()[ref.row] != time) continue;
      }
      undecided_.push_back({.left = side == 0 ? number : met, .right = side == 0 ? met : number, .time = time});
    }
    own.by_key[key].Push(1)[0] = number;
  }
  if (!own.by_rows) return Ok();
  while (own.next - own.oldest > static_cast<uint64_t>(own.width)) TAILRACE_TRY(ExpireOne(side, time, out));
  return Ok();
}

std::optional<int64_t> StreamJoin::FirstExpiry(const Side& side) const {
  if (side.by_rows || side.oldest == side.next) return std::nullopt;
  const RowRef first = Find(side, side.oldest);
  return AddTime(first.batch->rowtimes->int64s()[first.row], side.width);
}

// Takes the rows off both windows that leave them before `time`, in order of leaving, left before right.
Status StreamJoin::ExpireBefore(int64_t time, Emitter& out) {
  while (true) {
    const std::optional<int64_t> left = FirstExpiry(sides_[0]);
    const std::optional<int64_t> right = FirstExpiry(sides_[1]);
    const bool take_left = left.has_value() && *left < time && (!right.has_value() || *left <= *right);
    if (!take_left && !(right.has_value() && *right < time)) return Ok();
    TAILRACE_TRY(ExpireOne(take_left ? 0 : 1, take_left ? *left : *right, out));
  }
}

// The input has ended: what never leaves by time goes at the time reached, then the others at theirs.
Status StreamJoin::ExpireAll(Emitter& out) {
  for (size_t side = 0; side < sides_.size(); ++side) {
    while (sides_[side].by_rows && sides_[side].oldest < sides_[side].next) {
      TAILRACE_TRY(ExpireOne(side, clock_, out));
    }
  }
  TAILRACE_TRY(ExpireBefore(kEndOfTime, out));
  for (size_t side = 0; side < sides_.size(); ++side) {
    while (sides_[side].oldest < sides_[side].next) TAILRACE_TRY(ExpireOne(side, clock_, out));
  }
  return Ok();
}

Status StreamJoin::ExpireOne(size_t side, int64_t time, Emitter& out) {
  Side& own = sides_[side];
  const uint64_t number = own.oldest;
  Chunk& chunk = ChunkOf(own, number);
  const size_t row = number - chunk.first;
  if (own.preserved && chunk.matched[row] == 0) {
    TAILRACE_TRY(Decide(out));
    if (chunk.matched[row] == 0) {
      decided_.push_back({.left = side == 0 ? number : kNoRow, .right = side == 0 ? kNoRow : number, .time = time});
    }
  }
  ++own.oldest;
  if (const uint32_t key = chunk.keys[row]; key != KeyTable::kNone) {
    own.by_key[key].PopFront(1);
    if (own.by_key[key].empty()) maybe_unused_keys_.push_back(key);
  }
  return Ok();
}

// Evaluates the rest of the condition for the pairs that met.
Status StreamJoin::Decide(Emitter& /*out*/) {
  if (undecided_.empty()) return Ok();
  std::vector<Pair> pairs = std::move(undecided_);
  undecided_.clear();
  const auto decide = [&](const Pair& pair) {
    MarkMatched(sides_[0], pair.left);
    MarkMatched(sides_[1], pair.right);
    decided_.push_back(pair);
  };
  if (plan_.residual == nullptr) {
    for (const Pair& pair : pairs) decide(pair);
    return Ok();
  }
  for (size_t begin = 0; begin < pairs.size(); begin += context_.batch_rows_max) {
    const auto some = std::span(pairs).subspan(begin, std::min(context_.batch_rows_max, pairs.size() - begin));
    for (const uint32_t row : residual_evaluator_.Select(*plan_.residual, Joined(some))) decide(some[row]);
  }
  return Ok();
}

data::Batch StreamJoin::Joined(std::span<const Pair> pairs) const {
  std::vector<RowRef> left;
  std::vector<RowRef> right;
  auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp(), pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    left.push_back(pairs[i].left == kNoRow ? RowRef() : Find(sides_[0], pairs[i].left));
    right.push_back(pairs[i].right == kNoRow ? RowRef() : Find(sides_[1], pairs[i].right));
    rowtimes->mutable_int64s()[i] = pairs[i].time;
  }
  data::Batch joined{.rowtimes = std::move(rowtimes), .columns = {}};
  for (size_t i = 0; i < sides_[0].schema.fields.size(); ++i) {
    joined.columns.push_back(GatherRefs(sides_[0].schema.fields[i].type, i, left));
  }
  for (size_t i = 0; i < sides_[1].schema.fields.size(); ++i) {
    joined.columns.push_back(GatherRefs(sides_[1].schema.fields[i].type, i, right));
  }
  joined.columns.push_back(GatherRowtimes(left));
  joined.columns.push_back(GatherRowtimes(right));
  return joined;
}

Status StreamJoin::EmitPairs(Emitter& out) {
  const std::vector<Pair> pairs = std::move(decided_);
  decided_.clear();
  for (size_t begin = 0; begin < pairs.size(); begin += context_.batch_rows_max) {
    const size_t count = std::min(context_.batch_rows_max, pairs.size() - begin);
    TAILRACE_TRY(out.Emit(Joined(std::span(pairs).subspan(begin, count))));
  }
  return Ok();
}

// Only when no pair waits: pairs refer to rows that have left their window.
void StreamJoin::DropOldChunks() {
  for (Side& side : sides_) {
    while (!side.chunks.empty() && side.chunks.front().first + side.chunks.front().keys.size() <= side.oldest) {
      if (const auto cut = side.cut.lock()) cut->BeforePopFront();
      side.chunks.pop_front();
    }
  }
}

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

void StreamJoin::MarkMatched(Side& side, uint64_t number) {
  Chunk& chunk = ChunkOf(side, number);
  uint8_t& matched = chunk.matched[number - chunk.first];
  if (matched != 0) return;
  if (const auto cut = side.cut.lock()) {
    const auto at = std::ranges::lower_bound(side.chunks, chunk.first, {}, &Chunk::first);
    cut->BeforeChange(static_cast<size_t>(at - side.chunks.begin()));
  }
  matched = 1;
}

StreamJoin::Chunk& StreamJoin::ChunkOf(Side& side, uint64_t number) {
  const auto after = std::ranges::upper_bound(side.chunks, number, {}, &Chunk::first);
  return *std::prev(after);
}

RowRef StreamJoin::Find(const Side& side, uint64_t number) const {
  const auto after = std::ranges::upper_bound(side.chunks, number, {}, &Chunk::first);
  const Chunk& chunk = *std::prev(after);
  return {.batch = &chunk.rows, .row = number - chunk.first};
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

// Every row of the windows with whether it has matched; numbers and index are made anew.
void StreamJoin::Save(ByteWriter& writer) const {
  writer.I64(clock_);
  merge_.Save(writer);
  for (const Side& side : sides_) {
    writer.U64(side.chunks.size());
    const auto write = [&side, oldest = side.oldest](size_t index, ByteWriter& out) {
      const Chunk& chunk = side.chunks[index];
      const size_t from = oldest > chunk.first ? oldest - chunk.first : 0;
      SaveBatch(out, from == 0 ? chunk.rows : chunk.rows.Slice(from, chunk.rows.rows()));
      out.Append(
          std::string_view(reinterpret_cast<const char*>(chunk.matched.data()), chunk.matched.size()).substr(from));
    };
    if (const auto cut = SaveQueue(writer, side.chunks.size(), write, kRecordsOfBatch)) side.cut = cut;
  }
}

Status StreamJoin::Load(ByteReader& reader) {
  keys_.Clear();
  undecided_.clear();
  decided_.clear();
  maybe_unused_keys_.clear();
  for (Side& side : sides_) {
    side.by_key.clear();
    side.chunks.clear();
    side.oldest = side.next = 0;
  }
  TAILRACE_ASSIGN_OR_RETURN(clock_, reader.I64());
  const std::vector<std::vector<data::Type>> types{TypesOf(sides_[0].schema), TypesOf(sides_[1].schema)};
  TAILRACE_TRY(merge_.Load(reader, types));
  for (size_t i = 0; i < sides_.size(); ++i) {
    Side& side = sides_[i];
    TAILRACE_ASSIGN_OR_RETURN(const size_t chunks, LoadCount(reader, sizeof(uint64_t)));
    for (size_t chunk = 0; chunk < chunks; ++chunk) {
      TAILRACE_ASSIGN_OR_RETURN(const data::Batch rows, LoadBatch(reader, types[i]));
      TAILRACE_ASSIGN_OR_RETURN(const std::string_view matched, reader.Raw(rows.rows()));
      if (rows.rows() == 0) continue;
      data::Batch good = rows;
      const std::vector<data::ColumnPtr> keys = side.evaluator.Evaluate(side.keys, good);
      if (good.rows() != rows.rows()) return CorruptState("a row of a join that has no key");
      AddChunk(side, rows, keys);
      Chunk& added = side.chunks.back();
      for (size_t row = 0; row < matched.size(); ++row) {
        added.matched[row] = matched[row] != 0 ? 1 : 0;
        if (added.keys[row] != KeyTable::kNone) side.by_key[added.keys[row]].Push(1)[0] = side.next;
        ++side.next;
      }
    }
  }
  EraseUnusedKeys();
  return Ok();
}

}  // namespace tailrace::engine
