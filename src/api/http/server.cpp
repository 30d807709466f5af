#include "api/http/server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <optional>
#include <thread>

#include "api/http/connection.h"
#include "base/str.h"

namespace tailrace::api::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Prefers HTTP/2 when the client offers it. RFC 7301.
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                   unsigned offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  const int found = SSL_select_next_proto(const_cast<unsigned char**>(out), out_size, kOurs, sizeof(kOurs) - 1, offered,
                                          offered_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, Handler handler, const Clock& clock, MetricsRegistry& metrics)
      : context_{std::move(options), std::move(handler), clock,
                 metrics.GetCounter("tailrace_http_requests_total", "HTTP requests handed to a handler."),
                 metrics.GetCounter("tailrace_http_refused_total", "HTTP requests refused before a handler saw them.")},
        acceptor_(context_.io),
        work_(context_.io.get_executor()) {}

  ~AsioServer() override { Stop(std::chrono::milliseconds(0)); }

  Status Listen() {
    const ServerOptions& options = context_.options;
    error_code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) {
      return Error{ErrorCode::kInvalidArgument, StrCat("listen address '", options.address, "' is not an IP address")};
    }
    if (!options.certificate_file.empty()) TAILRACE_TRY(SetUpTls());
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      const bool denied = error == asio::error::access_denied;
      return Error{
          denied ? ErrorCode::kPermissionDenied : ErrorCode::kUnavailable,
          StrCat("listen on ", options.address, ":", options.port, ": ", error.message(),
                 error == asio::error::address_in_use ? "; another program has it, choose one with --listen" : "")};
    }
    port_ = acceptor_.local_endpoint().port();
    asio::post(context_.io, [this] { Accept(); });
    thread_ = std::thread([this] { context_.io.run(); });
    return Ok();
  }

  uint16_t port() const override { return port_; }
  size_t connections() const override { return context_.connections; }

  void Stop(std::chrono::milliseconds limit) override {
    if (!thread_.joinable()) return;
    context_.draining = true;
    asio::post(context_.io, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      for (const auto& weak : connections_) {
        if (const auto connection = weak.lock()) connection->Drain();
      }
    });
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while ((context_.in_flight > 0 || context_.writing > 0) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    asio::post(context_.io, [this] {
      for (const auto& weak : connections_) {
        if (const auto connection = weak.lock()) connection->Close();
      }
      work_.reset();
      context_.io.stop();
    });
    thread_.join();
  }

 private:
  Status SetUpTls() {
    tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1);
    error_code error;
    tls_->use_certificate_chain_file(context_.options.certificate_file, error);
    if (!error) tls_->use_private_key_file(context_.options.key_file, asio::ssl::context::pem, error);
    if (error) {
      return Error{ErrorCode::kInvalidArgument, StrCat("TLS certificate ", context_.options.certificate_file,
                                                       " with key ", context_.options.key_file, ": ", error.message())};
    }
    SSL_CTX_set_alpn_select_cb(tls_->native_handle(), SelectProtocol, nullptr);
    return Ok();
  }

  void Accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (context_.draining) return;
      if (error) {
        // Out of descriptors, most likely: waiting for a moment lets connections end.
        auto timer = std::make_shared<asio::steady_timer>(context_.io, std::chrono::milliseconds(100));
        timer->async_wait([this, timer](error_code) { Accept(); });
        return;
      }
      Welcome(std::move(socket));
      Accept();
    });
  }

  // A connection whose protocol is not known yet.
  struct Opening {
    explicit Opening(asio::io_context& io) : timer(io) {}
    void Close() {
      error_code ignored;
      if (socket.has_value()) socket->close(ignored);
      if (stream != nullptr) stream->Close();
    }
    std::optional<tcp::socket> socket;  // Until there is a stream.
    std::unique_ptr<ByteStream> stream;
    std::string peer;
    std::string bytes;
    std::array<char, 4096> buffer;
    asio::steady_timer timer;
  };

  void Welcome(tcp::socket socket) {
    if (context_.connections >= context_.options.connections_max) return;  // Closing the socket refuses it.
    error_code error;
    const auto remote = socket.remote_endpoint(error);
    if (error) return;
    socket.set_option(tcp::no_delay(true), error);
    auto opening = std::make_shared<Opening>(context_.io);
    opening->peer = StrCat(remote.address().to_string(), ":", remote.port());
    context_.connections.fetch_add(1);
    opening->socket.emplace(std::move(socket));
    opening->timer.expires_after(context_.options.request_timeout);
    opening->timer.async_wait([opening](error_code cancelled) {
      if (!cancelled) opening->Close();
    });
    if (tls_ != nullptr && context_.options.plain_too) return Peek(opening);
    Open(opening, tls_ != nullptr);
  }

  // A TLS client begins with a handshake record, which no HTTP request does.
  void Peek(const std::shared_ptr<Opening>& opening) {
    static constexpr char kHandshake = 0x16;
    opening->socket->async_wait(tcp::socket::wait_read, [this, opening](error_code error) {
      char first = 0;
      size_t size = 0;
      if (!error && opening->socket->is_open()) {
        size = opening->socket->receive(asio::buffer(&first, 1), tcp::socket::message_peek, error);
      }
      if (error || size == 0) return Abandon(*opening);
      Open(opening, first == kHandshake);
    });
  }

  void Open(const std::shared_ptr<Opening>& opening, bool tls) {
    tcp::socket socket = *std::move(opening->socket);
    opening->socket.reset();
    opening->stream = tls ? MakeTlsStream(std::move(socket), *tls_) : MakeTcpStream(std::move(socket));
    opening->stream->Handshake([this, opening](error_code failed, size_t) {
      if (failed) return Abandon(*opening);
      if (opening->stream->negotiated_http2()) return Begin(*opening, true);
      Sniff(opening);
    });
  }

  // Reads until the first bytes tell HTTP/2 with prior knowledge from HTTP/1.
  void Sniff(const std::shared_ptr<Opening>& opening) {
    opening->stream->ReadSome(opening->buffer, [this, opening](error_code error, size_t size) {
      if (error) return Abandon(*opening);
      opening->bytes.append(opening->buffer.data(), size);
      const std::string_view bytes = opening->bytes;
      const size_t length = std::min(bytes.size(), kHttp2Preface.size());
      const bool http2 = bytes.substr(0, length) == kHttp2Preface.substr(0, length);
      if (http2 && length < kHttp2Preface.size()) return Sniff(opening);
      Begin(*opening, http2);
    });
  }

  void Abandon(Opening& opening) {
    opening.timer.cancel();
    opening.Close();
    context_.connections.fetch_sub(1);
  }

  void Begin(Opening& opening, bool http2) {
    opening.timer.cancel();
    auto connection = http2 ? MakeHttp2Connection(context_, std::move(opening.stream), std::move(opening.peer))
                            : MakeHttp1Connection(context_, std::move(opening.stream), std::move(opening.peer));
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    connections_.push_back(connection);
    connection->Start(std::move(opening.bytes));
  }

  ServerContext context_;
  std::unique_ptr<asio::ssl::context> tls_;
  tcp::acceptor acceptor_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::weak_ptr<Connection>> connections_;
  std::thread thread_;
  uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Handler handler, const Clock& clock,
                                              MetricsRegistry& metrics) {
  auto server = std::make_unique<AsioServer>(std::move(options), std::move(handler), clock, metrics);
  TAILRACE_TRY(server->Listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace tailrace::api::http
