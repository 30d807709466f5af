#pragma once

namespace tailrace {

// Has the memory allocator of this process keep little of what was freed: for a program that runs for months. Threads
// share a few heaps, and large blocks go back to the system at once, whatever sizes came before. Before other threads.
void KeepLittleFreedMemory();

}  // namespace tailrace
