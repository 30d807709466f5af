#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/disk.h"
#include "base/result.h"

namespace tailrace::app {

// The time up to which applications may have told the world what they made of time alone (windows that closed, alarms
// that are over). It is stored before that, so that after a restart no record arrives up to it, whatever the machine's
// clock then says: else a window that was told would be another one. One for all applications of a server, as they
// share its clock.
//
// State    One small file: docs/checkpoint-format.md.
// Threads  Any.
class ToldTime {
 public:
  // `reserve`: how much later than needed the time is stored, so that it is stored once a second and not with every
  // window. Errors: kCorruption, kUnsupported: the file.
  static Result<std::unique_ptr<ToldTime>> Open(Disk& disk, std::string path, Milliseconds reserve);

  // What earlier runs may have told: the beginning of time when there were none.
  Timestamp told_before() const;
  // Returns when everything up to `time` may be told. Errors: those of the disk; then it may not.
  Status Reach(Timestamp time);
  // Takes what an earlier run stored elsewhere.
  Status Adopt(Timestamp time);
  // Stores what was told without the reserve, so that the next start may go on from exactly there.
  void DropReserve();

 private:
  ToldTime(Disk& disk, std::string path, Milliseconds reserve);
  Status Store(Timestamp time);

  Disk& disk_;
  const std::string path_;
  const Milliseconds reserve_;
  mutable std::mutex mutex_;  // Guards what follows.
  Timestamp told_before_{};
  Timestamp told_{};
  Timestamp stored_{};
};

// The beginning of time when there is no such file. Errors: kCorruption, kUnsupported.
Result<Timestamp> ReadToldTime(Disk& disk, const std::string& path);

}  // namespace tailrace::app
