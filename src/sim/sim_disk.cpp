#include "sim/sim_disk.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/str.h"

namespace tailrace::sim {
namespace {

constexpr uint64_t kSectorBytes = 512;

// Without a slash at the end or doubled ones.
std::string Normalise(std::string_view path) {
  std::string normal;
  for (const char c : path) {
    if (c == '/' && !normal.empty() && normal.back() == '/') continue;
    normal += c;
  }
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool IsRoot(const std::string& path) { return path == "/" || path == "." || path.empty(); }

Error NoSuch(const std::string& path) { return Error{ErrorCode::kNotFound, StrCat("simulated disk: no ", path)}; }

}  // namespace

struct SimDisk::Node {
  uint64_t inode = 0;
  bool is_directory = false;
  uint64_t modified_tick = 0;
  std::string bytes;            // As read.
  std::string durable;          // As after a power failure, if nothing else was kept.
  std::set<uint64_t> unsynced;  // Sectors of `bytes` that a Sync would store.
  bool size_unsynced = false;
};

struct SimDisk::NameChange {
  std::string from;  // Empty: created.
  std::string to;    // Empty: removed.
  std::shared_ptr<Node> node;

  std::vector<std::string> directories() const {
    std::vector<std::string> all;
    if (!from.empty()) all.push_back(ParentOf(from));
    if (!to.empty()) all.push_back(ParentOf(to));
    return all;
  }
};

class SimDisk::OpenFile final : public File {
 public:
  OpenFile(SimDisk& disk, std::shared_ptr<Node> node, bool writable)
      : disk_(disk), node_(std::move(node)), writable_(writable), life_(disk.life_) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into) override {
    const std::lock_guard lock(disk_.mutex_);
    TAILRACE_TRY(Usable());
    if (offset >= node_->bytes.size()) return size_t{0};
    const size_t count = std::min<uint64_t>(into.size(), node_->bytes.size() - offset);
    std::memcpy(into.data(), node_->bytes.data() + offset, count);
    return count;
  }

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    TAILRACE_TRY(Usable());
    if (!writable_) return Error{ErrorCode::kPermissionDenied, "simulated disk: file opened for reading"};
    return disk_.Write(*node_, offset, bytes);
  }

  Status Sync() override {
    const std::lock_guard lock(disk_.mutex_);
    TAILRACE_TRY(Usable());
    return disk_.SyncNode(*node_);
  }

  Status Truncate(uint64_t size_bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    TAILRACE_TRY(Usable());
    TAILRACE_TRY(disk_.CountOperation());
    node_->bytes.resize(size_bytes, '\0');
    node_->size_unsynced = true;
    node_->modified_tick = ++disk_.ticks_;
    return Ok();
  }

  Result<FileInfo> Info() override {
    const std::lock_guard lock(disk_.mutex_);
    TAILRACE_TRY(Usable());
    return FileInfo{.size_bytes = node_->bytes.size(),
                    .modified = FromUnixMs(static_cast<int64_t>(node_->modified_tick)),
                    .device = 1,
                    .inode = node_->inode};
  }

 private:
  Status Usable() const {
    TAILRACE_TRY(disk_.Alive());
    if (life_ != disk_.life_) return Error{ErrorCode::kUnavailable, "simulated disk: file opened before a restart"};
    return Ok();
  }

  SimDisk& disk_;
  const std::shared_ptr<Node> node_;
  const bool writable_;
  const uint64_t life_;
};

SimDisk::SimDisk(Rng rng, SimDiskFaults faults) : rng_(rng), faults_(faults) {}

SimDisk::~SimDisk() = default;

Status SimDisk::Alive() const {
  if (crashed_) return Error{ErrorCode::kUnavailable, "simulated disk: crashed"};
  return Ok();
}

Status SimDisk::CountOperation() {
  TAILRACE_TRY(Alive());
  if (faults_.ops_before_crash == 0) {
    crashed_ = true;
    return Alive();
  }
  --faults_.ops_before_crash;
  ++operations_;
  return Ok();
}

uint64_t SimDisk::UsedBytes() const {
  uint64_t bytes = 0;
  for (const auto& [path, node] : names_) bytes += node->bytes.size();
  return bytes;
}

Status SimDisk::Write(Node& node, uint64_t offset, std::string_view bytes) {
  const Status counted = CountOperation();
  // The write that the crash interrupts may have reached any of its sectors.
  uint64_t count = counted.ok() ? bytes.size() : rng_.Below(bytes.size() + 1);
  const bool fails = faults_.write_failure > 0 && rng_.Chance(faults_.write_failure);
  if (fails) count = std::array<uint64_t, 3>{0, rng_.Below(bytes.size() + 1), bytes.size()}[rng_.Below(3)];
  const uint64_t growth = offset + count > node.bytes.size() ? offset + count - node.bytes.size() : 0;
  const uint64_t used = growth > 0 ? UsedBytes() : 0;
  const bool full = growth > 0 && used + growth > faults_.capacity_bytes;
  if (full) {
    const uint64_t over = used + growth - faults_.capacity_bytes;
    count -= std::min(count, over);
  }
  if (count > 0) {
    if (offset + count > node.bytes.size()) {
      node.bytes.resize(offset + count, '\0');
      node.size_unsynced = true;
    }
    node.bytes.replace(offset, count, bytes.substr(0, count));
    for (uint64_t sector = offset / kSectorBytes; sector * kSectorBytes < offset + count; ++sector) {
      node.unsynced.insert(sector);
    }
    node.modified_tick = ++ticks_;
  }
  TAILRACE_TRY(counted);
  if (fails) return Error{ErrorCode::kInternal, "simulated disk: write failed"};
  if (full) return Error{ErrorCode::kLimitExceeded, "simulated disk: no space left"};
  return Ok();
}

namespace {

void KeepSector(uint64_t sector, const std::string& from, std::string& to) {
  const uint64_t begin = sector * kSectorBytes;
  if (begin >= from.size()) return;
  const uint64_t end = std::min<uint64_t>(begin + kSectorBytes, from.size());
  if (to.size() < end) to.resize(end, '\0');
  to.replace(begin, end - begin, from, begin, end - begin);
}

}  // namespace

Status SimDisk::SyncNode(Node& node) {
  TAILRACE_TRY(CountOperation());
  const bool fails = faults_.sync_failure > 0 && rng_.Chance(faults_.sync_failure);
  if (!fails) node.durable.resize(node.bytes.size(), '\0');
  for (const uint64_t sector : node.unsynced) {
    if (!fails || rng_.Chance(0.5)) KeepSector(sector, node.bytes, node.durable);
  }
  node.unsynced.clear();
  node.size_unsynced = false;
  if (fails) return Error{ErrorCode::kInternal, "simulated disk: sync failed"};
  return Ok();
}

void SimDisk::Apply(const NameChange& change, Names& names) const {
  if (!change.from.empty()) {
    names.erase(change.from);
    if (change.node->is_directory) {
      // What is inside moves along, or goes with a removed directory.
      const std::string inside = change.from + "/";
      Names moved;
      for (auto entry = names.lower_bound(inside); entry != names.end() && entry->first.starts_with(inside);) {
        if (!change.to.empty()) moved.emplace(change.to + "/" + entry->first.substr(inside.size()), entry->second);
        entry = names.erase(entry);
      }
      names.merge(moved);
    }
  }
  if (!change.to.empty()) names[change.to] = change.node;
}

void SimDisk::Record(NameChange change) {
  Apply(change, names_);
  changes_.push_back(std::move(change));
}

Result<std::unique_ptr<File>> SimDisk::Open(const std::string& raw_path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  TAILRACE_TRY(Alive());
  const std::string path = Normalise(raw_path);
  auto found = names_.find(path);
  if (found != names_.end()) {
    if (mode == OpenMode::kCreateNew) return Error{ErrorCode::kAlreadyExists, StrCat("simulated disk: ", path)};
    if (found->second->is_directory) {
      return Error{ErrorCode::kInvalidArgument, StrCat("simulated disk: is a directory: ", path)};
    }
  } else {
    const std::string parent = ParentOf(path);
    const auto directory = names_.find(parent);
    const bool has_directory = IsRoot(parent) || (directory != names_.end() && directory->second->is_directory);
    if (mode == OpenMode::kRead || mode == OpenMode::kReadWrite || !has_directory) return NoSuch(path);
    TAILRACE_TRY(CountOperation());
    auto node = std::make_shared<Node>();
    node->inode = next_inode_++;
    node->modified_tick = ++ticks_;
    Record({.to = path, .node = std::move(node)});
    found = names_.find(path);
  }
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, found->second, mode != OpenMode::kRead));
}

Result<FileInfo> SimDisk::Stat(const std::string& raw_path) {
  const std::lock_guard lock(mutex_);
  TAILRACE_TRY(Alive());
  const std::string path = Normalise(raw_path);
  if (IsRoot(path)) return FileInfo{.device = 1, .inode = 1, .is_directory = true};
  const auto found = names_.find(path);
  if (found == names_.end()) return NoSuch(path);
  return FileInfo{.size_bytes = found->second->bytes.size(),
                  .modified = FromUnixMs(static_cast<int64_t>(found->second->modified_tick)),
                  .device = 1,
                  .inode = found->second->inode,
                  .is_directory = found->second->is_directory};
}

Result<std::vector<std::string>> SimDisk::List(const std::string& raw_directory) {
  const std::lock_guard lock(mutex_);
  TAILRACE_TRY(Alive());
  const std::string directory = Normalise(raw_directory);
  const auto found = names_.find(directory);
  if (!IsRoot(directory) && (found == names_.end() || !found->second->is_directory)) return NoSuch(directory);
  std::vector<std::string> names;
  for (const auto& [path, node] : names_) {
    if (ParentOf(path) == directory) names.push_back(path.substr(path.rfind('/') + 1));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status SimDisk::MakeDirectories(const std::string& raw_path) {
  const std::lock_guard lock(mutex_);
  TAILRACE_TRY(Alive());
  const std::string path = Normalise(raw_path);
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string prefix = path.substr(0, end);
    if (IsRoot(prefix)) continue;
    if (const auto found = names_.find(prefix); found != names_.end()) {
      if (found->second->is_directory) continue;
      return Error{ErrorCode::kAlreadyExists, StrCat("simulated disk: not a directory: ", prefix)};
    }
    TAILRACE_TRY(CountOperation());
    auto node = std::make_shared<Node>();
    node->inode = next_inode_++;
    node->is_directory = true;
    Record({.to = prefix, .node = std::move(node)});
  }
  return Ok();
}

Status SimDisk::Remove(const std::string& raw_path) {
  const std::lock_guard lock(mutex_);
  const std::string path = Normalise(raw_path);
  TAILRACE_TRY(Alive());
  const auto found = names_.find(path);
  if (found == names_.end()) return NoSuch(path);
  const auto inside = names_.lower_bound(path + "/");
  if (inside != names_.end() && inside->first.starts_with(path + "/")) {
    return Error{ErrorCode::kFailedPrecondition, StrCat("simulated disk: not empty: ", path)};
  }
  TAILRACE_TRY(CountOperation());
  Record({.from = path, .node = found->second});
  return Ok();
}

Status SimDisk::Rename(const std::string& raw_from, const std::string& raw_to) {
  const std::lock_guard lock(mutex_);
  const std::string from = Normalise(raw_from);
  const std::string to = Normalise(raw_to);
  TAILRACE_TRY(Alive());
  const auto found = names_.find(from);
  if (found == names_.end()) return NoSuch(from);
  const std::string parent = ParentOf(to);
  if (!IsRoot(parent) && !names_.contains(parent)) return NoSuch(parent);
  TAILRACE_TRY(CountOperation());
  if (from != to) Record({.from = from, .to = to, .node = found->second});
  return Ok();
}

Status SimDisk::SyncDirectory(const std::string& raw_path) {
  const std::lock_guard lock(mutex_);
  TAILRACE_TRY(CountOperation());
  const std::string path = Normalise(raw_path);
  std::vector<NameChange> left;
  for (NameChange& change : changes_) {
    const auto directories = change.directories();
    if (std::find(directories.begin(), directories.end(), path) != directories.end()) {
      Apply(change, durable_names_);
    } else {
      left.push_back(std::move(change));
    }
  }
  changes_ = std::move(left);
  return Ok();
}

void SimDisk::LoseUnsynced() {
  std::set<std::string> stopped;  // Directories of which a change was lost: all later ones are as well.
  for (const NameChange& change : changes_) {
    const auto directories = change.directories();
    bool kept = rng_.Chance(0.5);
    for (const std::string& directory : directories) kept &= !stopped.contains(directory);
    if (kept) {
      Apply(change, durable_names_);
    } else {
      stopped.insert(directories.begin(), directories.end());
    }
  }
  // A name in a directory that was itself lost is lost as well. Directories come before what is in them.
  names_.clear();
  for (const auto& [path, node] : durable_names_) {
    const std::string parent = ParentOf(path);
    if (IsRoot(parent) || names_.contains(parent)) names_.emplace(path, node);
  }
  for (auto& [path, node] : names_) {
    if (node->size_unsynced && rng_.Chance(0.5)) node->durable.resize(node->bytes.size(), '\0');
    // Whole writes are as likely to be all there or all gone as to be torn.
    const double kept_share = std::array{0.0, 0.5, 1.0}[rng_.Below(3)];
    for (const uint64_t sector : node->unsynced) {
      if (rng_.Chance(kept_share)) KeepSector(sector, node->bytes, node->durable);
    }
    node->bytes = node->durable;
    node->unsynced.clear();
    node->size_unsynced = false;
  }
}

void SimDisk::Restart(Outage outage) {
  const std::lock_guard lock(mutex_);
  if (outage == Outage::kPowerLost) {
    LoseUnsynced();
    durable_names_ = names_;
    changes_.clear();
  }
  crashed_ = false;
  faults_ = {};
  ++life_;
}

void SimDisk::SetFaults(const SimDiskFaults& faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}

Status SimDisk::OtherOperation() {
  const std::lock_guard lock(mutex_);
  return CountOperation();
}

bool SimDisk::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

uint64_t SimDisk::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

void SimDisk::Overwrite(const std::string& raw_path, uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(Normalise(raw_path));
  TAILRACE_CHECK(found != names_.end());
  for (std::string* content : {&found->second->bytes, &found->second->durable}) {
    if (content->size() < offset + bytes.size()) content->resize(offset + bytes.size(), '\0');
    content->replace(offset, bytes.size(), bytes);
  }
}

}  // namespace tailrace::sim
