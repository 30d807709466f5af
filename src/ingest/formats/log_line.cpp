#include "ingest/formats/log_line.h"

#include <algorithm>
#include <cstring>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::ingest {
namespace {

struct FieldName {
  std::string_view name;
  LogField field;
};

constexpr FieldName kFieldNames[] = {
    {"host", LogField::kHost},         {"client_ip", LogField::kHost},        {"remote_host", LogField::kHost},
    {"ident", LogField::kIdent},       {"authuser", LogField::kAuthuser},     {"user", LogField::kAuthuser},
    {"datetime", LogField::kDatetime}, {"request_time", LogField::kDatetime}, {"time", LogField::kDatetime},
    {"request", LogField::kRequest},   {"method", LogField::kMethod},         {"http_method", LogField::kMethod},
    {"path", LogField::kPath},         {"query", LogField::kQuery},           {"protocol", LogField::kProtocol},
    {"response", LogField::kResponse}, {"status", LogField::kResponse},       {"bytes", LogField::kBytes},
    {"size", LogField::kBytes},        {"referer", LogField::kReferer},       {"referrer", LogField::kReferer},
    {"agent", LogField::kAgent},       {"useragent", LogField::kAgent},       {"user_agent", LogField::kAgent},
};

std::string_view& At(LogLine& fields, LogField field) { return fields[static_cast<size_t>(field)]; }

// The place of the next such byte from `from` on; the line's size when there is none.
size_t PlaceOf(std::string_view line, size_t from, char byte) {
  return static_cast<size_t>(FindByte(line.data() + from, line.data() + line.size(), byte) - line.data());
}

// Takes the text up to the next blank, and the blank.
bool TakeToken(std::string_view& line, std::string_view& token) {
  const size_t size = PlaceOf(line, 0, ' ');
  if (size == 0) return false;
  token = line.substr(0, size);
  line.remove_prefix(std::min(line.size(), size + 1));
  return true;
}

// Takes "[...]" and the blank behind it.
bool TakeBracketed(std::string_view& line, std::string_view& text) {
  if (!line.starts_with('[')) return false;
  const size_t end = PlaceOf(line, 1, ']');
  if (end == line.size()) return false;
  text = line.substr(1, end - 1);
  line.remove_prefix(std::min(line.size(), end + 2));
  return true;
}

// Takes a quoted text, in which a backslash keeps the next character from ending it, and the blank behind it.
bool TakeQuoted(std::string_view& line, std::string_view& text) {
  if (!line.starts_with('"')) return false;
  size_t from = 1;
  while (true) {
    const size_t quote = PlaceOf(line, from, '"');
    if (quote == line.size()) return false;
    size_t backslashes = 0;
    while (quote - backslashes > 1 && line[quote - 1 - backslashes] == '\\') ++backslashes;
    from = quote + 1;
    if (backslashes % 2 != 0) continue;
    text = line.substr(1, quote - 1);
    line.remove_prefix(std::min(line.size(), quote + 2));
    return true;
  }
}

// "GET /a?b=c HTTP/1.1" to its parts. A request that is not of the form has none.
void SplitRequest(LogLine& fields) {
  std::string_view request = At(fields, LogField::kRequest);
  const size_t first = request.find(' ');
  const size_t last = request.rfind(' ');
  if (first == std::string_view::npos || first == 0) return;
  At(fields, LogField::kMethod) = request.substr(0, first);
  std::string_view target = request.substr(first + 1);
  if (last > first) {
    target = request.substr(first + 1, last - first - 1);
    At(fields, LogField::kProtocol) = request.substr(last + 1);
  }
  const size_t question = target.find('?');
  At(fields, LogField::kPath) = target.substr(0, question);
  if (question != std::string_view::npos) At(fields, LogField::kQuery) = target.substr(question + 1);
}

bool IsCount(std::string_view text) {
  return text == "-" || (!text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }));
}

std::optional<int64_t> Number(std::string_view text, size_t at, size_t digits) {
  return ParseInt64(text.substr(at, digits));
}

}  // namespace

std::optional<LogField> FindLogField(std::string_view name) {
  for (const FieldName& entry : kFieldNames) {
    if (EqualsIgnoreCase(entry.name, name)) return entry.field;
  }
  return std::nullopt;
}

bool SplitLogLine(std::string_view line, LogLineForm form, LogLine& fields) {
  fields.fill({});
  if (!TakeToken(line, At(fields, LogField::kHost)) || !TakeToken(line, At(fields, LogField::kIdent))) return false;
  // A user's name may hold blanks: it ends where the time begins.
  size_t bracket = PlaceOf(line, 0, ' ');
  while (bracket + 1 < line.size() && line[bracket + 1] != '[') bracket = PlaceOf(line, bracket + 1, ' ');
  if (bracket + 1 >= line.size() || bracket == 0) return false;
  At(fields, LogField::kAuthuser) = line.substr(0, bracket);
  line.remove_prefix(bracket + 1);
  if (!TakeBracketed(line, At(fields, LogField::kDatetime))) return false;
  if (!TakeQuoted(line, At(fields, LogField::kRequest))) return false;
  if (!TakeToken(line, At(fields, LogField::kResponse)) || !IsCount(At(fields, LogField::kResponse))) return false;
  if (!TakeToken(line, At(fields, LogField::kBytes)) || !IsCount(At(fields, LogField::kBytes))) return false;
  if (form.combined) {
    if (!TakeQuoted(line, At(fields, LogField::kReferer))) return false;
    if (!TakeQuoted(line, At(fields, LogField::kAgent))) return false;
  }
  if (form.request_parts) SplitRequest(fields);
  return true;
}

bool SplitPlainLogLine(std::string_view line, const LineQuotes& quotes, LogLineForm form, LogLine& fields) {
  const size_t(&quote)[LineQuotes::kMax] = quotes.at;
  if (quotes.count < (form.combined ? 6U : 2U)) return false;
  fields.fill({});
  const size_t host_end = PlaceOf(line, 0, ' ');
  const size_t ident_end = host_end + 1 < quote[0] ? PlaceOf(line, host_end + 1, ' ') : line.size();
  const size_t user_end = ident_end + 1 < quote[0] ? PlaceOf(line, ident_end + 1, ' ') : line.size();
  // The time is all between the user and the request.
  const size_t time = user_end + 2;
  if (user_end + 5 > quote[0] || line[user_end + 1] != '[' || PlaceOf(line, time, ']') + 2 != quote[0]) return false;
  if (line[quote[0] - 1] != ' ' || host_end == 0 || ident_end == host_end + 1 || user_end == ident_end + 1)
    return false;
  const size_t response = quote[1] + 2;
  const size_t size_end_max = form.combined ? quote[2] : line.size();
  if (response >= size_end_max || line[quote[1] + 1] != ' ') return false;
  const size_t response_end = PlaceOf(line, response, ' ');
  if (response_end + 1 >= size_end_max) return false;
  const size_t size_end = PlaceOf(line, response_end + 1, ' ');
  if (form.combined && (size_end + 1 != quote[2] || quote[4] != quote[3] + 2 || line[quote[3] + 1] != ' '))
    return false;
  const auto text = [&](size_t begin, size_t end) { return line.substr(begin, end - begin); };
  At(fields, LogField::kResponse) = text(response, response_end);
  At(fields, LogField::kBytes) = text(response_end + 1, size_end);
  if (!IsCount(At(fields, LogField::kResponse)) || !IsCount(At(fields, LogField::kBytes))) return false;
  At(fields, LogField::kHost) = text(0, host_end);
  At(fields, LogField::kIdent) = text(host_end + 1, ident_end);
  At(fields, LogField::kAuthuser) = text(ident_end + 1, user_end);
  At(fields, LogField::kDatetime) = text(time, quote[0] - 2);
  At(fields, LogField::kRequest) = text(quote[0] + 1, quote[1]);
  if (form.combined) {
    At(fields, LogField::kReferer) = text(quote[2] + 1, quote[3]);
    At(fields, LogField::kAgent) = text(quote[4] + 1, quote[5]);
  }
  if (form.request_parts) SplitRequest(fields);
  return true;
}

std::optional<int64_t> ParseLogTime(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text.size() < 20 || text[2] != '/' || text[6] != '/' || text[11] != ':' || text[14] != ':' || text[17] != ':') {
    return std::nullopt;
  }
  const size_t month_at = kMonths.find(text.substr(3, 3));
  if (month_at == std::string_view::npos || month_at % 3 != 0) return std::nullopt;
  const std::optional<int64_t> day = Number(text, 0, 2);
  const std::optional<int64_t> year = Number(text, 7, 4);
  const std::optional<int64_t> hour = Number(text, 12, 2);
  const std::optional<int64_t> minute = Number(text, 15, 2);
  const std::optional<int64_t> second = Number(text, 18, 2);
  if (!day || !year || !hour || !minute || !second) return std::nullopt;
  if (*hour < 0 || *hour > 23 || *minute < 0 || *minute > 59 || *second < 0 || *second > 60) return std::nullopt;
  const std::optional<int64_t> days = data::DaysFromCivil(*year, static_cast<int64_t>(month_at / 3) + 1, *day);
  if (!days.has_value()) return std::nullopt;
  int64_t offset_minutes = 0;
  if (text.size() > 20) {
    const std::string_view zone = Trim(text.substr(20));
    if (zone.size() != 5 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
    const std::optional<int64_t> hours = Number(zone, 1, 2);
    const std::optional<int64_t> minutes = Number(zone, 3, 2);
    if (!hours || !minutes || *hours < 0 || *minutes < 0) return std::nullopt;
    offset_minutes = (*hours * 60 + *minutes) * (zone[0] == '-' ? -1 : 1);
  }
  return (((*days * 24 + *hour) * 60 + *minute - offset_minutes) * 60 + *second) * 1000;
}

std::optional<int64_t> LogTimeParser::Parse(std::string_view text) {
  const auto digit = [&](size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  const bool same = text.size() == kTextChars && std::memcmp(text.data(), last_, kMinuteChars) == 0 &&
                    std::memcmp(text.data() + 20, last_ + 20, kTextChars - 20) == 0;
  if (same && digit(18) && digit(19)) {
    const int64_t second = (text[18] - '0') * 10 + (text[19] - '0');
    if (second <= 60) return last_minute_unix_ms_ + second * 1000;
  }
  const std::optional<int64_t> unix_ms = ParseLogTime(text);
  if (unix_ms.has_value() && text.size() == kTextChars) {
    std::memcpy(last_, text.data(), kTextChars);
    last_minute_unix_ms_ = *unix_ms - ((text[18] - '0') * 10 + (text[19] - '0')) * 1000;
  }
  return unix_ms;
}

}  // namespace tailrace::ingest
