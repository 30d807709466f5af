#include "stream/store.h"

#include <algorithm>

#include "base/str.h"
#include "stream/metadata.h"

namespace tailrace::stream {
namespace {

constexpr std::string_view kStreamSuffix = ".stream";
constexpr std::string_view kDeletedSuffix = ".deleted";
constexpr std::string_view kMetadataFile = "/stream.meta";
constexpr size_t kNameCharsMax = 128;
constexpr size_t kStreamIdBytes = 16;
constexpr std::chrono::minutes kMaintenanceInterval{1};

Status CheckName(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  if (!name.empty() && name.size() <= kNameCharsMax && std::all_of(name.begin(), name.end(), allowed)) return Ok();
  return Error{ErrorCode::kInvalidArgument,
               StrCat("stream name '", name, "': 1 to ", kNameCharsMax, " of [a-zA-Z0-9_.-] allowed")};
}

// Whether the failure is the stream's own, so that the others can do without it.
bool IsDamage(ErrorCode code) {
  return code == ErrorCode::kCorruption || code == ErrorCode::kUnsupported || code == ErrorCode::kPermissionDenied;
}

}  // namespace

StreamStore::StreamStore(const Stream::Environment& environment, std::string folder, Rng rng)
    : environment_(environment), folder_(std::move(folder)), wake_(std::make_shared<Wake>()), rng_(rng) {}

StreamStore::~StreamStore() {
  {
    const std::lock_guard lock(wake_->mutex);
    wake_->stopping = true;
    wake_->condition.notify_all();
  }
  if (maintenance_.joinable()) maintenance_.join();
}

Result<std::unique_ptr<StreamStore>> StreamStore::Open(const Stream::Environment& environment, std::string folder,
                                                       Rng rng, StoreOptions options) {
  std::unique_ptr<StreamStore> store(new StreamStore(environment, std::move(folder), rng));
  TAILRACE_TRY(store->Recover());
  if (options.maintain_in_background) store->maintenance_ = std::thread([raw = store.get()] { raw->RunMaintenance(); });
  return store;
}

std::string StreamStore::FolderOf(const std::string& name) const { return StrCat(folder_, "/", name, kStreamSuffix); }

std::function<void()> StreamStore::MaintenanceRequest() {
  return [wake = wake_] {
    const std::lock_guard lock(wake->mutex);
    wake->requested = true;
    wake->condition.notify_all();
  };
}

Status StreamStore::Recover() {
  TAILRACE_TRY(MakeDirectoriesDurably(environment_.disk, folder_));
  TAILRACE_TRY(environment_.disk.SyncDirectory(folder_));
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<std::string> names, environment_.disk.List(folder_));
  for (const std::string& entry : names) {
    const std::string folder = folder_ + "/" + entry;
    if (entry.ends_with(kDeletedSuffix)) {
      TAILRACE_TRY(RemoveFolder(folder));
      continue;
    }
    if (!entry.ends_with(kStreamSuffix)) continue;
    const std::string name = entry.substr(0, entry.size() - kStreamSuffix.size());
    if (!Exists(environment_.disk, folder + std::string(kMetadataFile))) {
      TAILRACE_ASSIGN_OR_RETURN(const std::vector<std::string> files, environment_.disk.List(folder));
      const bool has_records =
          std::any_of(files.begin(), files.end(), [](const auto& file) { return file.ends_with(".segment"); });
      if (has_records) {
        damaged_.emplace(name, Error{ErrorCode::kCorruption, StrCat(folder, kMetadataFile, " is missing")});
      } else {
        TAILRACE_TRY(RemoveFolder(folder));  // A crash interrupted its creation.
      }
      continue;
    }
    auto stream = Stream::Open(environment_, folder, MaintenanceRequest());
    if (stream.ok()) {
      streams_.emplace(name, std::move(stream).value());
      continue;
    }
    if (!IsDamage(stream.error().code)) return std::move(stream).error();
    environment_.log.Error("A stream is damaged and stays closed",
                           {{"stream", name}, {"error", stream.error().ToString()}});
    damaged_.emplace(name, std::move(stream).error());
  }
  return Ok();
}

Status StreamStore::RemoveFolder(const std::string& folder) {
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<std::string> names, environment_.disk.List(folder));
  for (const std::string& name : names) TAILRACE_TRY(environment_.disk.Remove(folder + "/" + name));
  TAILRACE_TRY(environment_.disk.Remove(folder));
  return environment_.disk.SyncDirectory(folder_);
}

Result<std::shared_ptr<Stream>> StreamStore::Create(const std::string& name, const StreamOptions& options) {
  TAILRACE_TRY(CheckName(name));
  TAILRACE_TRY(CheckOptions(options));
  const std::lock_guard lock(mutex_);
  if (streams_.contains(name) || damaged_.contains(name)) {
    return Error{ErrorCode::kAlreadyExists, StrCat("stream ", name, " exists")};
  }
  StreamMetadata metadata{.name = name,
                          .id = rng_.Bytes(kStreamIdBytes),
                          .created = environment_.clock.Now(),
                          .options = options,
                          .next_shard = options.shards};
  const std::vector<HashKeyRange> ranges = EvenHashKeyRanges(options.shards);
  for (ShardId id = 0; id < options.shards; ++id) {
    metadata.shards.push_back({.id = id, .range = ranges[id], .created = metadata.created});
  }
  const std::string folder = FolderOf(name);
  // An earlier attempt that failed half way may have left the folder.
  if (Exists(environment_.disk, folder)) TAILRACE_TRY(RemoveFolder(folder));
  TAILRACE_TRY(environment_.disk.MakeDirectories(folder));
  TAILRACE_TRY(environment_.disk.SyncDirectory(folder_));
  TAILRACE_TRY(WriteFileAtomically(environment_.disk, folder + std::string(kMetadataFile), EncodeMetadata(metadata)));
  TAILRACE_ASSIGN_OR_RETURN(std::shared_ptr<Stream> stream, Stream::Open(environment_, folder, MaintenanceRequest()));
  streams_.emplace(name, stream);
  return stream;
}

Result<std::shared_ptr<Stream>> StreamStore::Find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  if (const auto found = streams_.find(name); found != streams_.end()) return found->second;
  if (const auto found = damaged_.find(name); found != damaged_.end()) {
    return Error(found->second).Context(StrCat("stream ", name, " is damaged"));
  }
  return Error{ErrorCode::kNotFound, StrCat("no stream ", name)};
}

Status StreamStore::Delete(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(name);
  if (found == streams_.end() && !damaged_.contains(name)) {
    return Error{ErrorCode::kNotFound, StrCat("no stream ", name)};
  }
  std::unique_lock<std::mutex> maintenance;
  if (found != streams_.end()) maintenance = std::unique_lock(found->second->maintenance_mutex_);
  // First out of the way as a whole, then file by file: a crash between leaves no half of a stream.
  const std::string deleted = StrCat(folder_, "/", name, ".", rng_.Next(), kDeletedSuffix);
  TAILRACE_TRY(environment_.disk.Rename(FolderOf(name), deleted));
  TAILRACE_TRY(environment_.disk.SyncDirectory(folder_));
  if (found != streams_.end()) {
    found->second->MarkDeleted();
    maintenance.unlock();
    streams_.erase(found);
  }
  damaged_.erase(name);
  return RemoveFolder(deleted);
}

std::vector<StreamDescription> StreamStore::List() const {
  const std::lock_guard lock(mutex_);
  std::vector<StreamDescription> all;
  for (const auto& [name, stream] : streams_) all.push_back(stream->Describe());
  for (const auto& [name, error] : damaged_) {
    StreamDescription& damaged = all.emplace_back();
    damaged.name = name;
    damaged.damage = error;
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

Status StreamStore::Maintain() {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, stream] : streams_) streams.push_back(stream);
  }
  Status first = Ok();
  for (const auto& stream : streams) {
    Status status = stream->Maintain();
    if (status.ok()) continue;
    environment_.log.Warning("Maintenance of a stream failed; it is tried again",
                             {{"stream", stream->name()}, {"error", status.error().ToString()}});
    if (first.ok()) first = std::move(status);
  }
  return first;
}

void StreamStore::RunMaintenance() {
  std::unique_lock lock(wake_->mutex);
  while (!wake_->stopping) {
    wake_->condition.wait_for(lock, kMaintenanceInterval, [&] { return wake_->stopping || wake_->requested; });
    if (wake_->stopping) return;
    wake_->requested = false;
    lock.unlock();
    Maintain().Ignore("logged there, and tried again after the interval");
    lock.lock();
  }
}

}  // namespace tailrace::stream
