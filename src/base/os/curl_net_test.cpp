#include "base/os/curl_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "base/mail_message.h"
#include "base/os/child_process.h"
#include "base/str.h"
#include "sim/test_server.h"

// Against real servers on free loopback ports, started by the scripts in tests/support.

namespace tailrace {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

using sim::TestServer;

class CurlNetTest : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    ASSERT_TRUE(http_.ready());
  }
  ErrorCode CodeOf(const HttpRequest& request) {
    const auto response = net_.Http(request);
    return response.ok() ? ErrorCode::kInternal : response.error().code;
  }

  TestServer http_{{"http_sink.py"}};
  CurlNet net_;
};

TEST_F(CurlNetTest, SendsAndReceives) {
  const auto response = net_.Http({.method = "POST",
                                   .url = http_.Url("/a/../b?q=1"),
                                   .headers = {{"X-Thing", "7"}, {"X-Empty", ""}},
                                   .body = "hello"});
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "ok");
  EXPECT_THAT(response->headers, testing::Contains(std::pair<std::string, std::string>("X-Answer", "yes")));
  const std::string seen = http_.Next();
  EXPECT_THAT(seen, HasSubstr(R"("method": "POST", "path": "/a/../b?q=1")"));
  EXPECT_THAT(seen, HasSubstr(R"("x-thing": "7", "x-empty": "")"));
  EXPECT_THAT(seen, HasSubstr(R"("body": "hello")"));
  EXPECT_THAT(seen, Not(HasSubstr("expect")));
  EXPECT_THAT(seen, Not(HasSubstr("content-type")));
}

TEST_F(CurlNetTest, AnyStatusIsAResponse) {
  EXPECT_EQ(net_.Http({.url = http_.Url("/status/503")})->status, 503);
  EXPECT_EQ(net_.Http({.method = "HEAD", .url = http_.Url("/size/5")})->status, 200);
  EXPECT_EQ(net_.Http({.method = "PUT", .url = http_.Url("/")})->status, 200);
  EXPECT_EQ(net_.Http({.method = "DELETE", .url = http_.Url("/")})->status, 200);
}

TEST_F(CurlNetTest, KeepsItsConnection) {
  const auto peer_port = [&] {
    EXPECT_TRUE(net_.Http({.url = http_.Url("/")}).ok());
    const std::string seen = http_.Next();
    const size_t at = seen.find("peer_port");
    return seen.substr(at, seen.find(',', at) - at);
  };
  EXPECT_EQ(peer_port(), peer_port());
}

TEST_F(CurlNetTest, LimitsTheResponse) {
  EXPECT_EQ(net_.Http({.url = http_.Url("/size/1000"), .response_bytes_max = 1000})->body.size(), 1000U);
  EXPECT_EQ(CodeOf({.url = http_.Url("/size/1001"), .response_bytes_max = 1000}), ErrorCode::kLimitExceeded);
}

TEST_F(CurlNetTest, EndsCallsWhenTheProgramEnds) {
  auto call = std::async(std::launch::async,
                         [&] { return CodeOf({.url = http_.Url("/slow/600"), .timeout = milliseconds(600'000)}); });
  EXPECT_THAT(http_.Next(), HasSubstr("/slow/600"));
  net_.EndCalls();
  EXPECT_EQ(call.get(), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf({.url = http_.Url("/")}), ErrorCode::kUnavailable);
}

TEST_F(CurlNetTest, MapsFailures) {
  EXPECT_EQ(CodeOf({.url = http_.Url("/slow/5"), .timeout = milliseconds(50)}), ErrorCode::kTimeout);
  EXPECT_EQ(CodeOf({.url = "http://127.0.0.1:1/"}), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf({.url = "http://name.invalid/"}), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf({.url = "ftp://127.0.0.1/"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf({.url = "file:///etc/passwd"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf({.url = "nonsense"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf({.url = http_.Url("/"), .headers = {{"A", "b\r\nC: d"}}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf({.method = "GET / HTTP/1.1", .url = http_.Url("/")}), ErrorCode::kInvalidArgument);
}

TEST_F(CurlNetTest, NoSecretInAMessage) {
  for (const HttpRequest& request :
       {HttpRequest{.url = "http://user:s3cret@127.0.0.1:1/s3cret?key=s3cret", .headers = {{"K", "s3cret"}}},
        HttpRequest{.url = "http://127.0.0.1:s3cret/"},
        HttpRequest{.url = http_.Url("/size/9?key=s3cret"), .response_bytes_max = 1}}) {
    const auto response = net_.Http(request);
    ASSERT_FALSE(response.ok());
    EXPECT_THAT(response.error().message, Not(HasSubstr("s3cret")));
  }
  const Status mailed = net_.SendMail({.url = "smtp://127.0.0.1:1", .user = "u", .password = "s3cret"},
                                      {.from = "a@b", .to = {"c@d"}, .message = "s3cret"});
  ASSERT_FALSE(mailed.ok());
  EXPECT_EQ(mailed.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(mailed.error().message, Not(HasSubstr("s3cret")));
}

Mail TestMail() {
  auto message = BuildMailMessage({.from = "alerts@example.org",
                                   .to = {"ops@example.org", "boss@example.org"},
                                   .subject = "Subject",
                                   .text = ".leading dot\n\xc3\xa4",
                                   .message_id = "1@tailrace"});
  return {.from = "alerts@example.org", .to = {"ops@example.org", "boss@example.org"}, .message = *message};
}

TEST_F(CurlNetTest, SendsMail) {
  TestServer smtp({"smtp_sink.py"});
  if (!smtp.skip().empty()) GTEST_SKIP() << smtp.skip();
  ASSERT_TRUE(smtp.ready());
  const Status sent = net_.SendMail({.url = StrCat("smtp://127.0.0.1:", smtp.port())}, TestMail());
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  const std::string seen = smtp.Next();
  EXPECT_THAT(seen, HasSubstr(R"("from": "alerts@example.org", "to": ["ops@example.org", "boss@example.org"])"));
  EXPECT_THAT(seen, HasSubstr(R"(Subject: Subject\r\n)"));
  EXPECT_THAT(seen, HasSubstr(R"(\r\n\r\n.leading dot\r\n=C3=A4\r\n)"));
  const Status no_tls =
      net_.SendMail({.url = StrCat("smtp://127.0.0.1:", smtp.port()), .require_tls = true}, TestMail());
  ASSERT_FALSE(no_tls.ok());
  EXPECT_EQ(no_tls.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(net_.SendMail({.url = "http://127.0.0.1"}, TestMail()).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(CurlNetTest, TellsFinalRefusalsFromPassingOnes) {
  for (const auto& [smtp_code, error_code] :
       {std::pair<const char*, ErrorCode>{"550", ErrorCode::kInvalidArgument}, {"451", ErrorCode::kUnavailable}}) {
    TestServer smtp({"smtp_sink.py", "--refuse", smtp_code});
    if (!smtp.skip().empty()) GTEST_SKIP() << smtp.skip();
    const Status sent = net_.SendMail({.url = StrCat("smtp://127.0.0.1:", smtp.port())}, TestMail());
    ASSERT_FALSE(sent.ok());
    EXPECT_EQ(sent.error().code, error_code) << sent.error().message;
    EXPECT_THAT(sent.error().message, HasSubstr(smtp_code));
  }
}

TEST_F(CurlNetTest, LogsInOverStartTls) {
  std::string directory = testing::TempDir() + "tailrace-tls-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string key = directory + "/key.pem";
  const std::string certificate = directory + "/certificate.pem";
  const auto made =
      RunCommand({.argv = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                           "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                           key, "-out", certificate}});
  if (!made.ok() || made->exit_code != 0) GTEST_SKIP() << "skip: the openssl program is not installed";
  TestServer smtp({"smtp_sink.py", "--tls", certificate, key, "--login", "user", "pass"});
  if (!smtp.skip().empty()) GTEST_SKIP() << smtp.skip();
  ASSERT_TRUE(smtp.ready());
  CurlNet trusting({.ca_file = certificate});
  MailServer server{
      .url = StrCat("smtp://127.0.0.1:", smtp.port()), .user = "user", .password = "pass", .require_tls = true};
  const Status sent = trusting.SendMail(server, TestMail());
  ASSERT_TRUE(sent.ok()) << sent.error().message;
  EXPECT_THAT(smtp.Next(), HasSubstr(R"("tls": true, "authenticated": true)"));
  server.password = "wrong";
  EXPECT_EQ(trusting.SendMail(server, TestMail()).error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(net_.SendMail(server, TestMail()).error().code, ErrorCode::kUnavailable);  // Certificate not trusted.
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace tailrace
