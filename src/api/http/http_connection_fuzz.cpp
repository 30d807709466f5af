#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>

#include "api/http/connection.h"
#include "base/check.h"
#include "base/os/system_clock.h"

namespace {

using namespace tailrace;
using namespace tailrace::api::http;

// Gives the fuzzer's bytes in pieces, then the end.
class FuzzedStream final : public ByteStream {
 public:
  FuzzedStream(boost::asio::io_context& io, std::string bytes, size_t piece)
      : io_(io), bytes_(std::move(bytes)), piece_(piece) {}

  void Handshake(Done done) override { done({}, 0); }
  void ReadSome(std::span<char> into, Done done) override {
    const size_t count = closed_ ? 0 : std::min({piece_, into.size(), bytes_.size() - offset_});
    std::copy_n(bytes_.data() + offset_, count, into.data());
    offset_ += count;
    boost::asio::post(io_, [done = std::move(done), count] {
      done(count == 0 ? boost::system::error_code(boost::asio::error::eof) : boost::system::error_code(), count);
    });
  }
  void WriteAll(std::span<const char> bytes, Done done) override {
    boost::asio::post(io_, [done = std::move(done), size = bytes.size()] { done({}, size); });
  }
  void ShutdownWrite() override {}
  void Close() override { closed_ = true; }
  bool negotiated_http2() const override { return false; }
  bool tls() const override { return false; }

 private:
  boost::asio::io_context& io_;
  const std::string bytes_;
  const size_t piece_;
  size_t offset_ = 0;
  bool closed_ = false;
};

}  // namespace

// A connection of either protocol that is sent anything, in pieces of any size.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  static const SystemClock kClock;
  static Counter requests;
  static Counter refused;
  ServerOptions options;
  options.body_bytes_max = 1'000;
  options.header_bytes_max = 1'000;
  ServerContext context{std::move(options),
                        [](ExchangePtr exchange) {
                          exchange->Respond(Response::Text(200, exchange->TakeBody() + exchange->request().path));
                        },
                        kClock, requests, refused};
  context.connections = 1;
  std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  auto stream = std::make_unique<FuzzedStream>(context.io, std::move(bytes), size_t{1} + data[1]);
  {
    const bool http2 = (data[0] & 1) != 0;
    const auto connection = http2 ? MakeHttp2Connection(context, std::move(stream), "peer")
                                  : MakeHttp1Connection(context, std::move(stream), "peer");
    connection->Start(http2 ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : "");
    while (context.io.poll() > 0) {
    }
    connection->Close();
  }
  while (context.io.poll() > 0) {
  }
  TAILRACE_CHECK(context.in_flight == 0);
  TAILRACE_CHECK(context.body_bytes == 0);
  return 0;
}
