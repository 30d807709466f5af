#include "engine/key_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/hash.h"
#include "engine/state.h"

namespace tailrace::engine {

using data::Column;
using data::ColumnPtr;
using data::Physical;

namespace {

constexpr size_t kSlotsMin = 16;
constexpr size_t kPrefetchRows = 8;
constexpr uint32_t kNullTag = 0;  // Of the NULL key, which has no slot.

// A mix of all bits. Source  the finaliser of MurmurHash3, A. Appleby.
uint32_t HashNumber(int64_t number) {
  auto bits = static_cast<uint64_t>(number);
  bits = (bits ^ (bits >> 33)) * 0xff51afd7ed558ccdULL;
  bits = (bits ^ (bits >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return static_cast<uint32_t>(bits >> 32);
}

template <typename Word>
Word LoadWord(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The most keys are short: two words that may overlap hold all of their bytes.
struct ShortText {
  uint64_t low;
  uint64_t high;
};

constexpr size_t kShortTextMax = 16;

ShortText LoadShort(std::string_view text) {
  const char* const end = text.data() + text.size();
  if (text.size() >= 8) return {LoadWord<uint64_t>(text.data()), LoadWord<uint64_t>(end - 8)};
  if (text.size() >= 4) return {LoadWord<uint32_t>(text.data()), LoadWord<uint32_t>(end - 4)};
  if (text.empty()) return {0, 0};
  return {static_cast<uint8_t>(text[0]),
          static_cast<uint64_t>(static_cast<uint8_t>(text[text.size() / 2])) << 8 | static_cast<uint8_t>(text.back())};
}

// Source  folded 128-bit products, as in wyhash, W. Yi. The sum keeps a factor of zero from hiding the other word.
uint32_t HashBytes(std::string_view bytes) {
  if (bytes.size() > kShortTextMax) return static_cast<uint32_t>(Hash64(bytes) >> 32);
  const ShortText text = LoadShort(bytes);
  const unsigned __int128 product = static_cast<unsigned __int128>(text.low ^ (0xa0761d6478bd642fULL + bytes.size())) *
                                    (text.high ^ 0xe7037ed1a0b428dbULL);
  const uint64_t folded =
      (static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64)) + (text.low ^ std::rotl(text.high, 32));
  return HashNumber(static_cast<int64_t>(folded));
}

bool SameText(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.size() > kShortTextMax) return std::memcmp(a.data(), b.data(), a.size()) == 0;
  const ShortText short_a = LoadShort(a);
  const ShortText short_b = LoadShort(b);
  return short_a.low == short_b.low && short_a.high == short_b.high;
}

template <typename T>
void AppendRaw(std::vector<char>& bytes, const T& value) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

// Values that SQL calls equal have equal bytes: both zeros, and all NaNs.
double Canonical(double value) {
  if (value == 0) return 0;
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

void EncodeValue(const Column& column, size_t row, std::vector<char>& bytes) {
  const bool null = column.null(row);
  bytes.push_back(null ? 1 : 0);
  if (null) return;
  switch (column.type().physical()) {
    case Physical::kInt64:
      AppendRaw(bytes, column.int64s()[row]);
      break;
    case Physical::kDouble:
      AppendRaw(bytes, Canonical(column.doubles()[row]));
      break;
    case Physical::kBool:
      bytes.push_back(static_cast<char>(column.bools()[row]));
      break;
    case Physical::kText: {
      const std::string_view text = column.texts()[row];
      AppendRaw(bytes, static_cast<uint32_t>(text.size()));
      bytes.insert(bytes.end(), text.begin(), text.end());
      break;
    }
    case Physical::kRow:
      for (const ColumnPtr& child : column.children()) EncodeValue(*child, row, bytes);
      break;
    case Physical::kNone:
      break;
  }
}

template <typename T>
T TakeRaw(std::string_view& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

// Appends the first value of `bytes` to `column` and takes it off. `bytes` were made by EncodeValue or checked.
void DecodeValue(std::string_view& bytes, Column& column) {
  const bool null = bytes.front() != 0;
  bytes.remove_prefix(1);
  if (null) return column.AppendNull();
  switch (column.type().physical()) {
    case Physical::kInt64:
      return column.AppendInt64(TakeRaw<int64_t>(bytes));
    case Physical::kDouble:
      return column.AppendDouble(TakeRaw<double>(bytes));
    case Physical::kBool:
      return column.AppendBool(TakeRaw<char>(bytes) != 0);
    case Physical::kText: {
      const auto size = TakeRaw<uint32_t>(bytes);
      column.AppendTextView(bytes.substr(0, size));
      bytes.remove_prefix(size);
      return;
    }
    case Physical::kRow:
    case Physical::kNone:
      break;
  }
  TAILRACE_CHECK(false);
}

// Whether `bytes` are what EncodeValue makes of values of `types`.
bool WellFormed(std::string_view bytes, const std::vector<data::Type>& types) {
  for (const data::Type& type : types) {
    if (bytes.empty()) return false;
    const bool null = bytes.front() != 0;
    bytes.remove_prefix(1);
    if (null) continue;
    size_t size = 8;
    if (type.physical() == Physical::kBool) size = 1;
    if (type.physical() == Physical::kText) {
      if (bytes.size() < sizeof(uint32_t)) return false;
      size = TakeRaw<uint32_t>(bytes);
    }
    if (type.physical() == Physical::kNone || type.physical() == Physical::kRow || size > bytes.size()) return false;
    bytes.remove_prefix(size);
  }
  return bytes.empty();
}

}  // namespace

KeyTable::KeyTable(std::vector<data::Type> types, Lifetime lifetime)
    : types_(std::move(types)),
      lifetime_(lifetime),
      form_(types_.size() == 1 && types_[0].physical() == Physical::kInt64  ? Form::kNumber
            : types_.size() == 1 && types_[0].physical() == Physical::kText ? Form::kText
                                                                            : Form::kTuple),
      arena_(std::make_shared<data::Arena>()) {
  ResetSlots(kSlotsMin);
}

KeyTable::~KeyTable() { Clear(); }

void KeyTable::ResetSlots(size_t capacity) { slots_.assign(capacity, Slot{.tag = 0, .index = kNone}); }

void KeyTable::Hash(std::span<const ColumnPtr> keys, size_t begin, size_t end, Hashes& hashes) const {
  std::vector<uint32_t>& tags = hashes.tags;
  tags.resize(end - begin);
  if (form_ == Form::kNumber) {
    const auto numbers = keys[0]->int64s();
    for (size_t row = begin; row < end; ++row) tags[row - begin] = HashNumber(numbers[row]);
  } else if (form_ == Form::kText) {
    const auto texts = keys[0]->texts();
    for (size_t row = begin; row < end; ++row) tags[row - begin] = HashBytes(texts[row]);
  } else {
    std::vector<char>& encoded = hashes.encoded;
    encoded.clear();
    hashes.row_ends.clear();
    size_t from = 0;
    for (size_t row = begin; row < end; ++row) {
      for (const ColumnPtr& key : keys) EncodeValue(*key, row, encoded);
      hashes.row_ends.push_back(static_cast<uint32_t>(encoded.size()));
      tags[row - begin] = HashBytes({encoded.data() + from, encoded.size() - from});
      from = encoded.size();
    }
    return;
  }
  if (keys[0]->validity().all_valid()) return;
  for (size_t row = begin; row < end; ++row) {
    if (keys[0]->validity().null(row)) tags[row - begin] = kNullTag;
  }
}

template <bool kInsert>
void KeyTable::Lookup(std::span<const ColumnPtr> keys, size_t begin, const Hashes& hashes, const uint32_t* rows,
                      size_t count, std::vector<uint32_t>& indices, std::vector<uint32_t>* added) {
  indices.resize(count);
  const uint32_t* const tags = hashes.tags.data();
  const auto row_of = [rows](size_t i) { return rows == nullptr ? i : rows[i]; };
  const bool single = form_ != Form::kTuple;
  const bool no_nulls = !single || keys[0]->validity().all_valid();
  for (size_t i = 0; i < count; ++i) {
    if (i + kPrefetchRows < count) __builtin_prefetch(&slots_[tags[row_of(i + kPrefetchRows)] & Mask()]);
    const size_t row = row_of(i);
    if (!no_nulls && keys[0]->validity().null(begin + row)) {
      if (kInsert && null_index_ == kNone) {
        null_index_ = NewIndex();
        added->push_back(null_index_);
      }
      indices[i] = null_index_;
      continue;
    }
    const uint32_t tag = tags[row];
    int64_t number = 0;
    std::string_view bytes;
    if (form_ == Form::kNumber) {
      number = keys[0]->int64s()[begin + row];
    } else if (form_ == Form::kText) {
      bytes = keys[0]->texts()[begin + row];
    } else {
      const size_t from = row == 0 ? 0 : hashes.row_ends[row - 1];
      bytes = {hashes.encoded.data() + from, hashes.row_ends[row] - from};
    }
    size_t position = tag & Mask();
    uint32_t found = kNone;
    while (slots_[position].index != kNone) {
      const Slot slot = slots_[position];
      if (slot.tag == tag &&
          (form_ == Form::kNumber ? numbers_[slot.index] == number : SameText(bytes_[slot.index], bytes))) {
        found = slot.index;
        break;
      }
      position = (position + 1) & Mask();
    }
    if (kInsert && found == kNone) {
      found = Insert(position, tag, added);
      if (form_ == Form::kNumber) {
        numbers_[found] = number;
      } else {
        bytes_[found] = StoreBytes(bytes);
      }
    }
    indices[i] = found;
  }
}

void KeyTable::FindOrInsert(std::span<const ColumnPtr> keys, size_t begin, size_t end, std::vector<uint32_t>& indices,
                            std::vector<uint32_t>& added) {
  if (!types_.empty()) {
    Hash(keys, begin, end, hashes_);
    Lookup<true>(keys, begin, hashes_, nullptr, end - begin, indices, &added);
  } else {
    if (live_ == 0 && begin < end) added.push_back(NewIndex());  // No columns: all rows have the one empty key.
    indices.assign(end - begin, 0);
  }
  KeepAll(indices);
}

void KeyTable::FindOrInsertHashed(std::span<const ColumnPtr> keys, size_t begin, const Hashes& hashes,
                                  std::span<const uint32_t> rows, std::vector<uint32_t>& indices,
                                  std::vector<uint32_t>& added) {
  Lookup<true>(keys, begin, hashes, rows.data(), rows.size(), indices, &added);
  KeepAll(indices);
}

void KeyTable::Find(std::span<const ColumnPtr> keys, size_t begin, size_t end, std::vector<uint32_t>& indices) const {
  if (types_.empty()) {
    indices.assign(end - begin, live_ == 0 ? kNone : 0);
    return;
  }
  Hash(keys, begin, end, hashes_);
  // Writes nothing when it does not insert.
  const_cast<KeyTable*>(this)->Lookup<false>(keys, begin, hashes_, nullptr, end - begin, indices, nullptr);
}

uint32_t KeyTable::NewIndex() {
  ++live_;
  uint32_t index;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    TAILRACE_CHECK(entries_ < kNone);
    index = static_cast<uint32_t>(entries_++);
  }
  if (form_ == Form::kNumber && numbers_.size() < entries_) numbers_.resize(entries_);
  if (form_ != Form::kNumber && bytes_.size() < entries_) bytes_.resize(entries_);
  return index;
}

uint32_t KeyTable::Insert(size_t position, uint32_t tag, std::vector<uint32_t>* added) {
  const uint32_t index = NewIndex();
  added->push_back(index);
  if (live_ * 3 > slots_.size() * 2) {
    Grow();
    position = tag & Mask();
    while (slots_[position].index != kNone) position = (position + 1) & Mask();
  }
  slots_[position] = {.tag = tag, .index = index};
  return index;
}

void KeyTable::Grow() {
  std::vector<Slot> old = std::move(slots_);
  ResetSlots(old.size() * 2);
  for (const Slot& slot : old) {
    if (slot.index == kNone) continue;
    size_t position = slot.tag & Mask();
    while (slots_[position].index != kNone) position = (position + 1) & Mask();
    slots_[position] = slot;
  }
}

std::string_view KeyTable::StoreBytes(std::string_view bytes) {
  if (lifetime_ == Lifetime::kTogether) return arena_->Copy(bytes);
  if (bytes.empty()) return {};
  char* const copy = new char[bytes.size()];
  std::memcpy(copy, bytes.data(), bytes.size());
  single_bytes_ += bytes.size();
  return {copy, bytes.size()};
}

void KeyTable::FreeBytes(uint32_t index) {
  if (lifetime_ != Lifetime::kSingle || form_ == Form::kNumber) return;
  single_bytes_ -= bytes_[index].size();
  delete[] bytes_[index].data();
  bytes_[index] = {};
}

uint32_t KeyTable::TagOf(uint32_t index) const {
  return form_ == Form::kNumber ? HashNumber(numbers_[index]) : HashBytes(bytes_[index]);
}

void KeyTable::Erase(uint32_t index) {
  TAILRACE_CHECK(lifetime_ == Lifetime::kSingle && live_ > 0);
  Keep(index);
  --live_;
  free_.push_back(index);
  if (index == null_index_) {
    null_index_ = kNone;
    return;
  }
  if (types_.empty()) return;
  size_t hole = TagOf(index) & Mask();
  while (slots_[hole].index != index) hole = (hole + 1) & Mask();
  FreeBytes(index);
  // Moves later keys of the same run back, so that no probe ends too early at the hole.
  for (size_t next = (hole + 1) & Mask(); slots_[next].index != kNone; next = (next + 1) & Mask()) {
    const size_t home = slots_[next].tag & Mask();
    if (((next - home) & Mask()) < ((next - hole) & Mask())) continue;
    slots_[hole] = slots_[next];
    hole = next;
  }
  slots_[hole].index = kNone;
}

void KeyTable::Clear() {
  if (lifetime_ == Lifetime::kSingle && form_ != Form::kNumber) {
    for (uint32_t index = 0; index < bytes_.size(); ++index) FreeBytes(index);
  }
  if (live_ * 16 < slots_.size() && lifetime_ == Lifetime::kTogether) {  // Few keys in a large table.
    for (uint32_t index = 0; index < entries_; ++index) {
      if (index == null_index_ || types_.empty()) continue;
      size_t position = TagOf(index) & Mask();
      while (slots_[position].index != index) position = (position + 1) & Mask();
      slots_[position].index = kNone;
    }
  } else {
    ResetSlots(slots_.size());
  }
  live_ = entries_ = 0;
  numbers_.clear();
  bytes_.clear();
  free_.clear();
  null_index_ = kNone;
  if (arena_->bytes() > 0) arena_ = std::make_shared<data::Arena>();  // Columns made before share the old one.
}

std::vector<ColumnPtr> KeyTable::Columns(std::span<const uint32_t> indices) const {
  std::vector<std::shared_ptr<Column>> columns;
  for (const data::Type& type : types_) {
    columns.push_back(std::make_shared<Column>(type));
    columns.back()->Reserve(indices.size());
    if (lifetime_ == Lifetime::kTogether && form_ != Form::kNumber) columns.back()->AddOwner(arena_);
  }
  for (const uint32_t index : indices) {
    if (index == null_index_) {
      columns[0]->AppendNull();
    } else if (form_ == Form::kNumber) {
      columns[0]->AppendInt64(numbers_[index]);
    } else if (lifetime_ == Lifetime::kSingle) {  // The bytes may be freed before the column is.
      std::string_view bytes = form_ == Form::kText ? bytes_[index] : std::string_view();
      if (form_ == Form::kText) {
        columns[0]->AppendText(bytes);
        continue;
      }
      bytes = columns.empty() ? std::string_view() : columns[0]->arena().Copy(bytes_[index]);
      for (const auto& column : columns) DecodeValue(bytes, *column);
    } else if (form_ == Form::kText) {
      columns[0]->AppendTextView(bytes_[index]);
    } else {
      std::string_view bytes = columns.empty() ? std::string_view() : bytes_[index];
      for (const auto& column : columns) DecodeValue(bytes, *column);
    }
  }
  for (size_t i = 1; i < columns.size(); ++i) columns[i]->AddOwnersOf(*columns[0]);
  return {columns.begin(), columns.end()};
}

void KeyTable::SaveKey(ByteWriter& writer, uint32_t index) const {
  writer.Bool(index == null_index_);
  if (index == null_index_) return;
  if (form_ == Form::kNumber) {
    writer.I64(numbers_[index]);
  } else {
    writer.Text(types_.empty() ? std::string_view() : bytes_[index]);
  }
}

void KeyTable::Save(ByteWriter& writer, std::span<const uint32_t> indices) const {
  for (const uint32_t index : indices) SaveKey(writer, index);
}

std::vector<bool> KeyTable::LiveIndices() const {
  std::vector<bool> live(entries_, true);
  for (const uint32_t index : free_) live[index] = false;
  return live;
}

void KeyTable::SaveEntries(ByteWriter& writer, Sections sections) const {
  SaveEntries(EntryNumbers({this}), writer, std::move(sections));
}

void KeyTable::SaveEntries(const EntryNumbers& numbers, ByteWriter& writer, Sections sections) {
  const auto write = [numbers, other = std::move(sections.write)](uint32_t number, size_t section, ByteWriter& out) {
    if (section > 0) return other(number, section - 1, out);
    const size_t table = numbers.TableOf(number);
    numbers.tables()[table]->SaveKey(out, number - numbers.first(table));
  };
  std::vector<bool> live(numbers.limit());
  bool being_saved = false;
  for (size_t table = 0; table < numbers.tables().size(); ++table) {
    const std::vector<bool> own = numbers.tables()[table]->LiveIndices();
    std::copy(own.begin(), own.end(), live.begin() + numbers.first(table));
    being_saved = being_saved || numbers.tables()[table]->being_saved();
  }
  if (!sections.order) {
    sections.order = [live, index = size_t{0}]() mutable -> std::optional<uint32_t> {
      while (index < live.size() && !live[index]) ++index;
      return index < live.size() ? std::optional(static_cast<uint32_t>(index++)) : std::nullopt;
    };
  }
  TAILRACE_CHECK(!writer.deferring() || !being_saved);  // One save at a time.
  if (!writer.deferring()) {
    std::vector<uint32_t> order;
    while (const std::optional<uint32_t> number = sections.order()) order.push_back(*number);
    for (size_t section = 0; section <= sections.count; ++section) {
      for (const uint32_t number : order) write(number, section, writer);
    }
    return;
  }
  const auto cut = std::make_shared<EntryCut>(std::move(live), std::move(sections.order), sections.count + 1, write,
                                              writer.records_at_once());
  writer.AddLive(cut);
  for (size_t section = 0; section <= sections.count; ++section) {
    writer.Defer([cut, section](ByteWriter& out) { cut->AppendSection(section, out); });
  }
  for (size_t i = 0; i < numbers.tables().size(); ++i) {
    const KeyTable& table = *numbers.tables()[i];
    table.cut_ = cut;
    table.cut_first_ = numbers.first(i);
    table.cut_limit_ = static_cast<uint32_t>(table.entries_);
  }
}

EntryNumbers::EntryNumbers(std::vector<const KeyTable*> tables) : tables_(std::move(tables)) {
  uint64_t next = 0;
  for (const KeyTable* const table : tables_) {
    first_.push_back(static_cast<uint32_t>(next));
    next += (table->index_limit() + EntryCut::kEntriesApart - 1) / EntryCut::kEntriesApart * EntryCut::kEntriesApart;
  }
  TAILRACE_CHECK(next <= UINT32_MAX);
  first_.push_back(static_cast<uint32_t>(next));
}

void KeyTable::Keep(uint32_t index) const {
  if (index >= cut_limit_) return;
  if (const auto cut = cut_.lock()) cut->Keep(cut_first_ + index);
}

void KeyTable::KeepAll(std::span<const uint32_t> indices) const {
  const auto cut = cut_.lock();
  if (cut == nullptr || cut->complete()) return;
  for (const uint32_t index : indices) {
    if (index < cut_limit_) cut->Keep(cut_first_ + index);
  }
}

bool KeyTable::being_saved() const {
  const auto cut = cut_.lock();
  return cut != nullptr && !cut->complete();
}

Result<KeyTable::SavedKey> KeyTable::ReadKey(ByteReader& reader) const {
  SavedKey key{.tag = kNullTag};
  TAILRACE_ASSIGN_OR_RETURN(key.null, reader.Bool());
  if (key.null) {
    if (form_ == Form::kTuple) return CorruptState("a key that cannot be NULL");
    return key;
  }
  if (form_ == Form::kNumber) {
    TAILRACE_ASSIGN_OR_RETURN(key.number, reader.I64());
    key.tag = HashNumber(key.number);
    return key;
  }
  TAILRACE_ASSIGN_OR_RETURN(key.bytes, reader.Text());
  if (form_ == Form::kTuple && !WellFormed(key.bytes, types_)) return CorruptState("a key of another form");
  key.tag = HashBytes(key.bytes);
  return key;
}

Result<uint32_t> KeyTable::Insert(const SavedKey& key) {
  const auto twice = [] { return CorruptState("a key twice"); };
  if (key.null) {
    if (null_index_ != kNone) return twice();
    null_index_ = NewIndex();
    return null_index_;
  }
  if (types_.empty()) return live_ > 0 ? Result<uint32_t>(twice()) : NewIndex();
  size_t position = key.tag & Mask();
  for (; slots_[position].index != kNone; position = (position + 1) & Mask()) {
    const Slot slot = slots_[position];
    if (slot.tag == key.tag &&
        (form_ == Form::kNumber ? numbers_[slot.index] == key.number : SameText(bytes_[slot.index], key.bytes))) {
      return twice();
    }
  }
  std::vector<uint32_t> added;
  const uint32_t index = Insert(position, key.tag, &added);
  if (form_ == Form::kNumber) {
    numbers_[index] = key.number;
  } else {
    bytes_[index] = StoreBytes(key.bytes);
  }
  return index;
}

Status KeyTable::Load(ByteReader& reader, size_t count) {
  Clear();
  for (size_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const SavedKey key, ReadKey(reader));
    TAILRACE_ASSIGN_OR_RETURN([[maybe_unused]] const uint32_t index, Insert(key));
  }
  return Ok();
}

uint64_t KeyTable::bytes() const {
  return slots_.size() * sizeof(Slot) + numbers_.capacity() * sizeof(int64_t) +
         bytes_.capacity() * sizeof(std::string_view) + arena_->bytes() + single_bytes_;
}

}  // namespace tailrace::engine
