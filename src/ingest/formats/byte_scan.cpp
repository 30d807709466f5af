#include "ingest/formats/byte_scan.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tailrace::ingest {
namespace {

bool IsStringSpecial(char c) { return c == '"' || c == '\\' || static_cast<signed char>(c) < ' '; }

#if defined(__x86_64__)

// As signed bytes, what is beyond ASCII is below the blank, just as control characters are.
__attribute__((target("avx512bw"))) void MarkBlocks512(const char* text, size_t blocks, uint64_t* marks) {
  const __m512i quote = _mm512_set1_epi8('"');
  const __m512i backslash = _mm512_set1_epi8('\\');
  const __m512i blank = _mm512_set1_epi8(' ');
  for (size_t i = 0; i < blocks; ++i) {
    const __m512i bytes = _mm512_loadu_si512(text + i * 64);
    marks[i] = _mm512_cmpeq_epi8_mask(bytes, quote) | _mm512_cmpeq_epi8_mask(bytes, backslash) |
               _mm512_cmplt_epi8_mask(bytes, blank);
  }
}

__attribute__((target("avx2"))) void MarkBlocks256(const char* text, size_t blocks, uint64_t* marks) {
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i backslash = _mm256_set1_epi8('\\');
  const __m256i blank = _mm256_set1_epi8(' ');
  for (size_t i = 0; i < blocks; ++i) {
    uint64_t mark = 0;
    for (int half = 1; half >= 0; --half) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + i * 64 + half * 32));
      const __m256i special =
          _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, backslash)),
                          _mm256_cmpgt_epi8(blank, bytes));
      mark = mark << 32 | static_cast<uint32_t>(_mm256_movemask_epi8(special));
    }
    marks[i] = mark;
  }
}

#endif

void MarkBlocksPlain(const char* text, size_t blocks, uint64_t* marks) {
  for (size_t i = 0; i < blocks; ++i) {
    uint64_t mark = 0;
    for (size_t bit = 0; bit < 64; ++bit) mark |= uint64_t{IsStringSpecial(text[i * 64 + bit])} << bit;
    marks[i] = mark;
  }
}

using MarkBlocks = void (*)(const char* text, size_t blocks, uint64_t* marks);

MarkBlocks BestForThisMachine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw")) return MarkBlocks512;
  if (__builtin_cpu_supports("avx2")) return MarkBlocks256;
#endif
  return MarkBlocksPlain;
}

}  // namespace

void MarkStringSpecials(std::string_view text, uint64_t* marks) {
  static const MarkBlocks kMark = BestForThisMachine();
  const size_t blocks = text.size() / 64;
  kMark(text.data(), blocks, marks);
  const std::string_view rest = text.substr(blocks * 64);
  if (rest.empty()) return;
  char last[64];
  std::memset(last, ' ', sizeof last);
  std::memcpy(last, rest.data(), rest.size());
  kMark(last, 1, marks + blocks);
}

}  // namespace tailrace::ingest
