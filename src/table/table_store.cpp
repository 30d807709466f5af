#include "table/table_store.h"

#include <algorithm>
#include <utility>

#include "base/str.h"
#include "table/stored.h"
#include "table/transaction.h"

namespace tailrace::table {
namespace {

constexpr std::string_view kNextIdKey = "next";
constexpr size_t kNameCharsMin = 3;
constexpr size_t kNameCharsMax = 255;

std::string DefinitionKey(std::string_view name) { return StrCat("t/", name); }
std::string CountsKey(std::string_view name) { return StrCat("c/", name); }

Status CheckOptions(const std::string& name, const TableOptions& options) {
  const bool legal = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
  if (!legal || name.size() < kNameCharsMin || name.size() > kNameCharsMax) {
    return Error{ErrorCode::kInvalidArgument, StrCat("table name \"", name, "\": ", kNameCharsMin, " to ",
                                                     kNameCharsMax, " of a-z, A-Z, 0-9, _, ., - are allowed")};
  }
  if (options.key.hash.name.empty() || (options.key.range.has_value() && options.key.range->name.empty())) {
    return Error{ErrorCode::kInvalidArgument, StrCat("table \"", name, "\": a key attribute has no name")};
  }
  if (options.key.range.has_value() && options.key.range->name == options.key.hash.name) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("table \"", name, "\": both key attributes are \"", options.key.hash.name, "\"")};
  }
  return Ok();
}

// Keys in [low, high) of kItems.
struct Bounds {
  std::string low;
  std::string high;
};

Result<Bounds> QueryBounds(uint64_t table, const KeySchema& schema, const QueryInput& input) {
  using Kind = RangeCondition::Kind;
  TAILRACE_ASSIGN_OR_RETURN(const std::string hash, EncodeHash(input.hash, schema));
  const std::string prefix = ItemKey(table, hash);
  // The next table's id is the highest end there can be.
  const std::string end = AfterPrefix(prefix).value_or(ItemKey(table + 1, ""));
  const RangeCondition& range = input.range;
  if (range.kind == Kind::kAll) return Bounds{prefix, end};
  if (!schema.range.has_value()) {
    return Error{ErrorCode::kInvalidArgument, "a condition on a range key, but the table has none"};
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string low_text, EncodeRange(range.low, schema));
  const std::string low = prefix + low_text;
  const auto behind = [](std::string key) { return key + '\0'; };
  switch (range.kind) {
    case Kind::kAll:
      break;
    case Kind::kEqual:
      return Bounds{low, behind(low)};
    case Kind::kLess:
      return Bounds{prefix, low};
    case Kind::kLessEqual:
      return Bounds{prefix, behind(low)};
    case Kind::kGreater:
      return Bounds{behind(low), end};
    case Kind::kGreaterEqual:
      return Bounds{low, end};
    case Kind::kBetween: {
      TAILRACE_ASSIGN_OR_RETURN(const std::string high_text, EncodeRange(range.high, schema));
      return Bounds{low, behind(prefix + high_text)};
    }
    case Kind::kBeginsWith:
      if (schema.range->type == KeyType::kNumber) {
        return Error{ErrorCode::kInvalidArgument, "begins_with on a number key"};
      }
      return Bounds{low, AfterPrefix(low).value_or(end)};
  }
  return Bounds{prefix, end};
}

}  // namespace

void Changes::Put(std::string table, Item item) {
  steps_.push_back({.kind = Step::Kind::kPut, .name = std::move(table), .item = std::move(item)});
}
void Changes::Delete(std::string table, Key key) {
  steps_.push_back({.kind = Step::Kind::kDelete, .name = std::move(table), .key = std::move(key)});
}
void Changes::Modify(std::string table, Key key, Modifier modifier) {
  steps_.push_back(
      {.kind = Step::Kind::kModify, .name = std::move(table), .key = std::move(key), .modifier = std::move(modifier)});
}
void Changes::SetNote(std::string key, std::string value) {
  steps_.push_back({.kind = Step::Kind::kSetNote, .name = std::move(key), .note = std::move(value)});
}
void Changes::DeleteNote(std::string key) {
  steps_.push_back({.kind = Step::Kind::kDeleteNote, .name = std::move(key)});
}

TableStore::TableStore(std::unique_ptr<KeyValueStore> store, const Clock& clock)
    : store_(std::move(store)), clock_(clock) {}

TableStore::~TableStore() = default;

Result<std::unique_ptr<TableStore>> TableStore::Open(const std::string& folder, const Clock& clock,
                                                     KeyValueStore::Options options) {
  TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<KeyValueStore> store, KeyValueStore::Open(folder, options));
  return Open(std::move(store), clock);
}

Result<std::unique_ptr<TableStore>> TableStore::Open(std::unique_ptr<KeyValueStore> store, const Clock& clock) {
  std::unique_ptr<TableStore> tables(new TableStore(std::move(store), clock));
  TAILRACE_TRY(tables->Load());
  return tables;
}

Status TableStore::Load() {
  const std::unique_ptr<Cursor> cursor = store_->MakeCursor(Space::kTables);
  const std::string prefix = DefinitionKey("");
  for (cursor->Seek(prefix); cursor->valid() && cursor->key().starts_with(prefix); cursor->Next()) {
    auto table = std::make_shared<Table>();
    table->name = cursor->key().substr(prefix.size());
    TAILRACE_ASSIGN_OR_RETURN(table->definition, DecodeDefinition(cursor->value()));
    TAILRACE_ASSIGN_OR_RETURN(const std::optional<std::string> counts,
                              store_->Get(Space::kTables, CountsKey(table->name)));
    if (counts.has_value()) {
      TAILRACE_ASSIGN_OR_RETURN(table->counts, DecodeCounts(*counts));
    }
    tables_.emplace(table->name, std::move(table));
  }
  return cursor->status();
}

Status TableStore::CreateTable(const std::string& name, const TableOptions& options) {
  TAILRACE_TRY(CheckOptions(name, options));
  const std::lock_guard write_lock(write_mutex_);
  if (Find(name).ok()) return Error{ErrorCode::kAlreadyExists, StrCat("table \"", name, "\" exists")};
  TAILRACE_ASSIGN_OR_RETURN(const std::optional<std::string> next, store_->Get(Space::kTables, kNextIdKey));
  auto table = std::make_shared<Table>();
  table->name = name;
  table->definition = {.id = next.has_value() ? ReadBigEndian(*next) : 1, .created = clock_.Now(), .options = options};
  std::string after;
  AppendBigEndian(after, table->id() + 1);
  TAILRACE_TRY(store_->Write(
      {{.space = Space::kTables, .key = std::string(kNextIdKey), .value = after},
       {.space = Space::kTables, .key = DefinitionKey(name), .value = EncodeDefinition(table->definition)},
       {.space = Space::kTables, .key = CountsKey(name), .value = EncodeCounts(table->counts)}}));
  const std::lock_guard lock(tables_mutex_);
  tables_.emplace(name, std::move(table));
  return Ok();
}

Status TableStore::EnsureTable(const std::string& name, const TableOptions& options) {
  if (!Find(name).ok()) return CreateTable(name, options);
  TAILRACE_TRY(CheckOptions(name, options));
  const std::lock_guard write_lock(write_mutex_);
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Table> known, Find(name));
  if (known->options() == options) return Ok();
  if (known->options().key != options.key) {
    return Error{ErrorCode::kFailedPrecondition, StrCat("table \"", name, "\" exists with another key")};
  }
  if (known->options().ttl_attribute != options.ttl_attribute && known->counts.items > 0) {
    return Error{ErrorCode::kFailedPrecondition,
                 StrCat("table \"", name, "\" has items: its TTL attribute cannot change from \"",
                        known->options().ttl_attribute, "\" to \"", options.ttl_attribute, "\"")};
  }
  auto table = std::make_shared<Table>(*known);
  table->definition.options = options;
  TAILRACE_TRY(store_->Write(
      {{.space = Space::kTables, .key = DefinitionKey(name), .value = EncodeDefinition(table->definition)}}));
  const std::lock_guard lock(tables_mutex_);
  tables_[name] = std::move(table);
  return Ok();
}

Status TableStore::DropTable(const std::string& name) {
  const std::lock_guard write_lock(write_mutex_);
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, Find(name));
  // Expiry entries of a table that is gone are removed by the sweep when their time comes.
  const uint64_t id = table->id();
  using Kind = Mutation::Kind;
  TAILRACE_TRY(store_->Write({{Kind::kDeleteRange, Space::kItems, ItemKey(id, ""), ItemKey(id + 1, "")},
                              {Kind::kDeleteRange, Space::kFeed, FeedKey(id, 0), FeedKey(id + 1, 0)},
                              {.kind = Kind::kDelete, .space = Space::kTables, .key = DefinitionKey(name)},
                              {.kind = Kind::kDelete, .space = Space::kTables, .key = CountsKey(name)}}));
  const std::lock_guard lock(tables_mutex_);
  tables_.erase(name);
  return Ok();
}

Result<std::shared_ptr<TableStore::Table>> TableStore::Find(const std::string& name) const {
  const std::shared_lock lock(tables_mutex_);
  const auto found = tables_.find(name);
  if (found == tables_.end()) return Error{ErrorCode::kNotFound, StrCat("no table \"", name, "\"")};
  return found->second;
}

Result<TableDescription> TableStore::Describe(const std::string& name) const {
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, Find(name));
  // Counts come from the disk: those in memory belong to the writer.
  TAILRACE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, store_->Get(Space::kTables, CountsKey(name)));
  TableCounts counts;
  if (bytes.has_value()) {
    TAILRACE_ASSIGN_OR_RETURN(counts, DecodeCounts(*bytes));
  }
  return TableDescription{.name = name,
                          .id = table->id(),
                          .created = table->definition.created,
                          .options = table->options(),
                          .items = counts.items,
                          .bytes = counts.bytes};
}

std::vector<TableDescription> TableStore::List() const {
  std::vector<std::string> names;
  {
    const std::shared_lock lock(tables_mutex_);
    for (const auto& [name, table] : tables_) names.push_back(name);
  }
  std::vector<TableDescription> list;
  for (const std::string& name : names) {
    Result<TableDescription> description = Describe(name);
    if (description.ok()) list.push_back(std::move(description).value());  // Else it was dropped meanwhile.
  }
  return list;
}

int64_t TableStore::NowSeconds() const {
  return std::chrono::floor<std::chrono::seconds>(clock_.Now()).time_since_epoch().count();
}

Result<std::optional<Item>> TableStore::Get(const std::string& name, const Key& key) const {
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, Find(name));
  TAILRACE_ASSIGN_OR_RETURN(const std::string encoded, EncodeKey(key, table->options().key));
  TAILRACE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                            store_->Get(Space::kItems, ItemKey(table->id(), encoded)));
  if (!bytes.has_value()) return std::optional<Item>();
  TAILRACE_ASSIGN_OR_RETURN(Item item, DecodeStoredItem(*bytes));
  const std::optional<int64_t> second = ExpirySecond(item, table->options().ttl_attribute);
  if (second.has_value() && *second <= NowSeconds()) return std::optional<Item>();
  return std::optional<Item>(std::move(item));
}

namespace {

struct PageInput {
  Bounds bounds;
  bool forward = true;
  uint32_t limit = 0;
};

// Reads the items between the bounds that have not expired at `now_second`.
Result<Page> ReadPage(const KeyValueStore& store, const TableOptions& options, const PageInput& input,
                      int64_t now_second) {
  Page page;
  if (input.limit == 0) return Error{ErrorCode::kInvalidArgument, "limit 0, at least 1"};
  if (input.bounds.low >= input.bounds.high) return page;
  const std::unique_ptr<Cursor> cursor = store.MakeCursor(Space::kItems);
  if (input.forward) {
    cursor->Seek(input.bounds.low);
  } else {
    cursor->SeekBackward(input.bounds.high);
  }
  uint64_t bytes = 0;
  while (cursor->valid()) {
    const bool inside = input.forward ? cursor->key() < input.bounds.high : cursor->key() >= input.bounds.low;
    if (!inside) break;
    TAILRACE_ASSIGN_OR_RETURN(Item item, DecodeStoredItem(cursor->value()));
    const std::optional<int64_t> second = ExpirySecond(item, options.ttl_attribute);
    if (!second.has_value() || *second > now_second) {
      if (page.items.size() == input.limit || (bytes > kPageBytesMax && !page.items.empty())) {
        TAILRACE_ASSIGN_OR_RETURN(page.last, KeyOf(page.items.back(), options.key));
        return page;
      }
      bytes += cursor->value().size();
      page.items.push_back(std::move(item));
    }
    input.forward ? cursor->Next() : cursor->Previous();
  }
  TAILRACE_TRY(cursor->status());
  return page;
}

}  // namespace

Result<Page> TableStore::Query(const std::string& name, const QueryInput& input) const {
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, Find(name));
  const KeySchema& schema = table->options().key;
  PageInput page{.forward = input.forward, .limit = input.limit};
  TAILRACE_ASSIGN_OR_RETURN(page.bounds, QueryBounds(table->id(), schema, input));
  if (input.after.has_value()) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string encoded, EncodeKey(*input.after, schema));
    const std::string after = ItemKey(table->id(), encoded);
    if (input.forward) {
      page.bounds.low = std::max(page.bounds.low, after + '\0');
    } else {
      page.bounds.high = std::min(page.bounds.high, after);
    }
  }
  return ReadPage(*store_, table->options(), page, NowSeconds());
}

Result<Page> TableStore::Scan(const std::string& name, uint32_t limit, const std::optional<Key>& after) const {
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, Find(name));
  PageInput page{.bounds = {ItemKey(table->id(), ""), ItemKey(table->id() + 1, "")}, .limit = limit};
  if (after.has_value()) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string encoded, EncodeKey(*after, table->options().key));
    page.bounds.low = ItemKey(table->id(), encoded) + '\0';
  }
  return ReadPage(*store_, table->options(), page, NowSeconds());
}

Status TableStore::Apply(const Changes& changes) {
  using Kind = Changes::Step::Kind;
  const std::lock_guard write_lock(write_mutex_);
  Transaction transaction(*store_, clock_.Now());
  for (const Changes::Step& step : changes.steps_) {
    if (step.kind == Kind::kSetNote) {
      transaction.SetNote(step.name, step.note);
      continue;
    }
    if (step.kind == Kind::kDeleteNote) {
      transaction.DeleteNote(step.name);
      continue;
    }
    TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Table> found, Find(step.name));
    Table& table = *found;
    const KeySchema& schema = table.options().key;
    Key key = step.key;
    if (step.kind == Kind::kPut) {
      TAILRACE_ASSIGN_OR_RETURN(key, KeyOf(step.item, schema));
    }
    TAILRACE_ASSIGN_OR_RETURN(const std::string encoded, EncodeKey(key, schema));
    std::optional<Item> item;
    if (step.kind == Kind::kPut) item = step.item;
    if (step.kind == Kind::kModify) {
      TAILRACE_ASSIGN_OR_RETURN(const std::optional<Item> old, transaction.Read(table, encoded));
      TAILRACE_ASSIGN_OR_RETURN(item, step.modifier(old.has_value() ? &*old : nullptr));
    }
    TAILRACE_TRY(transaction.Write(table, encoded, std::move(item)));
  }
  return transaction.Commit(*store_);
}

Result<TableStore::Modified> TableStore::Modify(const std::string& table, const Key& key,
                                                const Changes::Modifier& modifier) {
  Modified modified;
  Changes changes;
  changes.Modify(table, key, [&](const Item* old) -> Result<std::optional<Item>> {
    if (old != nullptr) modified.old_item = *old;
    TAILRACE_ASSIGN_OR_RETURN(modified.new_item, modifier(old));
    return modified.new_item;
  });
  TAILRACE_TRY(Apply(changes));
  return modified;
}

Status TableStore::Put(const std::string& table, Item item) {
  Changes changes;
  changes.Put(table, std::move(item));
  return Apply(changes);
}

Status TableStore::PutIf(const std::string& name, Item item, const std::function<bool(const Item* old)>& condition) {
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, Find(name));
  TAILRACE_ASSIGN_OR_RETURN(const Key key, KeyOf(item, table->options().key));
  Changes changes;
  changes.Modify(name, key, [&](const Item* old) -> Result<std::optional<Item>> {
    if (!condition(old)) return Error{ErrorCode::kFailedPrecondition, "the condition on the stored item does not hold"};
    return std::optional<Item>(item);
  });
  return Apply(changes);
}

Status TableStore::Delete(const std::string& table, const Key& key) {
  Changes changes;
  changes.Delete(table, key);
  return Apply(changes);
}

Result<Number> TableStore::Increment(const std::string& name, const Key& key, const std::string& attribute,
                                     const Number& amount) {
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, Find(name));
  Number sum;
  Changes changes;
  changes.Modify(name, key, [&](const Item* old) -> Result<std::optional<Item>> {
    Item item = old != nullptr ? *old : KeyItem(key, table->options().key);
    Number before;
    if (const auto found = item.find(attribute); found != item.end()) {
      if (found->second.number() == nullptr) {
        return Error{ErrorCode::kInvalidArgument,
                     StrCat("attribute \"", attribute, "\" is of type ", found->second.type_name(), ", expected N")};
      }
      before = *found->second.number();
    }
    TAILRACE_ASSIGN_OR_RETURN(sum, Number::Add(before, amount));
    item.insert_or_assign(attribute, Attribute{sum});
    return std::optional<Item>(std::move(item));
  });
  TAILRACE_TRY(Apply(changes));
  return sum;
}

Result<ChangePage> TableStore::ReadChanges(const std::string& name, uint64_t after, size_t limit) const {
  TAILRACE_ASSIGN_OR_RETURN(const std::shared_ptr<Table> table, Find(name));
  ChangePage page;
  const std::string end = FeedKey(table->id() + 1, 0);
  const std::unique_ptr<Cursor> cursor = store_->MakeCursor(Space::kFeed);
  cursor->Seek(FeedKey(table->id(), 0));
  TAILRACE_TRY(cursor->status());
  if (!cursor->valid() || cursor->key() >= end) {
    TAILRACE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, store_->Get(Space::kTables, CountsKey(name)));
    if (bytes.has_value()) {
      TAILRACE_ASSIGN_OR_RETURN(const TableCounts counts, DecodeCounts(*bytes));
      page.oldest = counts.feed_next;
    }
    return page;
  }
  page.oldest = ReadBigEndian(cursor->key().substr(8));
  for (cursor->Seek(FeedKey(table->id(), after + 1)); cursor->valid() && cursor->key() < end; cursor->Next()) {
    if (page.changes.size() == std::min(limit, kChangesMax)) break;
    TAILRACE_ASSIGN_OR_RETURN(Change change, DecodeChange(cursor->value()));
    change.sequence = ReadBigEndian(cursor->key().substr(8));
    page.changes.push_back(std::move(change));
  }
  TAILRACE_TRY(cursor->status());
  return page;
}

Result<uint64_t> TableStore::Sweep(uint64_t items_max) {
  const std::lock_guard write_lock(write_mutex_);
  std::map<uint64_t, std::shared_ptr<Table>> by_id;
  {
    const std::shared_lock lock(tables_mutex_);
    for (const auto& [name, table] : tables_) by_id.emplace(table->id(), table);
  }
  Transaction transaction(*store_, clock_.Now());
  const int64_t now = NowSeconds();
  uint64_t removed = 0;
  std::vector<Mutation> orphans;  // Entries of dropped tables.
  const std::unique_ptr<Cursor> cursor = store_->MakeCursor(Space::kExpiry);
  for (cursor->Seek(""); cursor->valid() && removed < items_max; cursor->Next()) {
    TAILRACE_ASSIGN_OR_RETURN(const ExpiryKey entry, DecodeExpiryKey(cursor->key()));
    if (entry.second > now) break;
    ++removed;
    const auto table = by_id.find(entry.table);
    if (table == by_id.end()) {
      orphans.push_back({.kind = Mutation::Kind::kDelete, .space = Space::kExpiry, .key = std::string(cursor->key())});
      continue;
    }
    TAILRACE_TRY(transaction.Write(*table->second, entry.encoded_key, std::nullopt, /*expired=*/true));
  }
  TAILRACE_TRY(cursor->status());
  TAILRACE_TRY(transaction.Commit(*store_));
  if (!orphans.empty()) TAILRACE_TRY(store_->Write(orphans));
  for (const auto& [id, table] : by_id) TAILRACE_TRY(SweepFeed(*table));
  return removed;
}

// Drops changes that are too old or too many.
Status TableStore::SweepFeed(Table& table) {
  if (!table.options().feed) return Ok();
  const Timestamp oldest_kept = clock_.Now() - table.options().feed_retention;
  const uint64_t records_max = table.options().feed_records_max;
  const uint64_t next = table.counts.feed_next;
  const std::string end = FeedKey(table.id() + 1, 0);
  uint64_t first_kept = next > records_max ? next - records_max : 1;
  const std::unique_ptr<Cursor> cursor = store_->MakeCursor(Space::kFeed);
  for (cursor->Seek(FeedKey(table.id(), first_kept)); cursor->valid() && cursor->key() < end; cursor->Next()) {
    TAILRACE_ASSIGN_OR_RETURN(const Change change, DecodeChange(cursor->value()));
    if (change.time > oldest_kept) break;
    first_kept = ReadBigEndian(cursor->key().substr(8)) + 1;
  }
  TAILRACE_TRY(cursor->status());
  if (first_kept <= 1) return Ok();
  return store_->Write({{.kind = Mutation::Kind::kDeleteRange,
                         .space = Space::kFeed,
                         .key = FeedKey(table.id(), 0),
                         .value = FeedKey(table.id(), first_kept)}});
}

Result<std::optional<std::string>> TableStore::GetNote(std::string_view key) const {
  return store_->Get(Space::kNotes, key);
}

Result<std::vector<TableStore::Note>> TableStore::ScanNotes(std::string_view prefix, std::string_view after,
                                                            size_t limit) const {
  std::vector<Note> notes;
  const std::unique_ptr<Cursor> cursor = store_->MakeCursor(Space::kNotes);
  cursor->Seek(after.empty() ? std::string(prefix) : std::string(after) + '\0');
  for (; cursor->valid() && notes.size() < limit && cursor->key().starts_with(prefix); cursor->Next()) {
    notes.push_back({.key = std::string(cursor->key()), .value = std::string(cursor->value())});
  }
  TAILRACE_TRY(cursor->status());
  return notes;
}

}  // namespace tailrace::table
