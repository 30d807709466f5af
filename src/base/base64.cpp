#include "base/base64.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>

namespace tailrace {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint32_t kWrong = 0xff000000;

// Two characters for every 12 bits.
constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kAlphabet[i >> 6], kAlphabet[i & 63]};
  return pairs;
}();

// The bits of a character at each of the four places of a group; kWrong for what is not in the alphabet.
constexpr auto kPlaces = [] {
  std::array<std::array<uint32_t, 256>, 4> places{};
  for (size_t place = 0; place < 4; ++place) {
    places[place].fill(kWrong);
    for (uint32_t i = 0; i < kAlphabet.size(); ++i) {
      places[place][static_cast<uint8_t>(kAlphabet[i])] = i << (18 - 6 * place);
    }
  }
  return places;
}();

uint32_t Group(const char* text) {
  return kPlaces[0][static_cast<uint8_t>(text[0])] | kPlaces[1][static_cast<uint8_t>(text[1])] |
         kPlaces[2][static_cast<uint8_t>(text[2])] | kPlaces[3][static_cast<uint8_t>(text[3])];
}

void Put(uint32_t group, size_t count, char* into) {
  for (size_t i = 0; i < count; ++i) into[i] = static_cast<char>(group >> (16 - 8 * i));
}

Base64Decoded WrongCharacter(std::string_view text, size_t written) {
  for (const char c : text) {
    if (kPlaces[3][static_cast<uint8_t>(c)] == kWrong) return {Base64Decoded::Fault::kCharacter, c, written};
  }
  return {Base64Decoded::Fault::kLastCharacter, 0, written};
}

// Work on the beginning of a text in steps, as far as whole steps go, and tell how many bytes of it they took.
using EncodeSteps = size_t (*)(const uint8_t* bytes, size_t size, char* into);
using DecodeSteps = size_t (*)(const char* text, size_t size, char* into);  // Stops before a wrong character.

size_t NoEncodeSteps(const uint8_t*, size_t, char*) { return 0; }
size_t NoDecodeSteps(const char*, size_t, char*) { return 0; }

#if defined(__x86_64__)

// 24 bytes make 32 characters. Each 32-bit lane gets the three bytes of its group as b a c b, so that two
// multiplications move the four six-bit numbers to the bytes where they belong.
__attribute__((target("avx2"))) size_t EncodeSteps256(const uint8_t* bytes, size_t size, char* into) {
  const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,  //
                                          1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
  // What is added to a number to get its character: by range, lower case first, then each digit, '+', '/', upper case.
  const __m256i add = _mm256_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                       '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0,  //
                                       'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                       '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
  size_t done = 0;
  for (; size - done >= 28; done += 24, into += 32) {  // The upper half is read as 16 bytes, of which it uses 12.
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + done));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + done + 12));
    const __m256i groups = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
    const __m256i odd =
        _mm256_mulhi_epu16(_mm256_and_si256(groups, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
    const __m256i even =
        _mm256_mullo_epi16(_mm256_and_si256(groups, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
    const __m256i numbers = _mm256_or_si256(odd, even);
    // 0 for lower case, 1 to 12 for what follows, 13 for upper case.
    const __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), numbers);
    const __m256i range =
        _mm256_or_si256(_mm256_subs_epu8(numbers, _mm256_set1_epi8(51)), _mm256_and_si256(upper, _mm256_set1_epi8(13)));
    const __m256i text = _mm256_add_epi8(numbers, _mm256_shuffle_epi8(add, range));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(into), text);
  }
  return done;
}

// 32 characters make 24 bytes. Whether a character is right is told by its two halves: each half has a set of faults
// that it may take part in, and a character is wrong when the sets of both share one.
__attribute__((target("avx2"))) size_t DecodeSteps256(const char* text, size_t size, char* into) {
  const __m256i faults_low = _mm256_setr_epi8(
      0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a,  //
      0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
  const __m256i faults_high = _mm256_setr_epi8(
      0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,  //
      0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
  // By the upper half: '+', digits, upper case twice, lower case twice. '/' shares its upper half with '+' and is told
  // apart by taking one off: so its place is the first.
  const __m256i add =
      _mm256_setr_epi8(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0,  //
                       0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i gather = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,  //
                                          2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m256i half = _mm256_set1_epi8(0x0f);
  size_t done = 0;
  for (; size - done >= 32; done += 32, into += 24) {
    const __m256i characters = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + done));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi32(characters, 4), half);
    const __m256i low = _mm256_and_si256(characters, half);
    const __m256i fault =
        _mm256_and_si256(_mm256_shuffle_epi8(faults_low, low), _mm256_shuffle_epi8(faults_high, high));
    if (_mm256_testz_si256(fault, fault) == 0) break;
    const __m256i slash = _mm256_cmpeq_epi8(characters, _mm256_set1_epi8('/'));  // -1 where it is one.
    const __m256i numbers = _mm256_add_epi8(characters, _mm256_shuffle_epi8(add, _mm256_add_epi8(high, slash)));
    const __m256i pairs = _mm256_maddubs_epi16(numbers, _mm256_set1_epi32(0x01400140));
    const __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    const __m256i bytes = _mm256_shuffle_epi8(groups, gather);
    // Twelve bytes a half. Not more than that is written: behind it stands text that is not read yet.
    const __m256i whole = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(into), _mm256_castsi256_si128(whole));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(into + 16), _mm256_extracti128_si256(whole, 1));
  }
  return done;
}

#endif

EncodeSteps BestEncode() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return EncodeSteps256;
#endif
  return NoEncodeSteps;
}

DecodeSteps BestDecode() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return DecodeSteps256;
#endif
  return NoDecodeSteps;
}

}  // namespace

void AppendBase64(std::string_view bytes, std::string& text) {
  const size_t begin = text.size();
  const size_t size = begin + Base64Size(bytes.size());
  if (size > text.capacity()) text.reserve(std::max(size, 2 * text.capacity()));
  text.resize_and_overwrite(size, [&](char* data, size_t whole) {
    EncodeBase64(bytes, data + begin);
    return whole;
  });
}

void EncodeBase64(std::string_view bytes, char* out) {
  static const EncodeSteps steps = BestEncode();
  const auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
  const size_t done = steps(in, bytes.size(), out);
  size_t left = bytes.size() - done;
  in += done;
  out += done / 3 * 4;
  for (; left >= 3; left -= 3, in += 3, out += 4) {
    const uint32_t group = uint32_t{in[0]} << 16 | uint32_t{in[1]} << 8 | in[2];
    const auto& high = kPairs[group >> 12];
    const auto& low = kPairs[group & 4095];
    out[0] = high[0];
    out[1] = high[1];
    out[2] = low[0];
    out[3] = low[1];
  }
  if (left == 0) return;
  const uint32_t group = uint32_t{in[0]} << 16 | (left == 2 ? uint32_t{in[1]} << 8 : 0);
  out[0] = kPairs[group >> 12][0];
  out[1] = kPairs[group >> 12][1];
  out[2] = left == 2 ? kPairs[group & 4095][0] : '=';
  out[3] = '=';
}

Base64Decoded DecodeBase64(std::string_view text, char* into) {
  using Fault = Base64Decoded::Fault;
  if (text.size() % 4 != 0) return {Fault::kLength, 0, 0};
  if (text.empty()) return {};
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const size_t whole = padding == 0 ? text.size() : text.size() - 4;
  static const DecodeSteps steps = BestDecode();
  const size_t done = steps(text.data(), whole, into);
  char* out = into + done / 4 * 3;
  for (size_t i = done; i < whole; i += 4, out += 3) {
    const uint32_t group = Group(text.data() + i);
    if (group >= kWrong) return WrongCharacter(text.substr(i, 4), i / 4 * 3);
    Put(group, 3, out);
  }
  if (padding > 0) {
    const std::string_view last = text.substr(whole, 4 - padding);
    const char filled[4] = {last[0], last[1], padding == 1 ? last[2] : 'A', 'A'};
    const uint32_t group = Group(filled);
    if (group >= kWrong) return WrongCharacter(last, whole / 4 * 3);
    if ((group & (padding == 1 ? 0xffU : 0xffffU)) != 0) return {Fault::kLastCharacter, 0, whole / 4 * 3};
    Put(group, 3 - padding, out);
    out += 3 - padding;
  }
  return {Fault::kNone, 0, static_cast<size_t>(out - into)};
}

}  // namespace tailrace
