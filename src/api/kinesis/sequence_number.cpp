#include "api/kinesis/sequence_number.h"

#include <algorithm>
#include <array>

#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

constexpr size_t kHexDigits = 47;
constexpr size_t kDecimalDigitsMax = 57;
constexpr int64_t kCreatedBefore = 2;  // Seconds.
constexpr int64_t kCreatedSecondsMax = 16'025'175'000;
constexpr uint64_t kVersion = 2;

// A number of up to 192 bits, most significant word first.
using Wide = std::array<uint64_t, 3>;

void MultiplyAdd(Wide& number, uint64_t factor, uint64_t addend) {
  unsigned __int128 carry = addend;
  for (size_t i = number.size(); i > 0; --i) {
    const unsigned __int128 product = static_cast<unsigned __int128>(number[i - 1]) * factor + carry;
    number[i - 1] = static_cast<uint64_t>(product);
    carry = product >> 64;
  }
}

uint64_t DivideBy(Wide& number, uint64_t divisor) {
  unsigned __int128 rest = 0;
  for (uint64_t& word : number) {
    const unsigned __int128 part = rest << 64 | word;
    word = static_cast<uint64_t>(part / divisor);
    rest = part % divisor;
  }
  return static_cast<uint64_t>(rest);
}

// Puts `bits` low bits of `value` below what is there already.
void Push(Wide& number, uint64_t value, unsigned bits) {
  const auto low_of = [](uint64_t word, unsigned shift) { return shift == 64 ? 0 : word << shift; };
  const unsigned rest = 64 - bits;
  for (size_t i = 0; i < number.size(); ++i) {
    const uint64_t next = i + 1 < number.size() ? number[i + 1] : low_of(value, rest);
    number[i] = low_of(number[i], bits) | (rest == 0 ? next : next >> rest);
  }
}

// Takes `bits` bits off the low end.
uint64_t Pop(Wide& number, unsigned bits) {
  const uint64_t value = bits == 64 ? number[2] : number[2] & ((uint64_t{1} << bits) - 1);
  for (size_t i = number.size(); i > 0; --i) {
    const uint64_t above = i > 1 ? number[i - 2] : 0;
    number[i - 1] = bits == 64 ? above : number[i - 1] >> bits | above << (64 - bits);
  }
  return value;
}

std::optional<Wide> ParseWide(std::string_view text) {
  if (text.empty() || text.size() > kDecimalDigitsMax) return std::nullopt;
  Wide number{};
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    MultiplyAdd(number, 10, static_cast<uint64_t>(c - '0'));
  }
  return number;
}

}  // namespace

std::string SequenceNumber::ToText() const {
  Wide number{};
  Push(number, kVersion, 4);
  Push(number, static_cast<uint64_t>(shard_created_s), 36);
  Push(number, shard & 15, 4);
  Push(number, place, 64);
  Push(number, 0, 8);
  Push(number, static_cast<uint64_t>(time_s), 36);
  Push(number, shard, 32);
  Push(number, kVersion, 4);
  // Nineteen digits a division.
  constexpr uint64_t kStep = 10'000'000'000'000'000'000U;
  std::array<uint64_t, 3> parts{};
  for (uint64_t& part : parts) part = DivideBy(number, kStep);
  std::string text = fmt::format("{}{:019}{:019}", parts[2], parts[1], parts[0]);
  text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
  return text;
}

std::optional<SequenceNumber> SequenceNumber::Parse(std::string_view text) {
  auto parsed = ParseWide(text);
  if (!parsed.has_value()) return std::nullopt;
  Wide& number = *parsed;
  if (Pop(number, 4) != kVersion) return std::nullopt;
  SequenceNumber found;
  const uint64_t shard = Pop(number, 32);
  found.shard = static_cast<stream::ShardId>(shard);
  found.time_s = static_cast<int64_t>(Pop(number, 36));
  if (Pop(number, 8) != 0) return std::nullopt;
  found.place = Pop(number, 64);
  const uint64_t nibble = Pop(number, 4);
  found.shard_created_s = static_cast<int64_t>(Pop(number, 36));
  const bool ours = Pop(number, 4) == kVersion && number == Wide{} && nibble == (shard & 15) &&
                    found.place <= kEndPlace && found.shard_created_s < kCreatedSecondsMax;
  if (!ours) return std::nullopt;
  return found;
}

std::optional<stream::ShardId> ShardOfOldNumber(std::string_view text) {
  const auto number = ParseWide(text);
  if (!number.has_value() || (*number)[0] > 1) return std::nullopt;
  return static_cast<stream::ShardId>((*number)[2]);
}

int64_t ShardCreatedSeconds(const stream::ShardDescription& shard) {
  const int64_t created_s = ToUnixMs(shard.created) / 1000;
  return shard.parents.empty() ? created_s - kCreatedBefore : created_s + 1;
}

SequenceNumber NumberOf(const stream::ShardDescription& shard, stream::Sequence sequence, Timestamp arrival) {
  const int64_t created_s = ShardCreatedSeconds(shard);
  return {.shard_created_s = created_s,
          .shard = shard.id,
          .place = sequence + 1,
          .time_s = std::max(ToUnixMs(arrival) / 1000, created_s)};
}

SequenceNumber StartingNumber(const stream::ShardDescription& shard) {
  const int64_t created_s = ShardCreatedSeconds(shard);
  return {.shard_created_s = created_s, .shard = shard.id, .place = 0, .time_s = created_s};
}

SequenceNumber EndingNumber(const stream::ShardDescription& shard) {
  return {.shard_created_s = ShardCreatedSeconds(shard),
          .shard = shard.id,
          .place = SequenceNumber::kEndPlace,
          .time_s = ToUnixMs(shard.closed) / 1000};
}

std::string ShardName(stream::ShardId shard) { return fmt::format("shardId-{:012}", shard); }

std::optional<stream::ShardId> ParseShardName(std::string_view text) {
  if (const size_t dash = text.find('-'); dash != std::string_view::npos) {
    text.remove_prefix(dash + 1);
    text = text.substr(0, text.find('-'));
  }
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  const auto number = ParseInt64(text);
  if (!number.has_value() || *number > INT32_MAX) return std::nullopt;
  return static_cast<stream::ShardId>(*number);
}

}  // namespace tailrace::api::kinesis
