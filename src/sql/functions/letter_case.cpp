#include "sql/functions/letter_case.h"

#include <cstdint>

#include "base/str.h"

namespace tailrace::sql {
namespace {

// Small letters [first, last], every `step`-th one, whose capital is `distance` before them.
struct CaseRange {
  uint32_t first;
  uint32_t last;
  int32_t distance;
  uint32_t step = 1;
  bool both_ways = true;  // False: the capital has another small letter.
};

// Source  Unicode Character Database, UnicodeData.txt, fields Simple_Uppercase_Mapping and Simple_Lowercase_Mapping.
constexpr CaseRange kRanges[] = {
    {'a', 'z', 32},
    {0xb5, 0xb5, 0xb5 - 0x39c, 1, false},
    {0xe0, 0xf6, 32},
    {0xf8, 0xfe, 32},
    {0xff, 0xff, 0xff - 0x178},
    {0x101, 0x12f, 1, 2},
    {0x131, 0x131, 0x131 - 'I', 1, false},
    {0x133, 0x137, 1, 2},
    {0x13a, 0x148, 1, 2},
    {0x14b, 0x177, 1, 2},
    {0x17a, 0x17e, 1, 2},
    {0x17f, 0x17f, 0x17f - 'S', 1, false},
    {0x3ac, 0x3ac, 38},
    {0x3ad, 0x3af, 37},
    {0x3b1, 0x3c1, 32},
    {0x3c2, 0x3c2, 31, 1, false},
    {0x3c3, 0x3cb, 32},
    {0x3cc, 0x3cc, 64},
    {0x3cd, 0x3ce, 63},
    {0x430, 0x44f, 32},
    {0x450, 0x45f, 80},
    {0x461, 0x481, 1, 2},
    {0x48b, 0x4bf, 1, 2},
    {0x4c2, 0x4ce, 1, 2},
    {0x4d1, 0x52f, 1, 2},
    {0x561, 0x586, 48},
    {0x1e01, 0x1e95, 1, 2},
    {0x1ea1, 0x1eff, 1, 2},
    {0xff41, 0xff5a, 32},
};
constexpr uint32_t kSharpS = 0xdf;

uint32_t Upper(uint32_t letter) {
  for (const CaseRange& range : kRanges) {
    if (letter >= range.first && letter <= range.last && (letter - range.first) % range.step == 0) {
      return static_cast<uint32_t>(static_cast<int32_t>(letter) - range.distance);
    }
  }
  return letter;
}

uint32_t Lower(uint32_t letter) {
  for (const CaseRange& range : kRanges) {
    const auto small = static_cast<uint32_t>(static_cast<int32_t>(letter) + range.distance);
    if (range.both_ways && small >= range.first && small <= range.last && (small - range.first) % range.step == 0) {
      return small;
    }
  }
  return letter;
}

// The code point of a valid sequence of two or three bytes; 0 for others, which have no case here.
uint32_t Decode(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(character[i])); };
  if (character.size() == 2) return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
  if (character.size() == 3) return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
  return 0;
}

void Encode(uint32_t letter, std::string& out) {
  if (letter < 0x80) {
    out += static_cast<char>(letter);
  } else if (letter < 0x800) {
    out += static_cast<char>(0xc0 | letter >> 6);
    out += static_cast<char>(0x80 | (letter & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | letter >> 12);
    out += static_cast<char>(0x80 | (letter >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (letter & 0x3f));
  }
}

// Appends one character in the other case.
void AppendMapped(std::string& out, std::string_view character, bool upper) {
  const char first = character.front();
  if (character.size() == 1) {
    const bool letter = upper ? first >= 'a' && first <= 'z' : first >= 'A' && first <= 'Z';
    out += letter ? static_cast<char>(first ^ 0x20) : first;
    return;
  }
  const uint32_t letter = Decode(character);
  if (letter == kSharpS && upper) {
    out += "SS";
  } else if (letter == 0) {
    out += character;
  } else {
    Encode(upper ? Upper(letter) : Lower(letter), out);
  }
}

// Calls visit(character) for every character in order.
template <typename Visit>
void ForEachCharacter(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::string_view character =
        static_cast<uint8_t>(text.front()) < 0x80 ? text.substr(0, 1) : Utf8Prefix(text, 1);
    visit(character);
    text.remove_prefix(character.size());
  }
}

std::string Mapped(std::string_view text, bool upper) {
  // Most texts are ASCII: one loop that maps them and finds out whether they are.
  std::string out(text);
  const char low = upper ? 'a' : 'A';
  uint8_t all_bits = 0;
  for (char& c : out) {
    all_bits |= static_cast<uint8_t>(c);
    const bool letter = static_cast<uint8_t>(c - low) < 26;
    c = static_cast<char>(c ^ (letter ? 0x20 : 0));
  }
  if (all_bits < 0x80) return out;
  out.clear();
  ForEachCharacter(text, [&](std::string_view character) { AppendMapped(out, character, upper); });
  return out;
}

}  // namespace

std::string ToUpper(std::string_view text) { return Mapped(text, true); }

std::string ToLower(std::string_view text) { return Mapped(text, false); }

std::string ToInitialCapitals(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool at_start = true;
  ForEachCharacter(text, [&](std::string_view character) {
    AppendMapped(out, character, at_start);
    at_start = character == " ";
  });
  return out;
}

}  // namespace tailrace::sql
