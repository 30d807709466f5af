#include "ingest/formats/byte_scan.h"

#include <algorithm>
#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tailrace::ingest {
namespace {

uint32_t LowestBit(uint64_t bits) { return static_cast<uint32_t>(std::countr_zero(bits)); }

#if defined(__x86_64__)

// As signed bytes, what is beyond ASCII is below the blank, just as control characters are. The places of a block are
// those of its 64 numbers that the mask leaves.
__attribute__((target("avx512bw,avx512vbmi2,popcnt"))) size_t FindSpecials512(std::string_view text, uint32_t* places) {
  const __m512i quote = _mm512_set1_epi8('"');
  const __m512i backslash = _mm512_set1_epi8('\\');
  const __m512i blank = _mm512_set1_epi8(' ');
  alignas(64) char numbers[64];
  for (int i = 0; i < 64; ++i) numbers[i] = static_cast<char>(i);
  const __m512i all = _mm512_load_si512(numbers);
  uint32_t* const first = places;
  for (size_t at = 0; at < text.size(); at += 64) {
    const size_t left = text.size() - at;
    const __mmask64 there = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
    const __m512i bytes = _mm512_maskz_loadu_epi8(there, text.data() + at);
    const uint64_t special = there & (_mm512_cmpeq_epi8_mask(bytes, quote) | _mm512_cmpeq_epi8_mask(bytes, backslash) |
                                      _mm512_cmplt_epi8_mask(bytes, blank));
    const auto count = static_cast<size_t>(__builtin_popcountll(special));
    const __m512i base = _mm512_set1_epi32(static_cast<int>(at));
    __m512i found = _mm512_maskz_compress_epi8(special, all);
    for (size_t i = 0; i < count; i += 16) {
      const __m512i some = _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(found)), base);
      _mm512_storeu_si512(places + i, some);
      found = _mm512_alignr_epi64(found, found, 2);  // The next 16.
    }
    places += count;
  }
  return static_cast<size_t>(places - first);
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

__attribute__((target("avx512bw,popcnt"))) size_t CountBlocks512(const char* text, size_t blocks, char byte) {
  const __m512i wanted = _mm512_set1_epi8(byte);
  size_t count = 0;
  for (size_t i = 0; i < blocks; ++i) {
    const uint64_t match = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text + i * 64), wanted);
    count += static_cast<size_t>(__builtin_popcountll(match));
  }
  return count;
}

__attribute__((target("avx512bw"))) void AppendBreaks512(const char* text, size_t blocks,
                                                         std::vector<uint32_t>& places) {
  const __m512i line_break = _mm512_set1_epi8('\n');
  for (size_t i = 0; i < blocks; ++i) {
    uint64_t match = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text + i * 64), line_break);
    for (; match != 0; match &= match - 1) places.push_back(static_cast<uint32_t>(i * 64) + LowestBit(match));
  }
}

__attribute__((target("avx512bw"))) LineQuotes FindLineQuotes512(std::string_view line) {
  LineQuotes quotes;
  const __m512i quote = _mm512_set1_epi8('"');
  const __m512i backslash = _mm512_set1_epi8('\\');
  const __m512i line_break = _mm512_set1_epi8('\n');
  uint64_t other = 0;
  for (size_t at = 0; at < line.size(); at += 64) {
    const size_t left = line.size() - at;
    const __mmask64 wanted = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
    const __m512i bytes = _mm512_maskz_loadu_epi8(wanted, line.data() + at);
    other |= _mm512_movepi8_mask(bytes) | _mm512_cmpeq_epi8_mask(bytes, backslash) |
             _mm512_cmpeq_epi8_mask(bytes, line_break);
    quotes.Add(at, _mm512_cmpeq_epi8_mask(bytes, quote));
  }
  quotes.plain = other == 0;
  return quotes;
}

__attribute__((target("avx512bw"))) void MarkThreeBlocks512(const char* text, size_t blocks, const char (&wanted)[3],
                                                            uint64_t* marks) {
  const __m512i a = _mm512_set1_epi8(wanted[0]);
  const __m512i b = _mm512_set1_epi8(wanted[1]);
  const __m512i c = _mm512_set1_epi8(wanted[2]);
  for (size_t i = 0; i < blocks; ++i) {
    const __m512i bytes = _mm512_loadu_si512(text + i * 64);
    marks[i] = _mm512_cmpeq_epi8_mask(bytes, a) | _mm512_cmpeq_epi8_mask(bytes, b) | _mm512_cmpeq_epi8_mask(bytes, c);
  }
}

#endif

void MarkThreeBlocksPlain(const char* text, size_t blocks, const char (&wanted)[3], uint64_t* marks) {
  for (size_t i = 0; i < blocks; ++i) {
    const char* const at = text + i * 64;
    marks[i] = MatchBlock(at, wanted[0]) | MatchBlock(at, wanted[1]) | MatchBlock(at, wanted[2]);
  }
}

LineQuotes FindLineQuotesPlain(std::string_view line) {
  LineQuotes quotes;
  uint64_t other = 0;
  const auto look = [&](const char* block, size_t at) {
    other |= MatchBlock(block, '\\') | MatchBlock(block, '\n');
    quotes.Add(at, MatchBlock(block, '"'));
  };
  size_t at = 0;
  for (; at + 64 <= line.size(); at += 64) look(line.data() + at, at);
  char last[64];
  std::memset(last, ' ', sizeof last);
  if (at < line.size()) std::memcpy(last, line.data() + at, line.size() - at);
  look(last, at);
  quotes.plain = other == 0 && IsAsciiLine(line);
  return quotes;
}

size_t CountBlocksPlain(const char* text, size_t blocks, char byte) {
  size_t count = 0;
  for (size_t i = 0; i < blocks; ++i) count += static_cast<size_t>(std::popcount(MatchBlock(text + i * 64, byte)));
  return count;
}

void AppendBreaksPlain(const char* text, size_t blocks, std::vector<uint32_t>& places) {
  for (size_t i = 0; i < blocks; ++i) {
    uint64_t match = MatchBlock(text + i * 64, '\n');
    for (; match != 0; match &= match - 1) places.push_back(static_cast<uint32_t>(i * 64) + LowestBit(match));
  }
}

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
  if (__builtin_cpu_supports("avx2")) return MarkBlocks256;
#endif
  return MarkBlocksPlain;
}

using CountBlocks = size_t (*)(const char* text, size_t blocks, char byte);

CountBlocks BestCountForThisMachine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("popcnt")) return CountBlocks512;
#endif
  return CountBlocksPlain;
}

using AppendBreaks = void (*)(const char* text, size_t blocks, std::vector<uint32_t>& places);

AppendBreaks BestBreaksForThisMachine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw")) return AppendBreaks512;
#endif
  return AppendBreaksPlain;
}

using MarkThreeBlocks = void (*)(const char* text, size_t blocks, const char (&wanted)[3], uint64_t* marks);

MarkThreeBlocks BestThreeForThisMachine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw")) return MarkThreeBlocks512;
#endif
  return MarkThreeBlocksPlain;
}

using FindQuotes = LineQuotes (*)(std::string_view line);

FindQuotes BestQuotesForThisMachine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw")) return FindLineQuotes512;
#endif
  return FindLineQuotesPlain;
}

// Bit i becomes the parity of bits 0 ... i.
uint64_t ParityOfPrefixes(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

// Of whole blocks: the end of the last line that ends outside quotes; `inside` is all bits or none.
size_t EndInBlocksPlain(const char* text, size_t blocks, uint64_t& inside) {
  size_t end = 0;
  for (size_t at = 0; at < blocks * 64; at += 64) {
    const uint64_t within = ParityOfPrefixes(MatchBlock(text + at, '"')) ^ inside;
    const uint64_t breaks = MatchBlock(text + at, '\n') & ~within;
    if (breaks != 0) end = at + 64 - static_cast<size_t>(std::countl_zero(breaks));
    inside = (within >> 63) != 0 ? ~uint64_t{0} : 0;
  }
  return end;
}

#if defined(__x86_64__)

// The product with all ones, without carries, has the parities of the prefixes.
__attribute__((target("avx512bw,pclmul,lzcnt"))) size_t EndInBlocks512(const char* text, size_t blocks,
                                                                       uint64_t& inside) {
  const __m512i quote = _mm512_set1_epi8('"');
  const __m512i line_break = _mm512_set1_epi8('\n');
  const __m128i ones = _mm_set1_epi64x(-1);
  size_t end = 0;
  for (size_t at = 0; at < blocks * 64; at += 64) {
    const __m512i bytes = _mm512_loadu_si512(text + at);
    const auto quotes = static_cast<int64_t>(_mm512_cmpeq_epi8_mask(bytes, quote));
    const __m128i parities = _mm_clmulepi64_si128(_mm_cvtsi64_si128(quotes), ones, 0);
    const uint64_t within = static_cast<uint64_t>(_mm_cvtsi128_si64(parities)) ^ inside;
    const uint64_t breaks = _mm512_cmpeq_epi8_mask(bytes, line_break) & ~within;
    if (breaks != 0) end = at + 64 - static_cast<size_t>(__builtin_clzll(breaks));
    inside = static_cast<uint64_t>(static_cast<int64_t>(within) >> 63);
  }
  return end;
}

#endif

using EndInBlocks = size_t (*)(const char* text, size_t blocks, uint64_t& inside);

EndInBlocks BestEndForThisMachine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("lzcnt")) {
    return EndInBlocks512;
  }
#endif
  return EndInBlocksPlain;
}

}  // namespace

LineQuotes FindLineQuotes(std::string_view line) {
  static const FindQuotes kFind = BestQuotesForThisMachine();
  return kFind(line);
}

size_t CountByte(std::string_view text, char byte) {
  static const CountBlocks kCount = BestCountForThisMachine();
  const size_t blocks = text.size() / 64;
  const std::string_view rest = text.substr(blocks * 64);
  return kCount(text.data(), blocks, byte) + static_cast<size_t>(std::ranges::count(rest, byte));
}

void AppendLineBreaks(std::string_view text, std::vector<uint32_t>& places) {
  static const AppendBreaks kAppend = BestBreaksForThisMachine();
  const size_t blocks = text.size() / 64;
  kAppend(text.data(), blocks, places);
  for (size_t i = blocks * 64; i < text.size(); ++i) {
    if (text[i] == '\n') places.push_back(static_cast<uint32_t>(i));
  }
}

size_t EndOfUnquotedLines(std::string_view text, bool& in_quotes) {
  static const EndInBlocks kEnd = BestEndForThisMachine();
  uint64_t inside = in_quotes ? ~uint64_t{0} : 0;  // All bits: of the block before, its last one.
  size_t end = kEnd(text.data(), text.size() / 64, inside);
  size_t at = text.size() / 64 * 64;
  in_quotes = inside != 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '"') in_quotes = !in_quotes;
    if (text[at] == '\n' && !in_quotes) end = at + 1;
  }
  return end;
}

namespace {

// The last block, filled up with bytes that `mark` marks nowhere.
template <typename Mark>
void MarkAllBlocks(std::string_view text, char filling, uint64_t* marks, const Mark& mark) {
  const size_t blocks = text.size() / 64;
  mark(text.data(), blocks, marks);
  const std::string_view rest = text.substr(blocks * 64);
  if (rest.empty()) return;
  char last[64];
  std::memset(last, filling, sizeof last);
  std::memcpy(last, rest.data(), rest.size());
  mark(last, 1, marks + blocks);
}

size_t FindSpecialsByBlocks(std::string_view text, uint32_t* places) {
  static const MarkBlocks kMark = BestForThisMachine();
  uint32_t* const first = places;
  for (size_t at = 0; at < text.size(); at += 64) {
    uint64_t special = 0;
    MarkAllBlocks(text.substr(at, 64), ' ', &special, kMark);
    for (; special != 0; special &= special - 1) *places++ = static_cast<uint32_t>(at) + LowestBit(special);
  }
  return static_cast<size_t>(places - first);
}

using FindSpecials = size_t (*)(std::string_view text, uint32_t* places);

FindSpecials BestSpecialsForThisMachine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("popcnt")) {
    return FindSpecials512;
  }
#endif
  return FindSpecialsByBlocks;
}

}  // namespace

size_t FindStringSpecials(std::string_view text, uint32_t* places) {
  static const FindSpecials kFind = BestSpecialsForThisMachine();
  return kFind(text, places);
}

void MarkThree(std::string_view text, char a, char b, char c, uint64_t* marks) {
  static const MarkThreeBlocks kMark = BestThreeForThisMachine();
  const char wanted[3] = {a, b, c};
  char filling = 0;
  while (filling == a || filling == b || filling == c) ++filling;
  MarkAllBlocks(text, filling, marks,
                [&](const char* bytes, size_t blocks, uint64_t* into) { kMark(bytes, blocks, wanted, into); });
}

}  // namespace tailrace::ingest
