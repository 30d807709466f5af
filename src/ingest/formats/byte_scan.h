#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Searches over short ranges of bytes, 16 at a time where the machine can. They never read beyond `end`.

namespace tailrace::ingest {

// Whether the byte cannot simply stand inside a JSON string: quotes, backslashes, control characters and parts of
// characters beyond ASCII.
inline bool IsStringSpecial(char c) { return c == '"' || c == '\\' || static_cast<signed char>(c) < ' '; }

// Puts the places of those bytes into `places`, in order; gives how many there are. `places` has room for as many as
// `text` has bytes, and kSpecialsSlack more, which are left with anything.
size_t FindStringSpecials(std::string_view text, uint32_t* places);
inline constexpr size_t kSpecialsSlack = 16;

// Where the first double quotes of a line are.
struct LineQuotes {
  static constexpr size_t kMax = 6;  // More are not looked for.
  size_t at[kMax];
  size_t count = 0;
  bool plain = false;  // The line is ASCII without backslashes and line breaks.

  // Takes the set bits of the 64 bytes from `from` on.
  void Add(size_t from, uint64_t bits) {
    for (; bits != 0 && count < kMax; bits &= bits - 1) at[count++] = from + static_cast<size_t>(__builtin_ctzll(bits));
  }
};
LineQuotes FindLineQuotes(std::string_view line);

// Marks the bytes that are one of three: bit i of marks[i / 64] is byte i; `marks` has room for all of them.
void MarkThree(std::string_view text, char a, char b, char c, uint64_t* marks);

// How often the byte stands in the text.
size_t CountByte(std::string_view text, char byte);

// Appends the places of all line breaks. `text` has less than 4 GiB.
void AppendLineBreaks(std::string_view text, std::vector<uint32_t>& places);

// The place behind the last line break that no double quotes enclose; 0 when there is none. `in_quotes`: whether the
// text begins within quotes; set to whether it ends within some.
size_t EndOfUnquotedLines(std::string_view text, bool& in_quotes);

// Bit i is set when byte i of the 64 at `at` is `byte`.
inline uint64_t MatchBlock(const char* at, char byte) {
  uint64_t match = 0;
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi8(byte);
  for (int part = 3; part >= 0; --part) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + part * 16));
    match = match << 16 | static_cast<uint64_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)));
  }
#else
  for (size_t i = 0; i < 64; ++i) match |= uint64_t{at[i] == byte} << i;
#endif
  return match;
}

// The first such byte of [at, end); `end` when there is none. For what is near: memchr is quicker over long ranges.
inline const char* FindByte(const char* at, const char* end, char byte) {
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi8(byte);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted));
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  for (; at < end; ++at) {
    if (*at == byte) return at;
  }
  return end;
}

// Whether the text is ASCII without a line break.
inline bool IsAsciiLine(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  bool other = false;
#if defined(__SSE2__)
  const __m128i line_break = _mm_set1_epi8('\n');
  __m128i found = _mm_setzero_si128();  // The highest bit of a byte counts.
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    found = _mm_or_si128(found, _mm_or_si128(bytes, _mm_cmpeq_epi8(bytes, line_break)));
  }
  other = _mm_movemask_epi8(found) != 0;
#endif
  for (; at < end; ++at) other |= static_cast<signed char>(*at) < 0 || *at == '\n';
  return !other;
}

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
  const auto equal_bytes = [](const char* one, const char* other) {
    return _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(one)),
                          _mm_loadu_si128(reinterpret_cast<const __m128i*>(other)));
  };
  if (size >= 16 && size <= 32) {  // Two parts that may overlap.
    const __m128i both = _mm_and_si128(equal_bytes(at, expected), equal_bytes(at + size - 16, expected + size - 16));
    return _mm_movemask_epi8(both) == 0xffff;
  }
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
