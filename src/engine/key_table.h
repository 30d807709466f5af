#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "data/column.h"
#include "data/type.h"
#include "engine/entry_cut.h"

namespace tailrace::engine {

class EntryNumbers;

// Gives every distinct key, a tuple of column values, a small index. NULL equals NULL.
//
// Keys of one whole number and of one text are kept as they are; any other tuple as the bytes of its values. Slots hold
// half a hash and the index, so that a probe touches the key only when it most likely is the right one.
// State   8 to 16 bytes of slots a key, 8 (number) or 16 plus the bytes (others) for the key itself.
class KeyTable {
 public:
  // Whether single keys are erased (each then owns its bytes) or all at once.
  enum class Lifetime : uint8_t { kTogether, kSingle };

  KeyTable(std::vector<data::Type> types, Lifetime lifetime);
  ~KeyTable();
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  // Sets `indices` to one index a row of [begin, end). A new key takes the lowest free index at the end, or that of an
  // erased key; new indices are appended to `added` in order of rows.
  void FindOrInsert(std::span<const data::ColumnPtr> keys, size_t begin, size_t end, std::vector<uint32_t>& indices,
                    std::vector<uint32_t>& added);
  // The same without inserting: kNone where there is no such key.
  static constexpr uint32_t kNone = UINT32_MAX;
  void Find(std::span<const data::ColumnPtr> keys, size_t begin, size_t end, std::vector<uint32_t>& indices) const;

  // FindOrInsert in two steps, so that a key's hash can choose the table (LaneOf); rows may be any of those hashed, in
  // order: begin + rows[0], begin + rows[1] ... Tables of the same types hash alike.
  struct Hashes {
    std::vector<uint32_t> tags;      // One a row.
    std::vector<uint32_t> row_ends;  // Of tuples: the end of each row's bytes in `encoded`.
    std::vector<char> encoded;
  };
  void Hash(std::span<const data::ColumnPtr> keys, size_t begin, size_t end, Hashes& hashes) const;
  void FindOrInsertHashed(std::span<const data::ColumnPtr> keys, size_t begin, const Hashes& hashes,
                          std::span<const uint32_t> rows, std::vector<uint32_t>& indices, std::vector<uint32_t>& added);

  void Erase(uint32_t index);  // kSingle only.
  void Clear();

  size_t size() const { return live_; }
  size_t index_limit() const { return entries_; }  // Every index is below it.
  size_t column_count() const { return types_.size(); }

  // One column a key column, with the keys of `indices` in that order. Text is shared where the lifetime allows it.
  std::vector<data::ColumnPtr> Columns(std::span<const uint32_t> indices) const;

  // Keys of `indices`; Load puts them at indices 0, 1, ... of an empty table. Errors: kCorruption.
  void Save(ByteWriter& writer, std::span<const uint32_t> indices) const;
  Status Load(ByteReader& reader, size_t count);
  // One key of those, for whoever chooses the table by it. `bytes` is borrowed from the reader.
  struct SavedKey {
    bool null = false;
    int64_t number = 0;
    std::string_view bytes;
    uint32_t tag = 0;
  };
  Result<SavedKey> ReadKey(ByteReader& reader) const;
  // Its index. Errors: kCorruption: it is there already.
  Result<uint32_t> Insert(const SavedKey& key);

  // Saves all keys, and then in one section after the other what `write` says of each. In the order of `order`; when
  // that is empty, of indices. Into a deferring writer this goes on while the table is in use: FindOrInsert and Erase
  // see to it that an entry is written before it can change; who changes entries otherwise calls Keep first. Both
  // functions are called as long as the writer's live parts are, and a table that goes away whole must be kept by them
  // (being_saved). One save at a time.
  struct Sections {
    size_t count = 0;  // Beside the keys.
    EntryCut::Write write = {};
    EntryCut::Order order = {};
  };
  void SaveEntries(ByteWriter& writer, Sections sections) const;
  // The same for tables whose keys are one state. `numbers`: how `sections` calls their entries.
  static void SaveEntries(const EntryNumbers& numbers, ByteWriter& writer, Sections sections);
  void Keep(uint32_t index) const;
  bool being_saved() const;

  uint64_t bytes() const;

 private:
  enum class Form : uint8_t { kNumber, kText, kTuple };
  struct Slot {
    uint32_t tag;    // Half of the hash.
    uint32_t index;  // kNone: empty.
  };

  // `rows`: null for all of them, which are `count`.
  template <bool kInsert>
  void Lookup(std::span<const data::ColumnPtr> keys, size_t begin, const Hashes& hashes, const uint32_t* rows,
              size_t count, std::vector<uint32_t>& indices, std::vector<uint32_t>* added);
  void KeepAll(std::span<const uint32_t> indices) const;
  uint32_t Insert(size_t slot, uint32_t tag, std::vector<uint32_t>* added);
  uint32_t NewIndex();
  uint32_t TagOf(uint32_t index) const;
  std::string_view StoreBytes(std::string_view bytes);
  void FreeBytes(uint32_t index);
  void Grow();
  void ResetSlots(size_t capacity);
  void SaveKey(ByteWriter& writer, uint32_t index) const;
  std::vector<bool> LiveIndices() const;
  size_t Mask() const { return slots_.size() - 1; }

  const std::vector<data::Type> types_;
  const Lifetime lifetime_;
  const Form form_;
  std::vector<Slot> slots_;  // A power of two.
  size_t live_ = 0;
  size_t entries_ = 0;
  std::vector<int64_t> numbers_;         // kNumber
  std::vector<std::string_view> bytes_;  // kText, kTuple: into arena_, or owned one by one.
  std::vector<uint32_t> free_;
  uint32_t null_index_ = kNone;  // kNumber, kText: the index of the NULL key.
  std::shared_ptr<data::Arena> arena_;
  uint64_t single_bytes_ = 0;
  mutable std::weak_ptr<EntryCut> cut_;  // The save that is under way ...
  mutable uint32_t cut_first_ = 0;       // ... its number of entry 0 ...
  mutable uint32_t cut_limit_ = 0;       // ... and how many entries of this table it has.

  mutable Hashes hashes_;  // Of the batch at work.
};

// Numbers for the entries that several tables have at one moment.
class EntryNumbers {
 public:
  explicit EntryNumbers(std::vector<const KeyTable*> tables);

  const std::vector<const KeyTable*>& tables() const { return tables_; }
  uint32_t limit() const { return first_.back(); }
  uint32_t first(size_t table) const { return first_[table]; }
  uint32_t Of(size_t table, uint32_t index) const { return first_[table] + index; }
  size_t TableOf(uint32_t number) const {
    if (tables_.size() == 1) return 0;
    return static_cast<size_t>(std::upper_bound(first_.begin(), first_.end(), number) - first_.begin()) - 1;
  }

 private:
  std::vector<const KeyTable*> tables_;  // Borrowed.
  std::vector<uint32_t> first_;          // One a table, apart from each other as EntryCut wants it; then the limit.
};

}  // namespace tailrace::engine
