#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "table/item.h"
#include "table/key.h"
#include "table/key_value.h"

namespace tailrace::table {

inline constexpr uint64_t kPageBytesMax = 1 << 20;  // Of one page of Query or Scan.
inline constexpr size_t kChangesMax = 10'000;       // Of one ReadChanges.

struct TableOptions {
  KeySchema key;
  // Number attribute with the second (since 1970) from which an item counts as gone; empty: items stay.
  std::string ttl_attribute;
  bool feed = false;                            // Whether changes are kept for ReadChanges.
  uint64_t feed_records_max = 1'000'000;        // Older ones are dropped ...
  Milliseconds feed_retention{24 * 3'600'000};  // ... and so are those older than this.
  std::map<std::string, std::string> labels;    // Kept for the caller; no meaning here.
  bool operator==(const TableOptions&) const = default;
};

struct TableDescription {
  std::string name;
  uint64_t id = 0;
  Timestamp created{};
  TableOptions options;
  uint64_t items = 0;  // Expired ones that are not swept yet included.
  uint64_t bytes = 0;
};

// Which range values a query takes. Bounds are of the range attribute's type.
struct RangeCondition {
  enum class Kind : uint8_t { kAll, kEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kBetween, kBeginsWith };
  Kind kind = Kind::kAll;
  Attribute low;   // The only operand, or BETWEEN's first.
  Attribute high;  // BETWEEN's second; included.
};

struct QueryInput {
  Attribute hash;
  RangeCondition range;
  bool forward = true;
  uint32_t limit = 1'000;    // Items of the page.
  std::optional<Key> after;  // The last key of the page before.
};

struct Page {
  std::vector<Item> items;
  std::optional<Key> last;  // Where the next page begins; nothing: this was the last page.
};

// One change of the feed.
struct Change {
  uint64_t sequence = 0;  // From 1, without holes within a table.
  Timestamp time{};
  Item key;
  std::optional<Item> old_item;
  std::optional<Item> new_item;  // Nothing: removed.
  bool expired = false;          // Removed by the sweep.
};

struct ChangePage {
  std::vector<Change> changes;
  uint64_t oldest = 1;  // Sequence of the oldest change still kept, or of the next one to come.
};

// Changes that happen together or not at all. Applied in order: a later one sees what an earlier one did.
class Changes {
 public:
  // What becomes of an item: `old` is null when there is none. Nothing: it is removed (or stays absent).
  // An Error refuses the whole set.
  using Modifier = std::function<Result<std::optional<Item>>(const Item* old)>;

  void Put(std::string table, Item item);
  void Delete(std::string table, Key key);
  void Modify(std::string table, Key key, Modifier modifier);
  // Small values beside the tables, for positions and the like. Keys are any bytes.
  void SetNote(std::string key, std::string value);
  void DeleteNote(std::string key);

  bool empty() const { return steps_.empty(); }
  size_t size() const { return steps_.size(); }

 private:
  friend class TableStore;
  struct Step {
    enum class Kind : uint8_t { kPut, kDelete, kModify, kSetNote, kDeleteNote };
    Kind kind;
    std::string name;  // Table, or a note's key.
    Item item;
    Key key;
    Modifier modifier;
    std::string note;
  };
  std::vector<Step> steps_;
};

// All tables of one data folder.
//
// Time     Expiry and feed by the clock it is given. What has expired is never returned and counts as absent; Sweep
//          takes it off the disk.
// State    On disk; in memory the definitions and RocksDB's caches.
// Errors   kInvalidArgument: names, keys, sizes. kNotFound: table. kCorruption, kLimitExceeded, kInternal: the disk.
// Threads  Any. Writes are one after the other, reads see whole sets of changes.
class TableStore {
 public:
  // `clock` is borrowed. `folder` is made when missing.
  static Result<std::unique_ptr<TableStore>> Open(const std::string& folder, const Clock& clock,
                                                  KeyValueStore::Options options = {});
  // Over another store than RocksDB.
  static Result<std::unique_ptr<TableStore>> Open(std::unique_ptr<KeyValueStore> store, const Clock& clock);
  ~TableStore();

  // The name has 3 to 255 of [a-zA-Z0-9_.-]. Errors: kAlreadyExists.
  Status CreateTable(const std::string& name, const TableOptions& options);
  // Makes it when missing; else takes the new options. Errors: kFailedPrecondition: it is there with another key.
  Status EnsureTable(const std::string& name, const TableOptions& options);
  Status DropTable(const std::string& name);
  Result<TableDescription> Describe(const std::string& name) const;
  std::vector<TableDescription> List() const;  // By name.

  Result<std::optional<Item>> Get(const std::string& table, const Key& key) const;
  Result<Page> Query(const std::string& table, const QueryInput& input) const;
  // Items in the order of their keys' encoding.
  Result<Page> Scan(const std::string& table, uint32_t limit, const std::optional<Key>& after = {}) const;

  // Errors: those of a Modifier; then nothing has happened.
  Status Apply(const Changes& changes);
  // One item by a modifier. Output: the item before and after.
  struct Modified {
    std::optional<Item> old_item;
    std::optional<Item> new_item;
  };
  Result<Modified> Modify(const std::string& table, const Key& key, const Changes::Modifier& modifier);
  Status Put(const std::string& table, Item item);
  // Errors: kFailedPrecondition when `condition` says no. It gets null for an absent item.
  Status PutIf(const std::string& table, Item item, const std::function<bool(const Item* old)>& condition);
  Status Delete(const std::string& table, const Key& key);
  // Adds to a number attribute, which begins at zero; a missing item is made. Output: the new value.
  Result<Number> Increment(const std::string& table, const Key& key, const std::string& attribute,
                           const Number& amount);

  // Changes after sequence `after`. Output: at most `limit`; `oldest` tells when some were dropped meanwhile.
  Result<ChangePage> ReadChanges(const std::string& table, uint64_t after, size_t limit) const;

  // Removes expired items and old changes, at most `items_max` items. Output: how many items. Call it again soon when
  // that many were removed.
  Result<uint64_t> Sweep(uint64_t items_max = 10'000);

  Result<std::optional<std::string>> GetNote(std::string_view key) const;
  struct Note {
    std::string key;
    std::string value;
  };
  // Notes whose keys begin with `prefix`, from the first one after `after` on (all when empty).
  Result<std::vector<Note>> ScanNotes(std::string_view prefix, std::string_view after, size_t limit) const;

 private:
  struct Table;
  class Transaction;

  TableStore(std::unique_ptr<KeyValueStore> store, const Clock& clock);
  Status Load();
  Result<std::shared_ptr<Table>> Find(const std::string& name) const;
  Status SweepFeed(Table& table);
  int64_t NowSeconds() const;

  std::unique_ptr<KeyValueStore> store_;
  const Clock& clock_;
  mutable std::shared_mutex tables_mutex_;  // Guards tables_.
  std::map<std::string, std::shared_ptr<Table>> tables_;
  std::mutex write_mutex_;  // Held for every change, with the counts inside Table.
};

}  // namespace tailrace::table
