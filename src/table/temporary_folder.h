#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/check.h"

// A folder of its own for a test that needs real files; gone with the object.

namespace tailrace::table {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tailrace-test-XXXXXX").string();
    TAILRACE_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tailrace::table
