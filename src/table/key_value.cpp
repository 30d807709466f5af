#include "table/key_value.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <memory>

#include "base/str.h"

namespace tailrace::table {
namespace {

constexpr int kCacheShardBits = 2;  // Few: a part of a cache must hold the largest index of a file.
constexpr std::array<const char*, kSpaces> kFamilies = {"default", "feed", "expiry", "tables", "notes"};

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }

Error ToError(const rocksdb::Status& status, std::string_view what) {
  const std::string message = StrCat("table store: ", what, ": ", status.ToString());
  if (status.IsCorruption()) return Error{ErrorCode::kCorruption, message};
  if (status.IsNoSpace()) return Error{ErrorCode::kLimitExceeded, message};
  if (status.IsBusy() || status.IsTryAgain()) return Error{ErrorCode::kUnavailable, message};
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
    return Error{ErrorCode::kUnavailable, message};
  }
  return Error{ErrorCode::kInternal, message};
}

// RocksDB's own log would be one more file that a full disk can fail: Debian's library then aborts the process. What
// matters comes back as a status.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

class RocksCursor final : public Cursor {
 public:
  explicit RocksCursor(std::unique_ptr<rocksdb::Iterator> iterator) : iterator_(std::move(iterator)) {}

  void Seek(std::string_view key) override { iterator_->Seek(ToSlice(key)); }
  void SeekBackward(std::string_view key) override {
    iterator_->SeekForPrev(ToSlice(key));
    if (iterator_->Valid() && this->key() == key) iterator_->Prev();
  }
  bool valid() const override { return iterator_->Valid(); }
  void Next() override { iterator_->Next(); }
  void Previous() override { iterator_->Prev(); }
  std::string_view key() const override { return {iterator_->key().data(), iterator_->key().size()}; }
  std::string_view value() const override { return {iterator_->value().data(), iterator_->value().size()}; }
  Status status() const override {
    if (iterator_->status().ok()) return Ok();
    return ToError(iterator_->status(), "read");
  }

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksStore final : public KeyValueStore {
 public:
  RocksStore(std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> families, bool sync)
      : db_(std::move(db)), families_(std::move(families)) {
    write_options_.sync = sync;
  }

  ~RocksStore() override {
    for (rocksdb::ColumnFamilyHandle* const family : families_) db_->DestroyColumnFamilyHandle(family);
    db_->Close().PermitUncheckedError();
  }

  Result<std::optional<std::string>> Get(Space space, std::string_view key) const override {
    std::string value;
    const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), Family(space), ToSlice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return ToError(status, "read");
    return std::optional<std::string>(std::move(value));
  }

  Status Write(const std::vector<Mutation>& mutations) override {
    rocksdb::WriteBatch batch;
    for (const Mutation& mutation : mutations) {
      rocksdb::ColumnFamilyHandle* const family = Family(mutation.space);
      const rocksdb::Slice key = ToSlice(mutation.key);
      rocksdb::Status status;
      switch (mutation.kind) {
        case Mutation::Kind::kPut:
          status = batch.Put(family, key, ToSlice(mutation.value));
          break;
        case Mutation::Kind::kDelete:
          status = batch.Delete(family, key);
          break;
        case Mutation::Kind::kDeleteRange:
          status = batch.DeleteRange(family, key, ToSlice(mutation.value));
          break;
      }
      if (!status.ok()) return ToError(status, "prepare write");
    }
    rocksdb::Status status = db_->Write(write_options_, &batch);
    // After a failed write (a full disk, mostly) the database takes nothing more until it is asked to go on.
    if (!status.ok() && db_->Resume().ok()) status = db_->Write(write_options_, &batch);
    if (!status.ok()) return ToError(status, "write");
    return Ok();
  }

  std::unique_ptr<Cursor> MakeCursor(Space space) const override {
    return std::make_unique<RocksCursor>(
        std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(rocksdb::ReadOptions(), Family(space))));
  }

 private:
  rocksdb::ColumnFamilyHandle* Family(Space space) const { return families_[static_cast<size_t>(space)]; }

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // Owned, given back before the database closes.
  rocksdb::WriteOptions write_options_;
};

// While a file is made, by a flush or a compaction, its filter and its index are in memory and outside the budget, and
// so are the indices of the files it is made of: some ten bytes an item. So files are no larger than the budget, and
// their indices and filters are in parts of a block each. RocksDB takes 64 MiB, which cost 20 MiB with a budget of
// eight.
uint64_t FileBytesMax(const KeyValueStore::Options& options) {
  return std::clamp<uint64_t>(options.memory_bytes, 8 << 20, 64 << 20);
}

// Of one family; the budget of all is what really limits them, as five that are half full are more than one may be.
uint64_t WriteBufferBytes(const KeyValueStore::Options& options) { return options.memory_bytes / 4; }

rocksdb::ColumnFamilyOptions FamilyOptions(const KeyValueStore::Options& options,
                                           std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_cache = std::move(cache);
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::IndexType::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = WriteBufferBytes(options);
  family.target_file_size_base = FileBytesMax(options);
  family.compression = rocksdb::kLZ4Compression;
  family.level_compaction_dynamic_level_bytes = true;
  return family;
}

}  // namespace

Result<std::unique_ptr<KeyValueStore>> KeyValueStore::Open(const std::string& folder, Options options) {
  rocksdb::DBOptions db_options;
  db_options.create_if_missing = true;
  db_options.create_missing_column_families = true;
  db_options.max_background_jobs = 2;
  db_options.max_open_files = 256;
  db_options.info_log = std::make_shared<NoLog>();
  // Long enough that it is not the log which decides when families that get little are flushed.
  db_options.max_total_wal_size = std::max<uint64_t>(2 * options.memory_bytes, 64 << 20);
  // One budget: what waits to be flushed is charged to the cache of all families.
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(options.memory_bytes, kCacheShardBits);
  db_options.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(options.memory_bytes / 2, cache);
  // A torn end of the log is what was never acknowledged; damage before it is reported.
  db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  const rocksdb::ColumnFamilyOptions family = FamilyOptions(options, cache);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const char* const name : kFamilies) descriptors.emplace_back(name, family);
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(db_options, folder, descriptors, &families, &db);
  if (!status.ok()) return ToError(status, StrCat("open ", folder));
  return std::unique_ptr<KeyValueStore>(
      std::make_unique<RocksStore>(std::unique_ptr<rocksdb::DB>(db), std::move(families), options.sync));
}

}  // namespace tailrace::table
