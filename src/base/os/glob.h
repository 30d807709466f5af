#pragma once

#include <string>
#include <vector>

namespace tailrace {

// Paths that a shell pattern stands for, sorted; the text itself when it matches nothing.
// Source  glob(7).
std::vector<std::string> GlobPaths(const std::string& pattern);

}  // namespace tailrace
