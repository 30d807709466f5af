#include "api/aws/caller_identity.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::api::aws {
namespace {

constexpr std::string_view kNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

std::string XmlText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&') {
      escaped += "&amp;";
    } else if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

bool AsksForCallerIdentity(const http::Request& request) {
  const std::string_view type = request.Header("content-type").value_or("");
  if (request.method != "POST" || !type.starts_with("application/x-www-form-urlencoded")) return false;
  const std::vector<std::string_view> fields = Split(request.body, '&');
  return std::ranges::find(fields, "Action=GetCallerIdentity") != fields.end() &&
         std::ranges::find(fields, "Version=2011-06-15") != fields.end();
}

std::string CallerIdentityXml(const Identity& identity, std::string_view request_id) {
  return StrCat("<GetCallerIdentityResponse xmlns=\"", kNamespace,
                "\"><GetCallerIdentityResult><Arn>arn:aws:iam::", identity.account, ":user/",
                XmlText(identity.principal), "</Arn><UserId>", XmlText(identity.principal), "</UserId><Account>",
                identity.account, "</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>", request_id,
                "</RequestId></ResponseMetadata></GetCallerIdentityResponse>");
}

std::string QueryErrorXml(const AwsError& error, std::string_view request_id) {
  return StrCat("<ErrorResponse xmlns=\"", kNamespace, "\"><Error><Type>Sender</Type><Code>", XmlText(error.type),
                "</Code><Message>", XmlText(error.message), "</Message></Error><RequestId>", request_id,
                "</RequestId></ErrorResponse>");
}

}  // namespace tailrace::api::aws
