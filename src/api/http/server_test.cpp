#include "api/http/server.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "base/os/system_clock.h"

// Real sockets and a real client (libcurl) against the server; raw bytes where a client would never send them.

namespace tailrace::api::http {
namespace {

struct Answer {
  long status = 0;
  long version = 0;
  std::string body;
  std::string error;
};

size_t Collect(char* bytes, size_t size, size_t count, void* into) {
  static_cast<std::string*>(into)->append(bytes, size * count);
  return size * count;
}

Answer Fetch(const std::string& url, const std::string& body, long http_version) {
  Answer answer;
  CURL* const curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, http_version);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
  if (!body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) answer.error = curl_easy_strerror(code);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &answer.version);
  curl_easy_cleanup(curl);
  return answer;
}

void Echo(ExchangePtr exchange) {
  const Request& request = exchange->request();
  if (request.path == "/stream") {
    exchange->BeginStream(Response::Text(200, ""));
    std::thread([exchange] {
      for (int i = 0; i < 5; ++i) exchange->Write("part " + std::to_string(i) + "\n");
      exchange->Finish();
    }).detach();
    return;
  }
  if (request.path == "/forget") return;
  if (request.path == "/large") return exchange->Respond(Response::Text(200, std::string(64 << 20, 'x')));
  exchange->Respond(Response::Text(200, request.method + " " + request.path + " " +
                                            std::string(request.Query("q").value_or("-")) + " " +
                                            std::to_string(request.body.size())));
}

class HttpServerTest : public ::testing::TestWithParam<long> {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.port = 0;
    options.body_bytes_max = 1 << 20;
    options.header_bytes_max = 8 << 10;
    options.request_timeout = std::chrono::milliseconds(300);
    options.write_timeout = std::chrono::milliseconds(300);
    options.all_bodies_bytes_max = 3 << 20;
    auto server = Server::Start(options, Echo, clock_, metrics_);
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(server).value();
    url_ = "http://127.0.0.1:" + std::to_string(server_->port());
  }

  // Sends raw bytes and gives all that comes back until the server closes.
  std::string Raw(const std::string& bytes) {
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket socket(io);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), server_->port()});
    boost::system::error_code ignored;
    boost::asio::write(socket, boost::asio::buffer(bytes), ignored);
    std::string answer;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ignored);
    return answer;
  }

  SystemClock clock_;
  MetricsRegistry metrics_;
  std::unique_ptr<Server> server_;
  std::string url_;
};

TEST_P(HttpServerTest, AnswersRequestsWithDecodedPathAndQuery) {
  const Answer answer = Fetch(url_ + "/a%20b?q=c%2Bd+e", "", GetParam());
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "GET /a b c+d e 0");
  const bool http2 = GetParam() == CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  EXPECT_EQ(answer.version, http2 ? CURL_HTTP_VERSION_2_0 : CURL_HTTP_VERSION_1_1);
}

TEST_P(HttpServerTest, TakesABodyUpToTheLimit) {
  const Answer answer = Fetch(url_ + "/put", std::string(1 << 20, 'x'), GetParam());
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.body, "POST /put - 1048576");
}

TEST_P(HttpServerTest, RefusesALargerBodyInAWayThatClientsUnderstand) {
  EXPECT_EQ(Fetch(url_ + "/put", std::string(3 << 20, 'x'), GetParam()).status, 413);
}

TEST_P(HttpServerTest, StreamsABodyFromAnotherThread) {
  const Answer answer = Fetch(url_ + "/stream", "", GetParam());
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.body, "part 0\npart 1\npart 2\npart 3\npart 4\n");
}

TEST_P(HttpServerTest, AForgottenRequestIsAnsweredWith500) {
  EXPECT_EQ(Fetch(url_ + "/forget", "", GetParam()).status, 500);
}

INSTANTIATE_TEST_SUITE_P(Versions, HttpServerTest,
                         ::testing::Values(CURL_HTTP_VERSION_1_1, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));

class Http1Test : public HttpServerTest {};
INSTANTIATE_TEST_SUITE_P(Raw, Http1Test, ::testing::Values(CURL_HTTP_VERSION_1_1));

TEST_P(Http1Test, RefusesALargerBodyWith413) {
  const std::string answer = Raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
}

TEST_P(Http1Test, RefusesALongHeaderWith431) {
  const std::string answer = Raw("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(9000, 'a') + "\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 431 ")) << answer;
}

TEST_P(Http1Test, RefusesGarbageWith400) {
  EXPECT_TRUE(Raw("\x01\x02\x03garbage\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(Raw("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST_P(Http1Test, GivesUpOnASlowRequestWith408) {
  EXPECT_TRUE(Raw("GET / HTTP/1.1\r\nHos").starts_with("HTTP/1.1 408 "));
}

// Many megabytes are still on their way when the answer comes: it must not be torn away by the close.
TEST_P(Http1Test, TheAnswerReachesAClientThatIsStillSending) {
  const std::string answer =
      Raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n" + std::string(20'000'000, 'x'));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer.substr(0, 100);
}

TEST_P(Http1Test, AsksForTheBodyThatTheClientHoldsBack) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  socket.connect({boost::asio::ip::make_address("127.0.0.1"), server_->port()});
  const std::string head =
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
  boost::asio::write(socket, boost::asio::buffer(head));
  std::string answer;
  boost::asio::read_until(socket, boost::asio::dynamic_buffer(answer), "\r\n\r\n");
  EXPECT_EQ(answer, "HTTP/1.1 100 Continue\r\n\r\n");
  boost::asio::write(socket, boost::asio::buffer("abc", 3));
  boost::system::error_code ignored;
  boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ignored);
  EXPECT_NE(answer.find("POST /a - 3"), std::string::npos) << answer;
}

TEST_P(Http1Test, RefusesBodiesThatAreTooMuchTogether) {
  boost::asio::io_context io;
  std::vector<boost::asio::ip::tcp::socket> sockets;
  const std::string half =
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n" + std::string(1'000'000, 'x');
  std::string answers;
  for (int i = 0; i < 4; ++i) {
    sockets.emplace_back(io);
    sockets.back().connect({boost::asio::ip::make_address("127.0.0.1"), server_->port()});
    boost::asio::write(sockets.back(), boost::asio::buffer(half));
  }
  for (auto& socket : sockets) {
    std::string answer;
    boost::system::error_code ignored;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ignored);
    answers += answer.substr(0, 12);
  }
  EXPECT_NE(answers.find("HTTP/1.1 503"), std::string::npos) << answers;
}

TEST_P(Http1Test, DropsAClientThatTakesNothing) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::socket socket(io);
  socket.connect({boost::asio::ip::make_address("127.0.0.1"), server_->port()});
  boost::asio::write(socket, boost::asio::buffer(std::string("GET /large HTTP/1.1\r\nHost: x\r\n\r\n")));
  // Nothing is read until the server has come and gone; then there is less than it wanted to send.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const auto wait_until = [&](auto holds) {
    while (!holds() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  wait_until([&] { return server_->connections() > 0; });
  wait_until([&] { return server_->connections() == 0; });
  std::string answer;
  boost::system::error_code ignored;
  boost::asio::read(socket, boost::asio::dynamic_buffer(answer), ignored);
  EXPECT_LT(answer.size(), size_t{64 << 20});
}

TEST_P(Http1Test, AnswersPipelinedRequestsInOrder) {
  const std::string answer =
      Raw("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const size_t one = answer.find("GET /1");
  const size_t two = answer.find("GET /2");
  const size_t three = answer.find("GET /3");
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_NE(three, std::string::npos);
}

// Whoever answered a request may let go of it long after; the client has asked for something else by then.
TEST_P(Http1Test, AnEarlierRequestThatIsLetGoEndsNoLaterStream) {
  ExchangePtr held;
  const auto handler = [&held](const ExchangePtr& exchange) {
    if (exchange->request().path == "/first") {
      exchange->Respond(Response::Text(200, "first"));
      held = exchange;
      return;
    }
    exchange->BeginStream(Response::Text(200, ""));
    exchange->Write("before");
    held.reset();
    exchange->Write("after");
    exchange->Finish();
  };
  ServerOptions options;
  options.port = 0;
  auto server = Server::Start(options, handler, clock_, metrics_);
  ASSERT_TRUE(server.ok()) << server.error().message;
  server_ = std::move(server).value();
  const std::string answer =
      Raw("GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("6\r\nbefore\r\n5\r\nafter\r\n0\r\n\r\n"), std::string::npos) << answer;
}

TEST_P(Http1Test, APortInUseIsAClearError) {
  ServerOptions options;
  options.port = server_->port();
  const auto second = Server::Start(options, Echo, clock_, metrics_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message.find("choose one with --listen"), std::string::npos);
}

}  // namespace
}  // namespace tailrace::api::http
