#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/disk.h"
#include "base/result.h"

namespace tailrace::app {

// The time up to which applications may have told the world what they made of time alone (windows that closed, alarms
// that are over). It is stored before that, so that after a restart no record arrives up to it, whatever the machine's
// clock then says: else a window that was told would be another one. One for all applications of a server, as they
// share its clock.
//
// Whoever knows when it will tell something says so (Foresee): then that time is stored shortly before, by a thread,
// and Reach waits for no disk. What nobody foresaw is stored by Reach itself.
//
// State    One small file: docs/checkpoint-format.md.
// Threads  Any; Start and Stop: one owner.
class ToldTime {
 public:
  // How long before a foreseen time it is stored: longer than a busy disk takes.
  static constexpr Milliseconds kAhead{200};

  // `reserve`: how much later than needed the time is stored, so that it is stored once a second and not with every
  // window; with none, nothing is stored ahead. Errors: kCorruption, kUnsupported: the file.
  static Result<std::unique_ptr<ToldTime>> Open(Disk& disk, std::string path, Milliseconds reserve);
  ~ToldTime();

  // From now on a thread stores ahead. `clock` is borrowed until Stop.
  void Start(const Clock& clock);
  void Stop();

  // What earlier runs may have told: the beginning of time when there were none.
  Timestamp told_before() const;
  // Something will be told at about this time. Only a hint: it may come to nothing.
  void Foresee(Timestamp time);
  // Stores what is foreseen for the time from `now` to kAhead later; when there will be something to do again. The
  // thread calls it, or, when there is none, whoever has the time.
  std::optional<Timestamp> StoreAhead(Timestamp now);
  // Returns when everything up to `time` may be told. Errors: those of the disk; then it may not.
  Status Reach(Timestamp time);
  // Takes what an earlier run stored elsewhere.
  Status Adopt(Timestamp time);
  // Stores what was told without the reserve, so that the next start may go on from exactly there.
  void DropReserve();

 private:
  ToldTime(Disk& disk, std::string path, Milliseconds reserve);
  void Run(const Clock& clock);
  // Whether it is stored that everything up to `time` may be told; then it counts as told.
  bool Covers(Timestamp time);
  Status Store(Timestamp time);  // With storing_mutex_ held, which also keeps others from storing an earlier time.

  Disk& disk_;
  const std::string path_;
  const Milliseconds reserve_;
  std::mutex storing_mutex_;  // Held while the file is written; taken before mutex_.
  mutable std::mutex mutex_;  // Guards what follows; never held while the disk works.
  Timestamp told_before_{};
  Timestamp told_{};
  Timestamp stored_{};  // Never later than what the file says.
  std::set<Timestamp> foreseen_;
  std::condition_variable wake_;
  bool news_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

// The beginning of time when there is no such file. Errors: kCorruption, kUnsupported.
Result<Timestamp> ReadToldTime(Disk& disk, const std::string& path);

}  // namespace tailrace::app
