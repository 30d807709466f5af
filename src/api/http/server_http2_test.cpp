#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <mutex>
#include <optional>
#include <thread>

#include "api/http/server.h"
#include "base/os/system_clock.h"
#include "base/str.h"

// HTTP/2 frame by frame, for what a well-behaved client never does, and what happens when the server stops.

namespace tailrace::api::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint8_t kEndStream = 0x1;
constexpr uint8_t kEndHeaders = 0x4;
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct Frame {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;
};

std::string FrameBytes(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string bytes;
  for (const size_t shift : {16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift & 0xff);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  for (const size_t shift : {24, 16, 8, 0}) bytes += static_cast<char>(stream >> shift & 0xff);
  return StrCat(bytes, payload);
}

uint32_t NumberAt(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<uint8_t>(bytes[at + i]);
  return number;
}

// A socket that speaks frames.
class Client {
 public:
  explicit Client(uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::make_address("127.0.0.1"), port});
    Send(StrCat(kPreface, FrameBytes(NGHTTP2_SETTINGS, 0, 0, "")));
  }

  void Send(std::string_view bytes) { asio::write(socket_, asio::buffer(bytes)); }

  // GET or POST of a path of one letter, to be followed by a body unless `flags` ends the stream. RFC 7541, appendix A.
  void Ask(uint32_t stream, char method_index, char letter, uint8_t flags) {
    const std::string block =
        StrCat(std::string(1, method_index), "\x86\x04\x02/", std::string(1, letter), "\x41\x01h");
    Send(FrameBytes(NGHTTP2_HEADERS, flags | kEndHeaders, stream, block));
  }
  static constexpr char kGet = '\x82';
  static constexpr char kPost = '\x83';

  // The next frame; nothing when the server has closed.
  std::optional<Frame> Next() {
    constexpr size_t kHead = 9;
    std::string head(kHead, '\0');
    boost::system::error_code error;
    asio::read(socket_, asio::buffer(head), error);
    if (error) return std::nullopt;
    const uint32_t size = NumberAt(head, 0) >> 8;
    Frame frame{
        .type = static_cast<uint8_t>(head[3]), .flags = static_cast<uint8_t>(head[4]), .stream = NumberAt(head, 5)};
    frame.payload.resize(size);
    asio::read(socket_, asio::buffer(frame.payload), error);
    if (error) return std::nullopt;
    return frame;
  }

  // The next frame of that type.
  std::optional<Frame> Next(uint8_t type) {
    while (true) {
      auto frame = Next();
      if (!frame.has_value() || frame->type == type) return frame;
    }
  }

  // The value of :status in the next response.
  std::string NextStatus() {
    auto frame = Next(NGHTTP2_HEADERS);
    if (!frame.has_value()) return "closed";
    nghttp2_hd_inflater* inflater = nullptr;
    nghttp2_hd_inflate_new(&inflater);
    auto* bytes = reinterpret_cast<uint8_t*>(frame->payload.data());
    nghttp2_nv field{};
    int flags = 0;
    nghttp2_hd_inflate_hd2(inflater, &field, &flags, bytes, frame->payload.size(), 1);
    std::string value(reinterpret_cast<const char*>(field.value), field.valuelen);
    nghttp2_hd_inflate_del(inflater);
    return value;
  }

  bool ClosedByServer() { return !Next(0xff).has_value(); }

 private:
  asio::io_context io_;
  tcp::socket socket_;
};

class ServerFramesTest : public ::testing::Test {
 protected:
  void Start(ServerOptions options) {
    options.port = 0;
    auto server =
        Server::Start(options, [this](ExchangePtr exchange) { Answer(std::move(exchange)); }, clock_, metrics_);
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(server).value();
    port_ = server_->port();
  }

  // Paths: /l is a large answer, /w waits until it is released, others are short.
  void Answer(ExchangePtr exchange) {
    if (exchange->request().path == "/l") {
      return exchange->Respond(Response::Text(200, std::string(kLargeBytes, 'x')));
    }
    if (exchange->request().path == "/w") {
      const std::lock_guard lock(mutex_);
      waiting_ = std::move(exchange);
      return;
    }
    exchange->Respond(Response::Text(200, "short"));
  }

  bool Waits() {
    const std::lock_guard lock(mutex_);
    return waiting_ != nullptr;
  }

  void Release() {
    const std::lock_guard lock(mutex_);
    waiting_->Respond(Response::Text(200, "released"));
    waiting_.reset();
  }

  template <typename Holds>
  static void WaitUntil(Holds holds) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

  static constexpr size_t kLargeBytes = 24 << 20;  // More than sockets buffer.
  SystemClock clock_;
  MetricsRegistry metrics_;
  std::mutex mutex_;
  ExchangePtr waiting_;
  std::unique_ptr<Server> server_;
  uint16_t port_ = 0;
};

TEST_F(ServerFramesTest, ARequestWhoseBodyIsTooLargeGets413) {
  Start({.body_bytes_max = 10'000});
  Client client(port_);
  client.Ask(1, Client::kPost, 'a', 0);
  client.Send(FrameBytes(NGHTTP2_DATA, 0, 1, std::string(10'001, 'x')));
  EXPECT_EQ(client.NextStatus(), "413");
  // It may send the rest: nobody minds.
  client.Send(FrameBytes(NGHTTP2_DATA, kEndStream, 1, "the rest"));
  // The connection goes on.
  client.Ask(3, Client::kGet, 'a', kEndStream);
  EXPECT_EQ(client.NextStatus(), "200");
}

TEST_F(ServerFramesTest, ARefusedRequestThatGoesOnIsReset) {
  Start({.body_bytes_max = 10'000});
  Client client(port_);
  client.Ask(1, Client::kPost, 'a', 0);
  for (int i = 0; i < 7; ++i) client.Send(FrameBytes(NGHTTP2_DATA, 0, 1, std::string(10'000, 'x')));
  EXPECT_EQ(client.NextStatus(), "413");
  const auto reset = client.Next(NGHTTP2_RST_STREAM);
  ASSERT_TRUE(reset.has_value());
  EXPECT_EQ(NumberAt(reset->payload, 0), uint32_t{NGHTTP2_NO_ERROR});
}

TEST_F(ServerFramesTest, ARequestWhoseHeaderIsTooLargeGets431) {
  Start({.header_bytes_max = 1'000});
  Client client(port_);
  // A literal field "a" of 900 bytes, twice, without indexing; lengths as RFC 7541, 5.1 has them.
  const std::string field = StrCat(std::string_view("\x00\x01"
                                                    "a\x7f\x85\x06",
                                                    6),
                                   std::string(900, 'v'));
  const std::string block = StrCat("\x82\x86\x84\x41\x01h", field, field);
  client.Send(FrameBytes(NGHTTP2_HEADERS, kEndHeaders | kEndStream, 1, block));
  EXPECT_EQ(client.NextStatus(), "431");
  client.Ask(3, Client::kGet, 'a', kEndStream);
  EXPECT_EQ(client.NextStatus(), "200");
}

TEST_F(ServerFramesTest, ARequestThatDoesNotArriveGets408) {
  Start({.request_timeout = milliseconds(200), .idle_timeout = milliseconds(100)});
  Client client(port_);
  client.Ask(1, Client::kPost, 'a', 0);
  client.Send(FrameBytes(NGHTTP2_DATA, 0, 1, "some of it"));
  EXPECT_EQ(client.NextStatus(), "408");
}

TEST_F(ServerFramesTest, AnIdleConnectionIsClosed) {
  Start({.idle_timeout = milliseconds(100)});
  Client client(port_);
  client.Ask(1, Client::kGet, 'a', kEndStream);
  EXPECT_EQ(client.NextStatus(), "200");
  EXPECT_TRUE(client.ClosedByServer());
}

TEST_F(ServerFramesTest, ARequestUnderWayIsAnsweredWhileTheServerStops) {
  Start({});
  Client client(port_);
  client.Ask(1, Client::kGet, 'w', kEndStream);
  WaitUntil([&] { return Waits(); });
  std::jthread stop([&] { server_->Stop(seconds(60)); });
  const auto goaway = client.Next(NGHTTP2_GOAWAY);
  ASSERT_TRUE(goaway.has_value());
  EXPECT_EQ(NumberAt(goaway->payload, 0), 1U);  // The last request that it answers.
  EXPECT_EQ(NumberAt(goaway->payload, 4), uint32_t{NGHTTP2_NO_ERROR});
  Release();
  const auto body = client.Next(NGHTTP2_DATA);
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(body->payload, "released");
  EXPECT_TRUE(client.ClosedByServer());
}

TEST_F(ServerFramesTest, AnAnswerOnItsWayArrivesWholeWhileTheServerStops) {
  Start({});
  Client client(port_);
  // Room for all of it, so that only the sockets hold it up.
  client.Send(FrameBytes(NGHTTP2_SETTINGS, 0, 0, std::string("\x00\x04\x7f\xff\xff\xff", 6)));
  client.Send(FrameBytes(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string("\x7f\xff\x00\x00", 4)));
  client.Ask(1, Client::kGet, 'l', kEndStream);
  EXPECT_EQ(client.NextStatus(), "200");
  std::jthread stop([&] { server_->Stop(seconds(60)); });
  WaitUntil([&] {
    // It takes no new connection any more.
    asio::io_context io;
    tcp::socket probe(io);
    boost::system::error_code error;
    probe.connect({asio::ip::make_address("127.0.0.1"), port_}, error);
    return static_cast<bool>(error);
  });
  size_t size = 0;
  while (const auto frame = client.Next()) {
    if (frame->type == NGHTTP2_DATA) size += frame->payload.size();
  }
  EXPECT_EQ(size, kLargeBytes);
}

TEST_F(ServerFramesTest, AnHttp1AnswerOnItsWayArrivesWholeWhileTheServerStops) {
  Start({});
  asio::io_context io;
  tcp::socket socket(io);
  socket.connect({asio::ip::make_address("127.0.0.1"), port_});
  asio::write(socket, asio::buffer(std::string("GET /l HTTP/1.1\r\nHost: x\r\n\r\n")));
  std::string answer(10, '\0');
  asio::read(socket, asio::buffer(answer));
  std::jthread stop([&] { server_->Stop(seconds(60)); });
  boost::system::error_code ignored;
  asio::read(socket, asio::dynamic_buffer(answer), ignored);
  const size_t head = answer.find("\r\n\r\n");
  ASSERT_NE(head, std::string::npos);
  EXPECT_EQ(answer.size() - head - 4, kLargeBytes);
}

TEST_F(ServerFramesTest, MoreConnectionsThanAllowedAreClosedAtOnce) {
  Start({.connections_max = 2});
  Client first(port_);
  Client second(port_);
  first.Ask(1, Client::kGet, 'a', kEndStream);
  second.Ask(1, Client::kGet, 'a', kEndStream);
  EXPECT_EQ(first.NextStatus(), "200");
  EXPECT_EQ(second.NextStatus(), "200");
  asio::io_context io;
  tcp::socket third(io);
  third.connect({asio::ip::make_address("127.0.0.1"), port_});
  char byte = 0;
  boost::system::error_code error;
  asio::read(third, asio::buffer(&byte, 1), error);
  EXPECT_TRUE(error == asio::error::eof || error == asio::error::connection_reset) << error.message();
  first.Ask(3, Client::kGet, 'a', kEndStream);
  EXPECT_EQ(first.NextStatus(), "200");
}

}  // namespace
}  // namespace tailrace::api::http
