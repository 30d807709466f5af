#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tailrace {

struct MailContent {
  std::string from;             // Plain address.
  std::string from_name;        // Shown before the address; may be empty.
  std::vector<std::string> to;  // Plain addresses.
  std::string subject;
  std::string text;        // UTF-8, any line ends.
  std::string message_id;  // Without angle brackets: "unique@domain". The same for a repeated attempt.
  Timestamp date{};
};

// A whole RFC 5322 message, ready for SMTP: CR LF line ends, quoted-printable UTF-8 text, RFC 2047 encoded words where
// a header is not plain ASCII.
// Errors  kInvalidArgument: a header value with a control character, an address that is not one, no recipient.
Result<std::string> BuildMailMessage(const MailContent& content);

// Passes a plain address: printable ASCII without blanks and angle brackets, one "@" with something on both sides.
Status CheckMailAddress(const std::string& address);

}  // namespace tailrace
