#pragma once

#include "app/yaml_reader.h"
#include "base/disk.h"

namespace tailrace::cli {

// Values that a definition takes from the environment and from files.
class ApplicationSources final : public app::ValueSource {
 public:
  explicit ApplicationSources(Disk& disk) : disk_(disk) {}
  Result<std::string> Environment(const std::string& name) override;
  Result<std::string> FileText(const std::string& path) override;  // Without the line end.

 private:
  Disk& disk_;
};

}  // namespace tailrace::cli
