#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <deque>
#include <optional>

#include "api/http/connection.h"
#include "base/str.h"

namespace tailrace::api::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kJoinedBytesMax = 64 << 10;
constexpr std::chrono::seconds kLinger{2};
constexpr size_t kLingerBytesMax = 64 << 20;

class Http1Connection;

// The answer side of one request. Holds the connection alive until it is answered.
class Http1Exchange final : public Exchange {
 public:
  Http1Exchange(std::shared_ptr<Http1Connection> connection, Request request)
      : connection_(std::move(connection)), request_(std::move(request)) {}
  ~Http1Exchange() override;

  const Request& request() const override { return request_; }
  std::string TakeBody() override { return std::move(request_.body); }
  void Respond(Response response) override;
  void BeginStream(Response head) override;
  void Write(std::string bytes) override;
  void Finish() override;
  bool closed() const override;
  size_t queued_bytes() const override;

 private:
  const std::shared_ptr<Http1Connection> connection_;
  Request request_;
  std::atomic<bool> answered_{false};
  std::atomic<bool> streaming_{false};  // Between BeginStream and Finish.
};

class Http1Connection final : public Connection {
 public:
  Http1Connection(ServerContext& context, std::unique_ptr<ByteStream> stream, std::string peer)
      : context_(context),
        stream_(std::move(stream)),
        peer_(std::move(peer)),
        timer_(context.io),
        write_timer_(context.io) {}
  ~Http1Connection() override {
    CountBody(0);
    SetWriting(false);
    context_.connections.fetch_sub(1);
  }

  void Start(std::string first_bytes) override {
    buffer_ = std::move(first_bytes);
    NextRequest();
  }

  void Close() override {
    if (closed_.exchange(true)) return;
    timer_.cancel();
    write_timer_.cancel();
    stream_->Close();
  }

  void Drain() override {
    if (!waiting_for_answer_ && !writing_ && !parser_->got_some()) Close();
  }

  bool closed() const { return closed_; }
  size_t queued_bytes() const { return queued_bytes_; }

  template <typename Work>
  void Post(Work work) {
    PostInOrder(context_.io, [self = Self(), work = std::move(work)]() mutable { work(*self); });
  }

  void SendResponse(Response response) {
    std::string body = std::move(response.body);
    Enqueue(HeadText(response) + StrCat("content-length: ", body.size(), "\r\n\r\n"), Flush::kLater);
    if (!head_request_) Enqueue(std::move(body), Flush::kLater);
    if (!writing_ && !pending_.empty()) WriteNext();
    EndOfResponse();
  }

  void SendHead(const Response& head) {
    streaming_ = true;
    // HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
    chunked_ = http11_;
    if (!chunked_) keep_alive_ = false;
    Enqueue(HeadText(head) + (chunked_ ? "transfer-encoding: chunked\r\n\r\n" : "\r\n"));
  }

  void SendChunk(const std::string& bytes) {
    if (bytes.empty() || !streaming_) return;
    Enqueue(chunked_ ? fmt::format("{:x}\r\n", bytes.size()) + bytes + "\r\n" : bytes);
    if (queued_bytes_ > context_.options.stream_queue_bytes_max) Close();
  }

  void SendEnd() {
    if (!streaming_) return;
    streaming_ = false;
    if (chunked_) Enqueue("0\r\n\r\n");
    EndOfResponse();
  }

 private:
  using Parser = beast_http::request_parser<beast_http::string_body>;

  std::shared_ptr<Http1Connection> Self() { return std::static_pointer_cast<Http1Connection>(shared_from_this()); }

  void NextRequest() {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(context_.options.header_bytes_max));
    parser_->body_limit(context_.options.body_bytes_max);
    parser_->eager(true);
    continue_sent_ = false;
    ArmTimer(buffer_.empty() ? context_.options.idle_timeout : context_.options.request_timeout);
    if (buffer_.empty()) {
      Read();
    } else {
      Parse();
    }
  }

  void ArmTimer(std::chrono::milliseconds limit) {
    timer_.expires_after(limit);
    timer_.async_wait([self = Self()](error_code error) {
      if (error || self->closed_) return;
      const bool idle = !self->parser_->got_some();
      if (idle || self->waiting_for_answer_) return self->Close();
      self->Refuse(408, "the request did not arrive in time");
    });
  }

  void Read() {
    read_buffer_.resize(kReadBytes);
    reading_ = true;
    stream_->ReadSome(read_buffer_, [self = Self()](error_code error, size_t size) {
      self->reading_ = false;
      if (self->closed_) return;
      if (error) return self->Close();
      if (self->lingering_) return self->Discard(size);
      if (self->buffer_.empty()) self->ArmTimer(self->context_.options.request_timeout);
      self->buffer_.append(self->read_buffer_.data(), size);
      self->Parse();
    });
  }

  void Parse() {
    error_code error;
    size_t used = 0;
    // Every put consumes what it can; it asks for more when the header is still incomplete.
    while (used < buffer_.size() && !parser_->is_done()) {
      const size_t step = parser_->put(asio::buffer(buffer_.data() + used, buffer_.size() - used), error);
      used += step;
      if (error == beast_http::error::need_more) {
        error = {};
        break;
      }
      if (error) break;
      if (step == 0) break;
    }
    buffer_.erase(0, used);
    if (error == beast_http::error::body_limit) {
      return Refuse(413, StrCat("the body is larger than ", context_.options.body_bytes_max, " bytes"));
    }
    if (error == beast_http::error::header_limit) {
      return Refuse(431, StrCat("the header is larger than ", context_.options.header_bytes_max, " bytes"));
    }
    if (error) return Refuse(400, StrCat("malformed request: ", error.message()));
    if (buffer_.size() > context_.options.header_bytes_max && !parser_->is_header_done()) {
      return Refuse(431, StrCat("the header is larger than ", context_.options.header_bytes_max, " bytes"));
    }
    CountBody(parser_->get().body().size());
    if (context_.body_bytes > context_.options.all_bodies_bytes_max) {
      return Refuse(503, "too many large requests at once");
    }
    if (parser_->is_done()) return Dispatch();
    if (parser_->is_header_done() && !continue_sent_ && parser_->get()[beast_http::field::expect] == "100-continue") {
      continue_sent_ = true;
      Enqueue("HTTP/1.1 100 Continue\r\n\r\n");
    }
    Read();
  }

  void Dispatch() {
    timer_.cancel();
    auto& message = parser_->get();
    http11_ = message.version() >= 11;
    keep_alive_ = message.keep_alive() && !context_.draining;
    Request request;
    request.method = std::string(message.method_string());
    head_request_ = request.method == "HEAD";
    request.target = std::string(message.target());
    for (const auto& field : message) {
      request.headers.emplace_back(AsciiLower(std::string_view(field.name_string())),
                                   std::string(Trim(std::string_view(field.value()))));
    }
    request.body = std::move(message.body());
    request.peer = peer_;
    request.tls = stream_->tls();
    if (!DecodeTarget(request)) return Refuse(400, "the request target holds malformed escapes");
    waiting_for_answer_ = true;
    context_.requests.Add(1);
    context_.in_flight.fetch_add(1);
    context_.handler(std::make_shared<Http1Exchange>(Self(), std::move(request)));
  }

  // How much of the limit on all bodies this connection's request takes.
  void CountBody(size_t bytes) {
    context_.body_bytes.fetch_add(bytes - counted_body_bytes_);  // Wraps around when it shrinks, and back.
    counted_body_bytes_ = bytes;
  }

  void Refuse(int status, const std::string& why) {
    context_.refused.Add(1);
    keep_alive_ = false;
    http11_ = true;
    Response response = Response::Text(status, why + "\n");
    std::string text = HeadText(response) + StrCat("content-length: ", response.body.size(), "\r\n\r\n");
    Enqueue(text + response.body);
    close_when_written_ = true;
    if (!writing_) Linger();
  }

  // A peer that is still sending would have its answer torn away by a close: what it sends is read for a moment.
  void Linger() {
    lingering_ = true;
    stream_->ShutdownWrite();
    CountBody(0);
    timer_.expires_after(kLinger);
    timer_.async_wait([self = Self()](error_code error) {
      if (!error) self->Close();
    });
    if (!reading_) Discard(0);
  }

  void Discard(size_t so_far) {
    read_buffer_.resize(kReadBytes);
    stream_->ReadSome(read_buffer_, [self = Self(), so_far](error_code error, size_t size) {
      if (self->closed_) return;
      if (error || so_far + size > kLingerBytesMax) return self->Close();
      self->Discard(so_far + size);
    });
  }

  std::string HeadText(const Response& response) const {
    std::string text =
        StrCat(http11_ ? "HTTP/1.1 " : "HTTP/1.0 ", response.status, " ", ReasonPhrase(response.status), "\r\n");
    for (const auto& [name, value] : response.headers) {
      text += name;
      text += ": ";
      text += value;
      text += "\r\n";
    }
    text += StrCat("date: ", HttpDate(ToUnixMs(context_.clock.Now())), "\r\n");
    if (!keep_alive_) {
      text += "connection: close\r\n";
    } else if (!http11_) {
      text += "connection: keep-alive\r\n";
    }
    return text;
  }

  void EndOfResponse() {
    context_.in_flight.fetch_sub(1);
    CountBody(0);
    waiting_for_answer_ = false;
    response_ended_ = true;
    if (!writing_) AfterResponse();
  }

  void AfterResponse() {
    response_ended_ = false;
    if (closed_) return;
    if (!keep_alive_) return Close();
    NextRequest();
  }

  enum class Flush : uint8_t { kNow, kLater };

  // Small pieces are sent together, large ones as they are.
  void Enqueue(std::string text, Flush flush = Flush::kNow) {
    if (closed_ || text.empty()) return;
    queued_bytes_ += text.size();
    if (!pending_.empty() && pending_.back().size() + text.size() <= kJoinedBytesMax) {
      pending_.back() += text;
    } else {
      pending_.push_back(std::move(text));
    }
    if (flush == Flush::kNow && !writing_) WriteNext();
  }

  void SetWriting(bool writing) {
    if (writing == writing_) return;
    writing_ = writing;
    context_.writing.fetch_add(writing ? 1 : -1);
  }

  void WriteNext() {
    SetWriting(true);
    current_ = std::move(pending_.front());
    pending_.pop_front();
    write_timer_.expires_after(context_.options.write_timeout);
    write_timer_.async_wait([self = Self()](error_code error) {
      if (!error) self->Close();
    });
    stream_->WriteAll(current_, [self = Self()](error_code error, size_t) {
      self->write_timer_.cancel();
      self->queued_bytes_ -= self->current_.size();
      self->current_ = {};
      if (!error && !self->pending_.empty()) return self->WriteNext();
      self->SetWriting(false);
      if (error) return self->Close();
      if (self->close_when_written_) return self->Linger();
      if (self->response_ended_) self->AfterResponse();
    });
  }

  ServerContext& context_;
  const std::unique_ptr<ByteStream> stream_;
  const std::string peer_;
  asio::steady_timer timer_;
  asio::steady_timer write_timer_;
  std::optional<Parser> parser_;
  std::string buffer_;  // Read, not yet parsed.
  std::string read_buffer_;
  std::deque<std::string> pending_;  // To be written after current_; none is empty.
  std::string current_;
  std::atomic<size_t> queued_bytes_{0};
  size_t counted_body_bytes_ = 0;
  std::atomic<bool> closed_{false};
  bool http11_ = true;
  bool keep_alive_ = true;
  bool head_request_ = false;
  bool chunked_ = false;
  bool streaming_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool lingering_ = false;
  bool continue_sent_ = false;
  bool waiting_for_answer_ = false;
  bool response_ended_ = false;
  bool close_when_written_ = false;
};

Http1Exchange::~Http1Exchange() {
  // A handler that forgot to answer, or to finish its stream, must not leave the client waiting.
  if (!answered_) {
    connection_->Post([](Http1Connection& c) { c.SendResponse(Response::Text(500, "no answer\n")); });
  } else {
    Finish();
  }
}

void Http1Exchange::Respond(Response response) {
  if (answered_.exchange(true)) return;
  connection_->Post(
      [response = std::move(response)](Http1Connection& c) mutable { c.SendResponse(std::move(response)); });
}

void Http1Exchange::BeginStream(Response head) {
  if (answered_.exchange(true)) return;
  streaming_ = true;
  connection_->Post([head = std::move(head)](Http1Connection& c) { c.SendHead(head); });
}

void Http1Exchange::Write(std::string bytes) {
  if (!streaming_) return;
  connection_->Post([bytes = std::move(bytes)](Http1Connection& c) { c.SendChunk(bytes); });
}

void Http1Exchange::Finish() {
  // Once, and only its own stream: the connection may be at a later request already.
  if (!streaming_.exchange(false)) return;
  connection_->Post([](Http1Connection& c) { c.SendEnd(); });
}

bool Http1Exchange::closed() const { return connection_->closed(); }
size_t Http1Exchange::queued_bytes() const { return connection_->queued_bytes(); }

}  // namespace

std::shared_ptr<Connection> MakeHttp1Connection(ServerContext& context, std::unique_ptr<ByteStream> stream,
                                                std::string peer) {
  return std::make_shared<Http1Connection>(context, std::move(stream), std::move(peer));
}

}  // namespace tailrace::api::http
