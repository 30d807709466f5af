#include "base/os/glob.h"

#include <glob.h>

namespace tailrace {

std::vector<std::string> GlobPaths(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), GLOB_NOCHECK, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  } else {
    paths.push_back(pattern);
  }
  ::globfree(&found);
  return paths;
}

}  // namespace tailrace
