#pragma once

#include <memory>

#include "base/clock.h"
#include "base/rng.h"
#include "sim/sim_disk.h"

namespace tailrace::sim {

// While it lives, every SQLite database that this process opens lies on the simulated disk: the real SQLite, with its
// write-ahead log, whose files are torn, lose what was not synced and fill up as the disk says. Shared memory of the
// log ends with its last connection, as after the death of a process. SQLite's randomness comes from the seed.
//
// Threads  One at a time. One object at a time. All databases are closed before it goes.
class SimSqlite {
 public:
  // `disk` and `clock` are borrowed.
  SimSqlite(SimDisk& disk, const Clock& clock, Rng rng);
  ~SimSqlite();
  SimSqlite(const SimSqlite&) = delete;
  SimSqlite& operator=(const SimSqlite&) = delete;

  struct State;  // For the file's own functions.

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tailrace::sim
