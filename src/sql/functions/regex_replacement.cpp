#include "sql/functions/regex_replacement.h"

#include "base/str.h"
#include "data/type.h"
#include "sql/functions/regex_cache.h"

namespace tailrace::sql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Calls literal(text) and group(number) for the parts of a replacement in order.
template <typename Literal, typename Group>
Status ReadReplacement(std::string_view replacement, const JavaRegex& regex, Literal literal, Group group) {
  const size_t group_count = regex.group_count();
  size_t at = 0;
  while (at < replacement.size()) {
    const char c = replacement[at++];
    if (c != '$' && c != '\\') {
      literal(c);
      continue;
    }
    if (at == replacement.size()) {
      return Error{ErrorCode::kInvalidArgument, StrCat("replacement ends with ", std::string_view(&c, 1))};
    }
    if (c == '\\') {
      literal(replacement[at++]);
      continue;
    }
    if (replacement[at] == '{') {
      const size_t close = replacement.find('}', at);
      const std::string_view name = replacement.substr(at + 1, std::min(close, replacement.size()) - at - 1);
      const auto named = close == std::string_view::npos ? std::nullopt : regex.GroupNumber(name);
      if (!named.has_value()) {
        return Error{ErrorCode::kInvalidArgument, StrCat("replacement: the pattern has no group ", Quoted(name))};
      }
      group(*named);
      at = close + 1;
      continue;
    }
    if (!IsDigit(replacement[at])) {
      return Error{ErrorCode::kInvalidArgument, "replacement: a group's number or {name} must follow $"};
    }
    auto number = static_cast<size_t>(replacement[at++] - '0');
    // Further digits belong to the number while there is such a group.
    while (at < replacement.size() && IsDigit(replacement[at])) {
      const size_t longer = number * 10 + static_cast<size_t>(replacement[at] - '0');
      if (longer > group_count) break;
      number = longer;
      ++at;
    }
    if (number > group_count) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("replacement: no group ", number, ", the pattern has ", group_count)};
    }
    group(number);
  }
  return Ok();
}

}  // namespace

Status CheckReplacement(std::string_view replacement, const JavaRegex& regex) {
  return ReadReplacement(replacement, regex, [](char) {}, [](size_t) {});
}

RowResult<std::string> RegexReplacer::Replace(const JavaRegex& regex, const Call& call) {
  if (call.start < 1) return Fail(kInvalidArgument, StrCat("REGEX_REPLACE: start ", call.start, " is less than 1"));
  if (call.occurrence < 0) {
    return Fail(kInvalidArgument, StrCat("REGEX_REPLACE: occurrence ", call.occurrence, " is negative"));
  }
  const std::string_view text = call.text;
  size_t from = Utf8Prefix(text, static_cast<size_t>(call.start - 1)).size();
  if (from == text.size() && !(text.empty() && call.start == 1)) return std::string(text);
  groups_.resize(regex.group_count() + 1);
  std::string result;
  size_t copied = 0;
  for (int64_t found = 1; from <= text.size(); ++found) {
    const auto matched = MatchRow(regex, text, from, scratch_, groups_);
    if (!matched) return std::unexpected(matched.error());
    if (!*matched) break;
    const RegexGroup match = groups_[0];
    if (call.occurrence == 0 || call.occurrence == found) {
      result += text.substr(copied, match.begin - copied);
      const Status read = ReadReplacement(
          call.replacement, regex, [&](char c) { result += c; },
          [&](size_t group) {
            if (groups_[group].matched) result += groups_[group].In(text);
          });
      if (!read.ok()) return Fail(kInvalidArgument, read.error().message);
      if (result.size() > static_cast<size_t>(data::kVarcharLengthMax) * 4) {
        return Fail("STRING_TOO_LONG", "REGEX_REPLACE: the result does not fit VARCHAR(65535)");
      }
      copied = match.end;
    }
    if (call.occurrence == found) break;
    // After an empty match the search goes on one character further.
    const size_t step = match.end > match.begin ? 0 : std::max<size_t>(1, Utf8Prefix(text.substr(match.end), 1).size());
    from = match.end + step;
  }
  result += text.substr(copied);
  if (Utf8Length(result) > static_cast<size_t>(data::kVarcharLengthMax)) {
    return Fail("STRING_TOO_LONG", "REGEX_REPLACE: the result does not fit VARCHAR(65535)");
  }
  return result;
}

}  // namespace tailrace::sql
