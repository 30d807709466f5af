#pragma once

namespace tailrace::cli {

// The other side of sink::delivery::WorkerQuery: answers on standard output until standard input ends, and limits
// itself. Output: the exit code.
int RunPartitionWorker();

}  // namespace tailrace::cli
