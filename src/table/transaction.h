#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "table/key_value.h"
#include "table/stored.h"
#include "table/table_store.h"

namespace tailrace::table {

// A table as the store holds it. `counts` belong to whoever holds the write mutex; `items` and `bytes` are for readers.
struct TableStore::Table {
  std::string name;
  TableDefinition definition;
  TableCounts counts;

  const TableOptions& options() const { return definition.options; }
  uint64_t id() const { return definition.id; }
};

// Gathers the mutations of one set of changes, each step seeing the ones before it. Used under the write mutex.
class TableStore::Transaction {
 public:
  Transaction(const KeyValueStore& store, Timestamp now) : store_(store), now_(now) {}

  // The visible item: not expired. Errors: those of reading.
  Result<std::optional<Item>> Read(Table& table, const std::string& encoded_key);
  // Makes the item what `item` says; nothing removes it. `item` has the key that `encoded_key` encodes.
  // Errors: kInvalidArgument: another key, too large.
  Status Write(Table& table, const std::string& encoded_key, std::optional<Item> item, bool expired = false);
  void SetNote(std::string key, std::string value);
  void DeleteNote(std::string key);

  // Writes everything. On failure the tables' counts are as before.
  Status Commit(KeyValueStore& store);

 private:
  struct Stored {
    std::optional<Item> item;
    bool visible = false;
  };
  Result<Stored*> Load(Table& table, const std::string& encoded_key);
  void AppendChange(Table& table, TableCounts& counts, Change change);
  TableCounts& Counts(Table& table);
  bool Expired(const Item& item, const Table& table) const;

  const KeyValueStore& store_;
  const Timestamp now_;
  std::map<std::string, Stored> items_;  // By item key: what was read or written here.
  std::map<Table*, TableCounts> counts_;
  std::vector<Mutation> mutations_;
};

}  // namespace tailrace::table
