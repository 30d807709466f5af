#include "table/transaction.h"

#include <utility>

#include "base/str.h"

namespace tailrace::table {
namespace {

constexpr uint64_t kTrimEvery = 1'024;  // Feed records between two looks at its limit.

}  // namespace

bool TableStore::Transaction::Expired(const Item& item, const Table& table) const {
  const std::optional<int64_t> second = ExpirySecond(item, table.options().ttl_attribute);
  return second.has_value() && *second <= std::chrono::floor<std::chrono::seconds>(now_).time_since_epoch().count();
}

TableCounts& TableStore::Transaction::Counts(Table& table) {
  return counts_.try_emplace(&table, table.counts).first->second;
}

Result<TableStore::Transaction::Stored*> TableStore::Transaction::Load(Table& table, const std::string& encoded_key) {
  const std::string key = ItemKey(table.id(), encoded_key);
  const auto found = items_.find(key);
  if (found != items_.end()) return &found->second;
  TAILRACE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, store_.Get(Space::kItems, key));
  Stored stored;
  if (bytes.has_value()) {
    TAILRACE_ASSIGN_OR_RETURN(stored.item, DecodeStoredItem(*bytes));
    stored.visible = !Expired(*stored.item, table);
  }
  return &items_.emplace(key, std::move(stored)).first->second;
}

Result<std::optional<Item>> TableStore::Transaction::Read(Table& table, const std::string& encoded_key) {
  TAILRACE_ASSIGN_OR_RETURN(const Stored* const stored, Load(table, encoded_key));
  return stored->visible ? stored->item : std::optional<Item>();
}

Status TableStore::Transaction::Write(Table& table, const std::string& encoded_key, std::optional<Item> item,
                                      bool expired) {
  const KeySchema& schema = table.options().key;
  if (item.has_value()) {
    TAILRACE_ASSIGN_OR_RETURN(const Key key, KeyOf(*item, schema));
    TAILRACE_ASSIGN_OR_RETURN(const std::string encoded, EncodeKey(key, schema));
    if (encoded != encoded_key) return Error{ErrorCode::kInvalidArgument, "an item's key attributes cannot be changed"};
    const size_t bytes = ItemBytes(*item);
    if (bytes > kItemBytesMax) {
      return Error{ErrorCode::kInvalidArgument, StrCat("item of ", bytes, " bytes, at most ", kItemBytesMax)};
    }
  }
  TAILRACE_ASSIGN_OR_RETURN(Stored* const stored, Load(table, encoded_key));
  if (!stored->item.has_value() && !item.has_value()) return Ok();

  const std::string& ttl = table.options().ttl_attribute;
  TableCounts& counts = Counts(table);
  if (stored->item.has_value()) {
    --counts.items;
    counts.bytes -= ItemBytes(*stored->item);
    if (const std::optional<int64_t> second = ExpirySecond(*stored->item, ttl)) {
      mutations_.push_back({.kind = Mutation::Kind::kDelete,
                            .space = Space::kExpiry,
                            .key = EncodeExpiryKey({*second, table.id(), encoded_key})});
    }
  }
  if (item.has_value()) {
    ++counts.items;
    counts.bytes += ItemBytes(*item);
    mutations_.push_back({.key = ItemKey(table.id(), encoded_key), .value = EncodeStoredItem(*item)});
    if (const std::optional<int64_t> second = ExpirySecond(*item, ttl)) {
      mutations_.push_back({.space = Space::kExpiry, .key = EncodeExpiryKey({*second, table.id(), encoded_key})});
    }
  } else {
    mutations_.push_back({.kind = Mutation::Kind::kDelete, .key = ItemKey(table.id(), encoded_key)});
  }
  const bool shows = stored->visible || expired || item.has_value();
  if (table.options().feed && shows) {
    const Item& known = item.has_value() ? *item : *stored->item;
    TAILRACE_ASSIGN_OR_RETURN(const Key key, KeyOf(known, schema));
    AppendChange(table, counts,
                 {.time = now_,
                  .key = KeyItem(key, schema),
                  .old_item = stored->visible || expired ? stored->item : std::optional<Item>(),
                  .new_item = item,
                  .expired = expired});
  }
  stored->visible = item.has_value() && !Expired(*item, table);
  stored->item = std::move(item);
  return Ok();
}

void TableStore::Transaction::AppendChange(Table& table, TableCounts& counts, Change change) {
  const uint64_t sequence = counts.feed_next++;
  mutations_.push_back({.space = Space::kFeed, .key = FeedKey(table.id(), sequence), .value = EncodeChange(change)});
  const uint64_t records_max = table.options().feed_records_max;
  if (sequence % kTrimEvery == 0 && sequence > records_max) {
    mutations_.push_back({.kind = Mutation::Kind::kDeleteRange,
                          .space = Space::kFeed,
                          .key = FeedKey(table.id(), 0),
                          .value = FeedKey(table.id(), counts.feed_next - records_max)});
  }
}

void TableStore::Transaction::SetNote(std::string key, std::string value) {
  mutations_.push_back({.space = Space::kNotes, .key = std::move(key), .value = std::move(value)});
}

void TableStore::Transaction::DeleteNote(std::string key) {
  mutations_.push_back({.kind = Mutation::Kind::kDelete, .space = Space::kNotes, .key = std::move(key)});
}

Status TableStore::Transaction::Commit(KeyValueStore& store) {
  for (const auto& [table, counts] : counts_) {
    mutations_.push_back({.space = Space::kTables, .key = StrCat("c/", table->name), .value = EncodeCounts(counts)});
  }
  if (mutations_.empty()) return Ok();
  TAILRACE_TRY(store.Write(mutations_));
  for (const auto& [table, counts] : counts_) table->counts = counts;
  return Ok();
}

}  // namespace tailrace::table
