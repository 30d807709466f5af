#include "base/mail_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/str.h"

namespace tailrace {
namespace {

using testing::HasSubstr;

MailContent Content() {
  return {.from = "alerts@example.org",
          .to = {"ops@example.org"},
          .subject = "Mywebsite Order Rate Alarm",
          .text = "Investigate sudden surge in orders.",
          .message_id = "abc@tailrace",
          .date = FromUnixMs(1'541'034'000'000)};  // 2018-11-01T01:00:00Z
}

std::string Build(const MailContent& content) {
  auto message = BuildMailMessage(content);
  EXPECT_TRUE(message.ok()) << message.error().message;
  return message.ok() ? *message : "";
}

TEST(MailMessageTest, WritesTheWholeMessage) {
  EXPECT_EQ(Build(Content()),
            "Date: Thu, 01 Nov 2018 01:00:00 +0000\r\n"
            "From: alerts@example.org\r\n"
            "To: ops@example.org\r\n"
            "Subject: Mywebsite Order Rate Alarm\r\n"
            "Message-ID: <abc@tailrace>\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "\r\n"
            "Investigate sudden surge in orders.\r\n");
}

TEST(MailMessageTest, EncodesHeadersThatAreNotAscii) {
  MailContent content = Content();
  content.subject =
      "\xc3\x9c"
      "berlast";  // Ueberlast with a U umlaut.
  content.from_name = "\xc3\x84";
  const std::string message = Build(content);
  EXPECT_THAT(message, HasSubstr("Subject: =?UTF-8?B?w5xiZXJsYXN0?=\r\n"));
  EXPECT_THAT(message, HasSubstr("From: =?UTF-8?B?w4Q=?= <alerts@example.org>\r\n"));
}

TEST(MailMessageTest, FoldsALongSubjectBetweenCharacters) {
  MailContent content = Content();
  content.subject = std::string(44, 'a') + "\xc3\xa4" + "b";  // The umlaut would straddle the 45th byte.
  const std::string a44 = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";  // 44 times "a".
  EXPECT_THAT(Build(content), HasSubstr(StrCat("Subject: =?UTF-8?B?", a44, "?=\r\n =?UTF-8?B?w6Ri?=\r\n")));
}

TEST(MailMessageTest, QuotesASendersName) {
  MailContent content = Content();
  content.from_name = "Ops \"on call\"";
  EXPECT_THAT(Build(content), HasSubstr("From: \"Ops \\\"on call\\\"\" <alerts@example.org>\r\n"));
}

TEST(MailMessageTest, EncodesTheText) {
  MailContent content = Content();
  content.text = "a=b \n\xc3\xa4\r\n.\n" + std::string(80, 'x');
  EXPECT_THAT(Build(content),
              HasSubstr("\r\n\r\na=3Db=20\r\n=C3=A4\r\n.\r\n" + std::string(75, 'x') + "=\r\nxxxxx\r\n"));
}

TEST(MailMessageTest, RefusesLineBreaksInHeaders) {
  for (const char* const bad : {"a\r\nBcc: x@example.org", "a\nb", "a\rb", "a\tb"}) {
    MailContent content = Content();
    content.subject = bad;
    EXPECT_FALSE(BuildMailMessage(content).ok());
    content = Content();
    content.from_name = bad;
    EXPECT_FALSE(BuildMailMessage(content).ok());
    content = Content();
    content.to = {bad};
    EXPECT_FALSE(BuildMailMessage(content).ok());
    content = Content();
    content.message_id = bad;
    EXPECT_FALSE(BuildMailMessage(content).ok());
  }
}

TEST(MailMessageTest, ChecksAddresses) {
  EXPECT_TRUE(CheckMailAddress("a@b").ok());
  for (const char* const bad : {"", "a", "@b", "a@", "a@b@c", "a b@c", "<a@b>", "a@b,c@d"}) {
    EXPECT_FALSE(CheckMailAddress(bad).ok()) << bad;
  }
  MailContent content = Content();
  content.to.clear();
  EXPECT_FALSE(BuildMailMessage(content).ok());
}

}  // namespace
}  // namespace tailrace
