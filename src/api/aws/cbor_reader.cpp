#include <bit>
#include <cmath>
#include <cstring>

#include "api/aws/value.h"
#include "base/str.h"

namespace tailrace::api::aws {
namespace {

enum Major : uint8_t { kUnsigned, kNegative, kByteString, kTextString, kArray, kObject, kTag, kSimple };

constexpr uint8_t kIndefinite = 31;
constexpr uint8_t kBreak = 0xff;
constexpr uint64_t kEpochTag = 1;

double HalfToDouble(uint32_t bits) {
  const uint32_t exponent = bits >> 10 & 0x1f;
  const uint32_t mantissa = bits & 0x3ff;
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else if (exponent == 31) {
    value = mantissa == 0 ? HUGE_VAL : std::nan("");
  } else {
    value = std::ldexp(mantissa + 1024, static_cast<int>(exponent) - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

// RFC 8949, from one buffer into nodes. The parts of an indefinite string are moved together where they stand.
class CborReader {
 public:
  CborReader(std::string& body, std::vector<Node>& nodes)
      : at_(body.data()), end_(body.data() + body.size()), nodes_(nodes) {}

  bool Read() { return ReadValue(0) && at_ == end_; }

 private:
  struct Head {
    uint8_t major = 0;
    uint8_t extra = 0;
    uint64_t argument = 0;
    bool indefinite() const { return extra == kIndefinite; }
  };

  bool ReadHead(Head& head) {
    if (at_ == end_) return false;
    const auto first = static_cast<uint8_t>(*at_++);
    head.major = first >> 5;
    head.extra = first & 31;
    head.argument = head.extra;
    if (head.extra < 24 || head.extra == kIndefinite) return true;
    if (head.extra > 27) return false;
    const size_t bytes = size_t{1} << (head.extra - 24);
    if (static_cast<size_t>(end_ - at_) < bytes) return false;
    head.argument = 0;
    for (size_t i = 0; i < bytes; ++i) head.argument = head.argument << 8 | static_cast<uint8_t>(*at_++);
    return true;
  }

  bool Add(Kind kind) {
    if (nodes_.size() >= Document::kNodesMax) return false;
    nodes_.emplace_back();
    nodes_.back().kind = kind;
    nodes_.back().end = static_cast<uint32_t>(nodes_.size());
    return true;
  }

  bool AtBreak() {
    if (at_ == end_ || static_cast<uint8_t>(*at_) != kBreak) return false;
    ++at_;
    return true;
  }

  bool ReadValue(size_t depth) {
    Head head;
    if (depth > Document::kDepthMax || !ReadHead(head)) return false;
    switch (head.major) {
      case kUnsigned:
        return AddInteger(head, false);
      case kNegative:
        return AddInteger(head, true);
      case kByteString:
        return ReadString(head, Kind::kBytes);
      case kTextString:
        return ReadString(head, Kind::kText);
      case kArray:
        return ReadItems(head, Kind::kList, depth);
      case kObject:
        return ReadItems(head, Kind::kMap, depth);
      case kTag:
        return ReadTagged(head, depth);
      default:
        return ReadSimple(head);
    }
  }

  bool AddInteger(const Head& head, bool negative) {
    if (head.indefinite() || !Add(Kind::kInteger)) return false;
    Node& node = nodes_.back();
    if (head.argument <= static_cast<uint64_t>(INT64_MAX)) {
      node.integer = negative ? -1 - static_cast<int64_t>(head.argument) : static_cast<int64_t>(head.argument);
    } else {
      node.kind = Kind::kReal;
      node.real = negative ? -1.0 - static_cast<double>(head.argument) : static_cast<double>(head.argument);
    }
    return true;
  }

  bool ReadString(const Head& head, Kind kind) {
    if (!Add(kind)) return false;
    char* begin = at_;
    size_t size = 0;
    if (!head.indefinite()) {
      if (head.argument > static_cast<uint64_t>(end_ - at_)) return false;
      size = head.argument;
      at_ += size;
    } else {
      while (!AtBreak()) {
        Head part;
        if (!ReadHead(part) || part.major != head.major || part.indefinite()) return false;
        if (part.argument > static_cast<uint64_t>(end_ - at_)) return false;
        std::memmove(begin + size, at_, part.argument);
        size += part.argument;
        at_ += part.argument;
      }
    }
    nodes_.back().text = begin;
    nodes_.back().size = static_cast<uint32_t>(size);
    return kind == Kind::kBytes || IsValidUtf8({begin, size});
  }

  bool ReadItems(const Head& head, Kind kind, size_t depth) {
    const size_t index = nodes_.size();
    if (!Add(kind)) return false;
    uint32_t count = 0;
    while (head.indefinite() ? !AtBreak() : count < head.argument) {
      if (kind == Kind::kMap && !ReadKey()) return false;
      if (!ReadValue(depth + 1)) return false;
      ++count;
    }
    nodes_[index].size = count;
    nodes_[index].end = static_cast<uint32_t>(nodes_.size());
    return true;
  }

  bool ReadKey() {
    Head head;
    return ReadHead(head) && head.major == kTextString && ReadString(head, Kind::kText);
  }

  bool ReadTagged(const Head& head, size_t depth) {
    const size_t index = nodes_.size();
    if (head.indefinite() || !ReadValue(depth + 1)) return false;
    Node& node = nodes_[index];
    if (head.argument != kEpochTag) return true;
    if (node.kind == Kind::kReal && std::abs(node.real) < 9e15) {
      node.integer = static_cast<int64_t>(node.real);
    } else if (node.kind != Kind::kInteger) {
      return true;
    }
    node.kind = Kind::kTimestamp;
    return true;
  }

  bool ReadSimple(const Head& head) {
    if (head.extra == 20 || head.extra == 21) {
      if (!Add(Kind::kBoolean)) return false;
      nodes_.back().boolean = head.extra == 21;
      return true;
    }
    if (head.extra == 22 || head.extra == 23) return Add(Kind::kNull);
    if (head.extra < 25 || head.extra > 27 || !Add(Kind::kReal)) return false;
    const auto bits = static_cast<uint32_t>(head.argument);
    nodes_.back().real = head.extra == 25   ? HalfToDouble(bits)
                         : head.extra == 26 ? static_cast<double>(std::bit_cast<float>(bits))
                                            : std::bit_cast<double>(head.argument);
    return true;
  }

  char* at_;
  char* const end_;
  std::vector<Node>& nodes_;
};

}  // namespace

bool ParseCbor(std::string& body, std::vector<Node>& nodes) { return CborReader(body, nodes).Read(); }

}  // namespace tailrace::api::aws
