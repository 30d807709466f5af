#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/disk.h"
#include "base/net.h"
#include "base/result.h"
#include "sink/delivery/definition.h"

namespace tailrace::sink::delivery {

// Where objects go. An object is there whole or not at all; putting it again replaces it.
//
// Errors   kUnavailable, kTimeout, kPermissionDenied, kNotFound (bucket), kLimitExceeded (disk full): worth a retry
//          when somebody has helped. kInvalidArgument: this key cannot be stored, ever.
// Threads  One owner.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  virtual Status Put(const std::string& key, std::string_view bytes, std::string_view content_type) = 0;
};

struct ObjectStoreEnvironment {
  Disk& disk;
  Net& net;
  const Clock& clock;
};

// `environment`'s parts are borrowed and outlive the store.
std::unique_ptr<ObjectStore> MakeObjectStore(const ObjectStoreConfig& config,
                                             const ObjectStoreEnvironment& environment);

// Parts of a folder store's path below its folder: no part leads out of it. Errors: kInvalidArgument: a part is too
// long for a file name.
Result<std::string> FilePathOfKey(std::string_view key);

}  // namespace tailrace::sink::delivery
