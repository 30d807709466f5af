#pragma once

#include <memory>

#include "sink/delivery/object_store.h"

namespace tailrace::sink::delivery {

std::unique_ptr<ObjectStore> MakeDirectoryStore(const DirectoryStoreConfig& config, Disk& disk);

}  // namespace tailrace::sink::delivery
