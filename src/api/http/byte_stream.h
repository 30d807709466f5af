#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace tailrace::api::http {

// A TCP or TLS connection behind one face, so that the protocols compile once. One owner thread (the I/O thread).
class ByteStream {
 public:
  using Done = std::function<void(boost::system::error_code, size_t)>;
  virtual ~ByteStream() = default;
  // TLS handshake; immediate for TCP.
  virtual void Handshake(Done done) = 0;
  virtual void ReadSome(std::span<char> into, Done done) = 0;
  // Writes all of `bytes`, which stay valid until `done`. One write at a time.
  virtual void WriteAll(std::span<const char> bytes, Done done) = 0;
  // Tells the peer that nothing more comes; what it still sends can be read.
  virtual void ShutdownWrite() = 0;
  virtual void Close() = 0;
  virtual bool negotiated_http2() const = 0;  // By ALPN.
  virtual bool tls() const = 0;
};

std::unique_ptr<ByteStream> MakeTcpStream(boost::asio::ip::tcp::socket socket);
// `context` is borrowed and outlives the stream.
std::unique_ptr<ByteStream> MakeTlsStream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& context);

}  // namespace tailrace::api::http
