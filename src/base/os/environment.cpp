#include "base/os/environment.h"

#include <cstdlib>

namespace tailrace {

std::optional<std::string> ReadEnvironment(const std::string& name) {
  const char* const text = std::getenv(name.c_str());
  return text == nullptr ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace tailrace
