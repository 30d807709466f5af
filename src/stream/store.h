#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "stream/stream.h"

namespace tailrace::stream {

struct StoreOptions {
  // Runs Maintain by itself, each minute and when a stream asks. Off in tests, which call it.
  bool maintain_in_background = true;
};

// All streams of one data folder, one directory a stream. The caller holds the folder's lock.
//
// Threads  Any, all calls.
class StreamStore {
 public:
  // Opens and recovers every stream; `folder` is made when missing. A damaged stream does not keep the others from
  // opening: it is listed with its damage, and Find tells it.
  static Result<std::unique_ptr<StreamStore>> Open(const Stream::Environment& environment, std::string folder, Rng rng,
                                                   StoreOptions options = {});
  ~StreamStore();

  // Durable on return. The name has 1 to 128 of [a-zA-Z0-9_.-].
  // Errors: kAlreadyExists; kInvalidArgument: name or options.
  Result<std::shared_ptr<Stream>> Create(const std::string& name, const StreamOptions& options);
  // Errors: kNotFound; kCorruption: damaged.
  Result<std::shared_ptr<Stream>> Find(const std::string& name) const;
  // Removes the stream and its records; whoever still holds it gets kNotFound from then on.
  Status Delete(const std::string& name);
  std::vector<StreamDescription> List() const;  // By name, damaged ones included.

  // Removes what is past retention and prepares segments, in all streams.
  Status Maintain();

 private:
  StreamStore(const Stream::Environment& environment, std::string folder, Rng rng);
  Status Recover();
  Status RemoveFolder(const std::string& folder);
  std::string FolderOf(const std::string& name) const;
  std::function<void()> MaintenanceRequest();
  void RunMaintenance();

  // Shared with the streams, which may outlive the store in somebody's hands.
  struct Wake {
    std::mutex mutex;
    std::condition_variable condition;
    bool requested = false;
    bool stopping = false;
  };

  const Stream::Environment environment_;
  const std::string folder_;
  const std::shared_ptr<Wake> wake_;
  mutable std::mutex mutex_;  // Guards what follows.
  Rng rng_;
  std::map<std::string, std::shared_ptr<Stream>> streams_;
  std::map<std::string, Error> damaged_;
  std::thread maintenance_;
};

}  // namespace tailrace::stream
