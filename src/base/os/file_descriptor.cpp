#include "base/os/file_descriptor.h"

#include <unistd.h>

namespace tailrace {

FileDescriptor::~FileDescriptor() {
  // Whoever needs the outcome of a write syncs first; on Linux the descriptor is gone even after EINTR.
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace tailrace
