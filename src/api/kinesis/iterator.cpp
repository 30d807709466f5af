#include "api/kinesis/iterator.h"

#include "base/bytes.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

constexpr uint8_t kIteratorKind = 1;
constexpr uint8_t kNextTokenKind = 2;

Result<ShardIterator> ReadIterator(std::string_view state) {
  ByteReader reader(state);
  ShardIterator iterator;
  TAILRACE_ASSIGN_OR_RETURN(const uint8_t kind, reader.U8());
  if (kind != kIteratorKind) return Error{ErrorCode::kCorruption, "not an iterator"};
  TAILRACE_ASSIGN_OR_RETURN(const int64_t issued, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(iterator.shard, reader.U32());
  TAILRACE_ASSIGN_OR_RETURN(iterator.position, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(iterator.stream_id, reader.Text());
  TAILRACE_ASSIGN_OR_RETURN(iterator.stream, reader.Text());
  iterator.issued = FromUnixMs(issued);
  return iterator;
}

Result<NextToken> ReadNextToken(std::string_view state) {
  ByteReader reader(state);
  NextToken token;
  TAILRACE_ASSIGN_OR_RETURN(const uint8_t kind, reader.U8());
  if (kind != kNextTokenKind) return Error{ErrorCode::kCorruption, "not a next token"};
  TAILRACE_ASSIGN_OR_RETURN(const int64_t issued, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(token.operation, reader.Text());
  TAILRACE_ASSIGN_OR_RETURN(token.stream, reader.Text());
  TAILRACE_ASSIGN_OR_RETURN(token.filter, reader.Text());
  TAILRACE_ASSIGN_OR_RETURN(token.after, reader.Text());
  token.issued = FromUnixMs(issued);
  return token;
}

}  // namespace

std::string ShardIterator::Seal(const aws::TokenSealer& sealer) const {
  ByteWriter writer;
  writer.U8(kIteratorKind);
  writer.I64(ToUnixMs(issued));
  writer.U32(shard);
  writer.U64(position);
  writer.Text(stream_id);
  writer.Text(stream);
  return sealer.Seal(writer.bytes());
}

std::optional<ShardIterator> ShardIterator::Unseal(const aws::TokenSealer& sealer, std::string_view token) {
  const auto state = sealer.Unseal(token);
  if (!state.has_value()) return std::nullopt;
  auto iterator = ReadIterator(*state);
  if (!iterator.ok()) return std::nullopt;
  return std::move(iterator).value();
}

std::string NextToken::Seal(const aws::TokenSealer& sealer) const {
  ByteWriter writer;
  writer.U8(kNextTokenKind);
  writer.I64(ToUnixMs(issued));
  for (const std::string* text : {&operation, &stream, &filter, &after}) writer.Text(*text);
  return sealer.Seal(writer.bytes());
}

aws::Answer<NextToken> NextToken::Unseal(const aws::TokenSealer& sealer, std::string_view token,
                                         std::string_view operation, Timestamp now) {
  const auto state = sealer.Unseal(token);
  auto found = state.has_value() ? ReadNextToken(*state) : Result<NextToken>(Error{});
  if (!found.ok() || found->operation != operation) {
    return aws::Fail("InvalidArgumentException", "NextToken is invalid.");
  }
  if (now - found->issued > kTokenLifetime) {
    return aws::Fail(
        "ExpiredNextTokenException",
        StrCat("NextToken expired. It was created at time ", JavaDate(found->issued), " while right now it is ",
               JavaDate(now), " which is further in the future than the tolerated delay of ", kTokenLifetime.count(),
               " milliseconds."));
  }
  return std::move(found).value();
}

std::string JavaDate(Timestamp time) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{} {} {:02} {:02}:{:02}:{:02} UTC {}", kDays[std::chrono::weekday(day).c_encoding()],
                     kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     static_cast<int>(date.year()));
}

}  // namespace tailrace::api::kinesis
