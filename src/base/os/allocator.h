#pragma once

#include <cstdint>

namespace tailrace {

// How the memory allocator of this process deals with what was freed. Once, before other threads are made.

// Keeps little of it: for a program that runs for months. Threads share a few heaps, and large blocks go back to the
// system at once, whatever sizes came before.
void KeepLittleFreedMemory();

// Uses up to so many bytes a thread again rather than giving them back: for work that frees and takes the same again
// and again.
void KeepFreedMemory(uint64_t bytes_max);

}  // namespace tailrace
