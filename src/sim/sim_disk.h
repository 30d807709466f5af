#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/disk.h"
#include "base/rng.h"

namespace tailrace::sim {

struct SimDiskFaults {
  // Operations that change something (write, sync, truncate, create, rename, remove, directory sync) that still
  // succeed; the next one dies half way, and all others after it fail.
  uint64_t ops_before_crash = std::numeric_limits<uint64_t>::max();
  // Chance that a write stores nothing, a first part or all of its bytes and fails.
  double write_failure = 0;
  // Chance that Sync fails. As on Linux, the pages then count as clean: a later Sync succeeds without writing them.
  double sync_failure = 0;
  // All file contents together; a write beyond it stores what fits and fails with kLimitExceeded.
  uint64_t capacity_bytes = std::numeric_limits<uint64_t>::max();
};

enum class Outage : uint8_t {
  kPowerLost,      // What was not synced is lost, kept or torn, each sector of 512 bytes and each name by itself.
  kProcessKilled,  // The operating system goes on: everything written is there, synced or not.
};

// A file system in memory with the promises of POSIX and no more. Everything random comes from the seed.
//
// Names    A create, rename or remove is durable after SyncDirectory of its directory; else, after a power failure, a
//          random first part of each directory's changes is there. A file's Sync does not sync its name.
// Threads  Any.
class SimDisk final : public Disk {
 public:
  explicit SimDisk(Rng rng, SimDiskFaults faults = {});
  ~SimDisk() override;

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status MakeDirectories(const std::string& path) override;
  Status Remove(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status SyncDirectory(const std::string& path) override;

  void SetFaults(const SimDiskFaults& faults);
  // One more operation that changes something, of a store that is simulated beside this disk and dies with it.
  Status OtherOperation();
  bool crashed() const;
  uint64_t operations() const;  // That changed something, so far.

  // Ends the outage (or makes one first, when there was none): files opened before fail for ever, faults are off.
  void Restart(Outage outage = Outage::kPowerLost);

  // Changes stored bytes behind everyone's back, durably: damage.
  void Overwrite(const std::string& path, uint64_t offset, std::string_view bytes);

 private:
  struct Node;
  struct NameChange;
  class OpenFile;
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  Status CountOperation();  // Call with the lock held; fails when the crash is here.
  Status Alive() const;
  Status Write(Node& node, uint64_t offset, std::string_view bytes);
  Status SyncNode(Node& node);
  void LoseUnsynced();
  void Apply(const NameChange& change, Names& names) const;
  void Record(NameChange change);
  uint64_t UsedBytes() const;

  mutable std::mutex mutex_;
  Rng rng_;
  SimDiskFaults faults_;
  bool crashed_ = false;
  uint64_t operations_ = 0;
  uint64_t life_ = 0;  // Counts restarts.
  uint64_t next_inode_ = 2;
  uint64_t ticks_ = 0;               // Stands for the time of change.
  Names names_;                      // As seen.
  Names durable_names_;              // As a power failure leaves them at least.
  std::vector<NameChange> changes_;  // From durable_names_ to names_.
};

}  // namespace tailrace::sim
