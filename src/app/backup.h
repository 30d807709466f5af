#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/result.h"

// Copies of a data folder, made beside a running program or without one.
namespace tailrace::app {

struct BackupEnvironment {
  Disk& disk;
  const Clock& clock;
  Log& log;
};

struct BackupSummary {
  uint64_t files = 0;
  uint64_t bytes = 0;
};

// Copies the data folder to `target`, which must not be there yet. The copy is as after a kill at some moment of the
// copying: what was acknowledged before it began is in it, and the parts agree. It is opened once before it counts.
//
// State    Copied in this order: checkpoints, other files, SQLite databases, tables, streams. So nothing is in the copy
//          whose cause is not: outputs are never behind the checkpoint, streams never behind either.
// Errors   kAlreadyExists: the target. kUnavailable: the folder changed too fast, several times. kCorruption: it is
//          damaged itself. What was copied stays, without its list of files, and cannot be restored.
Result<BackupSummary> MakeBackup(const std::string& data_folder, const std::string& target,
                                 const BackupEnvironment& environment);

// Copies a backup to `data_folder`, which must be missing or empty; it is there whole or not at all.
// Errors: kAlreadyExists; kCorruption: a file differs from the backup's list; kNotFound: `backup` is none.
Result<BackupSummary> RestoreBackup(const std::string& backup, const std::string& data_folder,
                                    const BackupEnvironment& environment);

}  // namespace tailrace::app
