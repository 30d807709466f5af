#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/disk.h"

namespace tailrace::stream {

// Files of a stream that are already written through and wait to become segments: removed segments and files filled
// with zeros. Writing into them changes no file size, which makes a synced append almost twice as fast.
//
// Threads  Any.
class Spares {
 public:
  Spares(Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  // Finds the spares of an earlier run and removes half-made ones.
  Status Recover();
  // Renames a spare to `path`; false when there is none.
  Result<bool> Take(const std::string& path);
  // Takes a file that nobody reads any more, or removes it when there are enough.
  Status Give(const std::string& path, size_t enough);
  // Makes one of `bytes` zeros.
  Status Make(uint64_t bytes);
  bool empty() const;

 private:
  std::string NextPath();

  Disk& disk_;
  const std::string folder_;
  mutable std::mutex mutex_;
  uint64_t next_number_ = 0;
  std::vector<std::string> paths_;
};

// Appends zeros up to the size, in pieces.
Status FillWithZeros(File& file, uint64_t from, uint64_t to);

}  // namespace tailrace::stream
