#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/definition.h"
#include "base/disk.h"
#include "base/result.h"

namespace tailrace::app {

class RunningApplication;
class Runtime;

// Something that is wrong, or looks it, with a definition.
struct Finding {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t length = 0;  // Characters of the line that are meant; 0: a place alone.
  bool warning = false;
  std::string message;
  std::string hint;
};
std::vector<Finding> Findings(const Definition& definition);
// "file:line:column: message; hint"
std::string Format(const Finding& finding);

struct ReloadOutcome {
  std::string application;
  bool reloaded = false;  // Else the definition has errors and the old one goes on.
  std::vector<Finding> findings;
  // What became of the pumps, when reloaded: their plans are as before and so is their state; begun now; ended.
  std::vector<std::string> kept_pumps;
  std::vector<std::string> new_pumps;
  std::vector<std::string> gone_pumps;
};

// Puts changed definitions into force while their applications run: each as a whole or not at all.
//
// Errors   Of Reload and ReplaceSql: kNotFound: no such application, or its file has gone. Those of Runtime::Replace.
// Threads  Any; one reload at a time.
class Reloader {
 public:
  // Reads the definition at `path` from `disk`.
  using Load = std::function<Result<Definition>(Disk& disk, const std::string& path)>;

  // `runtime` is borrowed.
  Reloader(Runtime& runtime, Load load) : runtime_(runtime), load_(std::move(load)) {}

  // The files as they are now are those that the definition was read from.
  void Watch(const ApplicationConfig& config);
  // Reads the application's files again.
  Result<ReloadOutcome> Reload(const std::string& application);
  // What is wrong with the application when its SQL is this text. Nothing is written, nothing changes.
  Result<std::vector<Finding>> CheckSql(const std::string& application, const std::string& sql);
  // Writes the text into the application's SQL file and reloads. A text with errors is not written.
  Result<ReloadOutcome> ReplaceSql(const std::string& application, const std::string& sql);
  // Reloads applications whose files have changed since they were last read; what changed since the last call is left
  // for the next one, since somebody may still be writing. Of more than a hundred applications each call looks at the
  // next hundred. What happens is logged.
  void ReloadChanged();
  // All of them, as on SIGHUP. What happens is logged.
  void ReloadAll();

 private:
  using Stamps = std::vector<std::optional<FileInfo>>;
  struct Watched {
    Stamps loaded;
    Stamps seen;
  };

  Stamps StampsOf(const ApplicationConfig& config);
  static bool Same(const Stamps& a, const Stamps& b);
  Result<ReloadOutcome> ReloadFrom(Disk& disk, const std::string& application);
  // Finds the application that is to have this SQL. Errors: kNotFound; kLimitExceeded: the text.
  Result<std::shared_ptr<RunningApplication>> Find(const std::string& application, const std::string& sql) const;
  Status PutInForce(Definition definition, ReloadOutcome& outcome);
  void ReloadLogged(const std::string& application);

  Runtime& runtime_;
  const Load load_;
  std::mutex mutex_;  // Guards what follows, and lets one reload pass at a time.
  std::map<std::string, Watched> watched_;
  size_t next_look_ = 0;
};

}  // namespace tailrace::app
