#include "sink/delivery/directory_store.h"

#include "base/hash.h"
#include "base/str.h"

namespace tailrace::sink::delivery {
namespace {

constexpr size_t kNameBytesMax = 255;  // Of a file, on every file system that matters.
constexpr std::string_view kPartialFolder = ".tailrace-partial";

// Writes into a hidden folder and renames: who lists the archive meets no half object. The partial file has the name of
// its object's hash, so the try that follows a crash takes its place.
class DirectoryStore final : public ObjectStore {
 public:
  DirectoryStore(std::string folder, Disk& disk) : folder_(std::move(folder)), disk_(disk) {}

  Status Put(const std::string& key, std::string_view bytes, std::string_view /*content_type*/) override {
    TAILRACE_ASSIGN_OR_RETURN(const std::string path, FilePathOfKey(key));
    const std::string partial_folder = StrCat(folder_, "/", kPartialFolder);
    TAILRACE_TRY(MakeDirectoriesDurably(disk_, partial_folder));
    const auto digest = Sha256(key);
    const std::string partial =
        StrCat(partial_folder, "/", ToHex({reinterpret_cast<const char*>(digest.data()), digest.size()}));
    {
      TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, disk_.Open(partial, OpenMode::kCreate));
      TAILRACE_TRY(file->Truncate(0));
      TAILRACE_TRY(file->WriteAt(0, bytes));
      TAILRACE_TRY(file->Sync());
    }
    const std::string target = StrCat(folder_, "/", path);
    const std::string target_folder = target.substr(0, target.rfind('/'));
    TAILRACE_TRY(MakeDirectoriesDurably(disk_, target_folder));
    TAILRACE_TRY(disk_.Rename(partial, target));
    return disk_.SyncDirectory(target_folder);
  }

 private:
  const std::string folder_;
  Disk& disk_;
};

}  // namespace

Result<std::string> FilePathOfKey(std::string_view key) {
  std::string path;
  for (const std::string_view part : Split(key, '/')) {
    if (part.empty()) continue;
    if (part.size() > kNameBytesMax) {
      return Error{ErrorCode::kInvalidArgument, StrCat("object name has a part of ", part.size(),
                                                       " bytes, a file name has at most ", kNameBytesMax)};
    }
    if (!path.empty()) path += '/';
    // Keys may come from the records: they must not lead out of the folder, or into the hidden one.
    const bool dots = part == "." || part == ".." || part == kPartialFolder;
    if (dots) path += "%2E";
    for (const char c : dots ? part.substr(1) : part) {
      if (c == '\0') {
        path += "%00";
      } else {
        path += c;
      }
    }
  }
  if (path.empty()) return Error{ErrorCode::kInvalidArgument, "object name is empty"};
  return path;
}

std::unique_ptr<ObjectStore> MakeDirectoryStore(const DirectoryStoreConfig& config, Disk& disk) {
  return std::make_unique<DirectoryStore>(config.path, disk);
}

}  // namespace tailrace::sink::delivery
