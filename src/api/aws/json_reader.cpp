#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <bit>
#include <charconv>
#include <cstring>

#include "api/aws/value.h"
#include "base/str.h"

namespace tailrace::api::aws {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighs = 0x8080808080808080;

// Whether one of eight characters may end or interrupt a run of plain ASCII: quote, backslash, control, beyond ASCII.
bool MayInterrupt(const char* text) {
  uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  const uint64_t found =
      ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) | ((word - kOnes * 0x20) & ~word) | word;
  return (found & kHighs) != 0;
}

// How many characters at the beginning of a text are plain; fewer when the rest is too short for a step.
using CountPlain = size_t (*)(const char* text, size_t size);

size_t CountPlain64(const char* text, size_t size) {
  size_t done = 0;
  while (size - done >= 8 && !MayInterrupt(text + done)) done += 8;
  return done;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) size_t CountPlain256(const char* text, size_t size) {
  size_t done = 0;
  for (; size - done >= 32; done += 32) {
    const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + done));
    const __m256i end = _mm256_or_si256(_mm256_cmpeq_epi8(block, _mm256_set1_epi8('"')),
                                        _mm256_cmpeq_epi8(block, _mm256_set1_epi8('\\')));
    const __m256i other = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), block);  // Beyond ASCII is below zero.
    const auto found = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(end, other)));
    if (found != 0) return done + static_cast<size_t>(std::countr_zero(found));
  }
  return done;
}
#endif

CountPlain BestForThisMachine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return CountPlain256;
#endif
  return CountPlain64;
}

// RFC 8259, from one buffer into nodes. Texts with escapes are rewritten where they stand, as they only get shorter.
class JsonReader {
 public:
  JsonReader(std::string& body, std::vector<Node>& nodes)
      : at_(body.data()), end_(body.data() + body.size()), nodes_(nodes) {}

  bool Read() {
    if (!ReadValue(0)) return false;
    SkipBlanks();
    return at_ == end_;
  }

 private:
  void SkipBlanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool Take(char c) {
    SkipBlanks();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  bool Add(Kind kind) {
    if (nodes_.size() >= Document::kNodesMax) return false;
    nodes_.emplace_back();
    nodes_.back().kind = kind;
    nodes_.back().end = static_cast<uint32_t>(nodes_.size());
    return true;
  }

  bool ReadValue(size_t depth) {
    SkipBlanks();
    if (at_ == end_ || depth > Document::kDepthMax) return false;
    switch (*at_) {
      case '{':
        return ReadMap(depth);
      case '[':
        return ReadList(depth);
      case '"':
        return ReadText();
      case 't':
        return ReadWord("true", Kind::kBoolean, true);
      case 'f':
        return ReadWord("false", Kind::kBoolean, false);
      case 'n':
        return ReadWord("null", Kind::kNull, false);
      default:
        return ReadNumber();
    }
  }

  bool ReadWord(std::string_view word, Kind kind, bool boolean) {
    if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(word) || !Add(kind)) return false;
    at_ += word.size();
    nodes_.back().boolean = boolean;
    return true;
  }

  bool ReadMap(size_t depth) {
    const size_t index = nodes_.size();
    if (!Add(Kind::kMap)) return false;
    ++at_;
    uint32_t entries = 0;
    if (!Take('}')) {
      do {
        SkipBlanks();
        if (at_ == end_ || *at_ != '"' || !ReadText() || !Take(':') || !ReadValue(depth + 1)) return false;
        ++entries;
      } while (Take(','));
      if (!Take('}')) return false;
    }
    Close(index, entries);
    return true;
  }

  bool ReadList(size_t depth) {
    const size_t index = nodes_.size();
    if (!Add(Kind::kList)) return false;
    ++at_;
    uint32_t elements = 0;
    if (!Take(']')) {
      do {
        if (!ReadValue(depth + 1)) return false;
        ++elements;
      } while (Take(','));
      if (!Take(']')) return false;
    }
    Close(index, elements);
    return true;
  }

  void Close(size_t index, uint32_t size) {
    nodes_[index].size = size;
    nodes_[index].end = static_cast<uint32_t>(nodes_.size());
  }

  bool ReadText() {
    if (!Add(Kind::kText)) return false;
    char* const begin = ++at_;
    char* out = begin;
    bool ascii = true;
    while (true) {
      Keep(count_plain_(at_, static_cast<size_t>(end_ - at_)), out);
      if (at_ == end_) return false;
      const auto c = static_cast<uint8_t>(*at_);
      if (c == '"') break;
      if (c < 0x20) return false;
      if (c == '\\') {
        if (!ReadEscape(out, ascii)) return false;
      } else {
        ascii = ascii && c < 0x80;
        Keep(1, out);
      }
    }
    ++at_;
    Node& node = nodes_.back();
    node.text = begin;
    node.size = static_cast<uint32_t>(out - begin);
    return ascii || IsValidUtf8({begin, node.size});
  }

  void Keep(size_t count, char*& out) {
    if (out != at_) std::memmove(out, at_, count);
    out += count;
    at_ += count;
  }

  bool ReadEscape(char*& out, bool& ascii) {
    if (end_ - at_ < 2) return false;
    const char kind = at_[1];
    at_ += 2;
    static constexpr std::string_view kFrom = "\"\\/bfnrt";
    static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    if (const size_t found = kFrom.find(kind); found != std::string_view::npos) {
      *out++ = kTo[found];
      return true;
    }
    uint32_t code = 0;
    if (kind != 'u' || !ReadHex(code)) return false;
    if (code >= 0xd800 && code < 0xdc00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
      char* const before = at_;
      uint32_t low = 0;
      at_ += 2;
      if (!ReadHex(low)) return false;
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      } else {
        at_ = before;
      }
    }
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd;  // Half of a pair.
    ascii = ascii && code < 0x80;
    AppendUtf8(code, out);
    return true;
  }

  bool ReadHex(uint32_t& code) {
    if (end_ - at_ < 4) return false;
    const auto parsed = std::from_chars(at_, at_ + 4, code, 16);
    if (parsed.ec != std::errc() || parsed.ptr != at_ + 4) return false;
    at_ += 4;
    return true;
  }

  static void AppendUtf8(uint32_t code, char*& out) {
    const auto put = [&](uint32_t byte) { *out++ = static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xc0 | code >> 6);
      put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      put(0xe0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3f));
      put(0x80 | (code & 0x3f));
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
      put(0x80 | (code >> 6 & 0x3f));
      put(0x80 | (code & 0x3f));
    }
  }

  size_t TakeDigits() {
    const char* const begin = at_;
    while (at_ < end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return static_cast<size_t>(at_ - begin);
  }

  bool ReadNumber() {
    const char* const begin = at_;
    if (*at_ == '-') ++at_;
    const bool zero = at_ < end_ && *at_ == '0';
    const size_t digits = TakeDigits();
    if (digits == 0 || (zero && digits > 1)) return false;
    bool whole = true;
    if (at_ < end_ && *at_ == '.') {
      whole = false;
      ++at_;
      if (TakeDigits() == 0) return false;
    }
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
      whole = false;
      ++at_;
      if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (TakeDigits() == 0) return false;
    }
    if (!Add(whole ? Kind::kInteger : Kind::kReal)) return false;
    Node& node = nodes_.back();
    if (whole && std::from_chars(begin, at_, node.integer).ec == std::errc()) return true;
    node.kind = Kind::kReal;
    const auto parsed = std::from_chars(begin, at_, node.real);
    if (parsed.ec == std::errc::result_out_of_range) node.real = *begin == '-' ? -1e308 : 1e308;
    return true;
  }

  const CountPlain count_plain_ = BestForThisMachine();
  char* at_;
  char* const end_;
  std::vector<Node>& nodes_;
};

}  // namespace

bool ParseJson(std::string& body, std::vector<Node>& nodes) { return JsonReader(body, nodes).Read(); }

}  // namespace tailrace::api::aws
