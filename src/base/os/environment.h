#pragma once

#include <optional>
#include <string>

namespace tailrace {

// The process's environment variable; nothing when it is not set.
std::optional<std::string> ReadEnvironment(const std::string& name);

}  // namespace tailrace
