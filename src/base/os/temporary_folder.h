#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace tailrace {

// A folder of this process's own, removed with all that is in it when the object goes. In memory where the machine has
// such a place (/dev/shm), else where TMPDIR says, else under /tmp.
class TemporaryFolder {
 public:
  // Errors: those of the system.
  static Result<TemporaryFolder> Make();
  ~TemporaryFolder();
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace tailrace
