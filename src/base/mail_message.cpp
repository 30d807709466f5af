#include "base/mail_message.h"

#include <algorithm>
#include <string_view>

#include "base/hash.h"
#include "base/str.h"

namespace tailrace {
namespace {

constexpr size_t kBodyLineCharsMax = 76;     // RFC 2045, 6.7: an encoded line, soft break included.
constexpr size_t kEncodedWordBytesMax = 45;  // 60 base64 characters and 12 around them: RFC 2047 allows 75.
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool HasControl(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; });
}

bool IsPlainAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

Status CheckHeader(std::string_view name, std::string_view value) {
  if (HasControl(value)) {
    return Error{ErrorCode::kInvalidArgument, StrCat("mail ", name, ": control characters are refused")};
  }
  return Ok();
}

// Bytes of `text` that fit one encoded word without cutting a character.
size_t EncodedWordBytes(std::string_view text) {
  size_t bytes = std::min(text.size(), kEncodedWordBytesMax);
  while (bytes > 0 && bytes < text.size() && (static_cast<uint8_t>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return bytes;
}

// Header text as it is, or as encoded words on folded lines. An "=?" would be read as one, so it is encoded too.
std::string EncodeHeaderText(const std::string& raw) {
  if (IsPlainAscii(raw) && !raw.contains("=?") && raw.size() <= 900) return raw;
  const std::string text = RepairUtf8(raw);
  std::string encoded;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t bytes = EncodedWordBytes(rest);
    if (!encoded.empty()) encoded += "\r\n ";
    encoded += StrCat("=?UTF-8?B?", ToBase64(rest.substr(0, bytes)), "?=");
    rest.remove_prefix(bytes);
  }
  return encoded;
}

std::string FromHeader(const MailContent& content) {
  if (content.from_name.empty()) return content.from;
  if (!IsPlainAscii(content.from_name)) return StrCat(EncodeHeaderText(content.from_name), " <", content.from, ">");
  std::string quoted;
  for (const char c : content.from_name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return StrCat('"', quoted, "\" <", content.from, ">");
}

// "Thu, 01 Nov 2018 01:00:00 +0000".
std::string DateHeader(Timestamp date) {
  static constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(date);
  const std::chrono::year_month_day civil(day);
  const std::chrono::hh_mm_ss clock(date - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(civil.day()), kMonths[static_cast<unsigned>(civil.month()) - 1],
                     static_cast<int>(civil.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

void AppendQuotedPrintableLine(std::string& out, std::string_view line) {
  size_t column = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool last = i + 1 == line.size();
    const bool blank = c == ' ' || c == '\t';
    const bool plain = (c > 0x20 && c < 0x7f && c != '=') || (blank && !last);
    const size_t width = plain ? 1 : 3;
    if (column + width > kBodyLineCharsMax - 1) {
      out += "=\r\n";
      column = 0;
    }
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<uint8_t>(c);
      out += '=';
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 15];
    }
    column += width;
  }
  out += "\r\n";
}

std::string QuotedPrintable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    AppendQuotedPrintableLine(out, line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

Status CheckMailAddress(const std::string& address) {
  const size_t at = address.find('@');
  const bool printable = std::ranges::all_of(
      address, [](char c) { return c > 0x20 && c < 0x7f && c != '<' && c != '>' && c != ',' && c != ';'; });
  const bool one_at = at != std::string::npos && at > 0 && at + 1 < address.size() && address.rfind('@') == at;
  if (printable && one_at && address.size() <= 254) return Ok();
  return Error{ErrorCode::kInvalidArgument, "mail address is not of the form name@domain"};
}

Result<std::string> BuildMailMessage(const MailContent& content) {
  TAILRACE_TRY(CheckMailAddress(content.from));
  if (content.to.empty()) return Error{ErrorCode::kInvalidArgument, "mail has no recipient"};
  for (const std::string& address : content.to) TAILRACE_TRY(CheckMailAddress(address));
  TAILRACE_TRY(CheckHeader("sender name", content.from_name));
  TAILRACE_TRY(CheckHeader("subject", content.subject));
  TAILRACE_TRY(CheckMailAddress(content.message_id));
  std::string message;
  message += StrCat("Date: ", DateHeader(content.date), "\r\n");
  message += StrCat("From: ", FromHeader(content), "\r\n");
  message += StrCat("To: ", Join(content.to, ",\r\n "), "\r\n");
  message += StrCat("Subject: ", EncodeHeaderText(content.subject), "\r\n");
  message += StrCat("Message-ID: <", content.message_id, ">\r\n");
  message += "MIME-Version: 1.0\r\n";
  message += "Content-Type: text/plain; charset=utf-8\r\n";
  message += "Content-Transfer-Encoding: quoted-printable\r\n";
  message += "Auto-Submitted: auto-generated\r\n\r\n";
  message += QuotedPrintable(content.text);
  return message;
}

}  // namespace tailrace
