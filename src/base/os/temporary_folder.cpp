#include "base/os/temporary_folder.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "base/os/os_error.h"
#include "base/os/process.h"

namespace tailrace {

Result<TemporaryFolder> TemporaryFolder::Make() {
  std::string parent = EnvironmentVariable("TMPDIR").value_or("/tmp");
  if (::access("/dev/shm", W_OK | X_OK) == 0) parent = "/dev/shm";
  std::string path = parent + "/tailrace-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return OsError(errno, "make a folder in", parent);
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::~TemporaryFolder() {
  if (path_.empty()) return;
  std::error_code ignored;  // What cannot be removed stays for the system's own sweep.
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tailrace
