#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Searches over short ranges of bytes, 16 at a time where the machine can. They never read beyond `end`.

namespace tailrace::ingest {

// Marks the bytes of `text` that cannot simply stand inside a JSON string: quotes, backslashes, control characters and
// parts of characters beyond ASCII. Bit i of marks[i / 64] is byte i; `marks` has room for all of them.
void MarkStringSpecials(std::string_view text, uint64_t* marks);

// The first byte of [at, end) that is one of three; `end` when there is none.
inline const char* FindOneOf(const char* at, const char* end, char a, char b, char c) {
#if defined(__SSE2__)
  const __m128i as = _mm_set1_epi8(a);
  const __m128i bs = _mm_set1_epi8(b);
  const __m128i cs = _mm_set1_epi8(c);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i found =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, as), _mm_cmpeq_epi8(bytes, bs)), _mm_cmpeq_epi8(bytes, cs));
    const int mask = _mm_movemask_epi8(found);
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  for (; at < end; ++at) {
    if (*at == a || *at == b || *at == c) return at;
  }
  return end;
}

// True when the `size` bytes at `at` are those at `expected`, behind which 16 bytes may be read.
inline bool SameBytes(const char* at, const char* end, const char* expected, size_t size) {
  if (static_cast<size_t>(end - at) < size) return false;
#if defined(__SSE2__)
  while (end - at >= 16) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(expected));
    const auto equal = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)));
    if (size <= 16) {
      const unsigned wanted = size == 16 ? 0xffffU : (1U << size) - 1;
      return (equal & wanted) == wanted;
    }
    if (equal != 0xffffU) return false;
    at += 16;
    expected += 16;
    size -= 16;
  }
#endif
  return std::memcmp(at, expected, size) == 0;
}

}  // namespace tailrace::ingest
