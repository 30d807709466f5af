#pragma once

#include <chrono>
#include <cstdint>

namespace tailrace {

// Ends this process by SIGPROF once it has used this much processor time, from now on; zero: not any more.
void SetProcessorAlarm(std::chrono::microseconds time);

// The most memory that this process may have for data from now on, and no core file. Without effect where
// sanitizers keep their own books.
void LimitMemoryOfThisProcess(uint64_t bytes);

}  // namespace tailrace
