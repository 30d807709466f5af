#include "base/base64.h"

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

}  // namespace

void AppendBase64(std::string_view bytes, std::string& text) {
  const size_t begin = text.size();
  text.resize(begin + (bytes.size() + 2) / 3 * 4);
  char* out = text.data() + begin;
  const auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
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
  char* out = into;
  for (size_t i = 0; i < whole; i += 4, out += 3) {
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
