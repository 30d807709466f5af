#pragma once

#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "sim/sim_disk.h"
#include "table/key_value.h"

// RocksDB writes from threads of its own, so a simulation cannot replay it. This stands in its place with the same
// contract. Only the simulation includes it.
namespace tailrace::app {

// An ordered map of bytes whose writes are all there or not at all. It dies with the disk: the write that the crash
// interrupts is there or not, as it comes; what was answered is there.
class SimTables {
 public:
  // `disk` is borrowed.
  SimTables(sim::SimDisk& disk, Rng rng) : disk_(disk), rng_(rng) {}

  // Share of the writes that fail without having done anything.
  void SetWriteFailure(double chance) { write_failure_ = chance; }
  // Another connection to what is there. At most one is used at a time.
  std::unique_ptr<table::KeyValueStore> Open() { return std::make_unique<Store>(*this); }

 private:
  using Keys = std::map<std::string, std::string, std::less<>>;

  class SnapshotCursor final : public table::Cursor {
   public:
    SnapshotCursor(Keys keys, Status status) : keys_(std::move(keys)), status_(std::move(status)), at_(keys_.end()) {}
    void Seek(std::string_view key) override { at_ = keys_.lower_bound(key); }
    void SeekBackward(std::string_view key) override {
      at_ = keys_.lower_bound(key);
      Previous();
    }
    bool valid() const override { return at_ != keys_.end(); }
    void Next() override { ++at_; }
    void Previous() override { at_ = at_ == keys_.begin() ? keys_.end() : std::prev(at_); }
    std::string_view key() const override { return at_->first; }
    std::string_view value() const override { return at_->second; }
    Status status() const override { return status_; }

   private:
    const Keys keys_;
    const Status status_;
    Keys::const_iterator at_;
  };

  class Store final : public table::KeyValueStore {
   public:
    explicit Store(SimTables& tables) : tables_(tables) {}
    Result<std::optional<std::string>> Get(table::Space space, std::string_view key) const override {
      TAILRACE_TRY(tables_.Alive());
      const Keys& keys = tables_.spaces_[static_cast<size_t>(space)];
      const auto found = keys.find(key);
      return found == keys.end() ? std::nullopt : std::optional(found->second);
    }
    Status Write(const std::vector<table::Mutation>& mutations) override { return tables_.Write(mutations); }
    std::unique_ptr<table::Cursor> MakeCursor(table::Space space) const override {
      const Status alive = tables_.Alive();
      return std::make_unique<SnapshotCursor>(alive.ok() ? tables_.spaces_[static_cast<size_t>(space)] : Keys(), alive);
    }

   private:
    SimTables& tables_;
  };

  Status Alive() const {
    if (disk_.crashed()) return Error{ErrorCode::kUnavailable, "simulated tables: crashed"};
    return Ok();
  }

  Status Write(const std::vector<table::Mutation>& mutations) {
    TAILRACE_TRY(Alive());
    const Status counted = disk_.OtherOperation();
    if (!counted.ok()) {  // This is the write that the crash interrupts.
      if (rng_.Chance(0.5)) Apply(mutations);
      return counted;
    }
    if (write_failure_ > 0 && rng_.Chance(write_failure_)) {
      return Error{ErrorCode::kLimitExceeded, "simulated tables: no space left"};
    }
    Apply(mutations);
    return Ok();
  }

  void Apply(const std::vector<table::Mutation>& mutations) {
    for (const table::Mutation& mutation : mutations) {
      Keys& keys = spaces_[static_cast<size_t>(mutation.space)];
      switch (mutation.kind) {
        case table::Mutation::Kind::kPut:
          keys[mutation.key] = mutation.value;
          break;
        case table::Mutation::Kind::kDelete:
          keys.erase(mutation.key);
          break;
        case table::Mutation::Kind::kDeleteRange:
          keys.erase(keys.lower_bound(mutation.key), keys.lower_bound(mutation.value));
          break;
      }
    }
  }

  sim::SimDisk& disk_;
  Rng rng_;
  double write_failure_ = 0;
  std::array<Keys, table::kSpaces> spaces_;
};

}  // namespace tailrace::app
