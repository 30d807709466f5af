#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "data/batch.h"
#include "data/output_format.h"
#include "sink/environment.h"

namespace tailrace::sink {

struct FileSinkConfig {
  std::string name;  // Unique among all sinks of the data folder.
  std::string path;  // Its directory is made when missing.
  data::Schema schema;
  data::OutputOptions output;
  uint64_t bytes_max = 1 << 30;  // Then the file is renamed to "<path>.<last ordinal>" and a new one begins.
};

// Appends rows as lines to a file. Which of them are on disk stands in "<path>.position", written by Settle and once a
// MiB of lines. After a crash the rows behind that position come again: lines that are the same stay as they are, so
// that somebody who reads along sees nothing of it; anything else is cut off. What a power failure tore is cut off when
// the sink is opened.
//
// Errors  Those of the disk; kCorruption: a position file that is none.
Result<std::unique_ptr<RedrivableSink>> MakeFileSink(const FileSinkConfig& config, Environment& environment);

}  // namespace tailrace::sink
