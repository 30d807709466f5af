#include <nghttp2/nghttp2.h>

#include <cstring>
#include <map>

#include "api/http/connection.h"
#include "base/str.h"

namespace tailrace::api::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kReadBytes = 64 << 10;
constexpr uint32_t kStreamsMax = 256;  // At once, a connection.
constexpr uint32_t kResetsMax = 1000;  // A connection that resets more streams so fast is attacking (CVE-2023-44487).
constexpr std::chrono::seconds kResetsWindow{30};
constexpr std::chrono::seconds kCheckInterval{5};
constexpr size_t kDiscardFactor = 4;  // A refused request may go on for so many times the largest body.
constexpr int32_t kStreamWindow = 1 << 20;
constexpr int32_t kConnectionWindow = 16 << 20;

class Http2Connection;

class Http2Exchange final : public Exchange {
 public:
  Http2Exchange(std::shared_ptr<Http2Connection> connection, int32_t stream, Request request)
      : connection_(std::move(connection)), stream_(stream), request_(std::move(request)) {}
  ~Http2Exchange() override;

  const Request& request() const override { return request_; }
  std::string TakeBody() override { return std::move(request_.body); }
  void Respond(Response response) override;
  void BeginStream(Response head) override;
  void Write(std::string bytes) override;
  void Finish() override;
  bool closed() const override;
  size_t queued_bytes() const override { return *queued_bytes_; }
  std::shared_ptr<std::atomic<size_t>> queued() const { return queued_bytes_; }

 private:
  friend class Http2Connection;
  const std::shared_ptr<Http2Connection> connection_;
  const int32_t stream_;
  Request request_;
  std::atomic<bool> answered_{false};
  const std::shared_ptr<std::atomic<bool>> stream_closed_ = std::make_shared<std::atomic<bool>>(false);
  const std::shared_ptr<std::atomic<size_t>> queued_bytes_ = std::make_shared<std::atomic<size_t>>(0);
};

class Http2Connection final : public Connection {
 public:
  Http2Connection(ServerContext& context, std::unique_ptr<ByteStream> stream, std::string peer)
      : context_(context),
        stream_(std::move(stream)),
        peer_(std::move(peer)),
        timer_(context.io),
        write_timer_(context.io) {}
  ~Http2Connection() override {
    for (const auto& [id, state] : streams_) context_.body_bytes.fetch_sub(state.counted_body_bytes);
    SetWriting(false);
    nghttp2_session_del(session_);
    context_.connections.fetch_sub(1);
  }

  void Start(std::string first_bytes) override {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnFrameSent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kStreamsMax},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(context_.options.header_bytes_max)},
    };
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
    last_heard_ = context_.clock.Monotonic();
    ArmTimer();
    Receive(first_bytes);
    if (!closed_) Read();
  }

  void Close() override {
    if (closed_.exchange(true)) return;
    timer_.cancel();
    write_timer_.cancel();
    for (auto& [id, state] : streams_) {
      context_.body_bytes.fetch_sub(state.counted_body_bytes);
      if (state.stream_closed != nullptr) state.stream_closed->store(true);
      if (state.dispatched) context_.in_flight.fetch_sub(1);
    }
    streams_.clear();
    stream_->Close();
  }

  void Drain() override {
    if (closed_) return;
    if (streams_.empty()) return Close();
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                          NGHTTP2_NO_ERROR, nullptr, 0);
    Send();
  }

  bool closed() const { return closed_; }

  template <typename Work>
  void Post(Work work) {
    PostInOrder(context_.io, [self = Self(), work = std::move(work)]() mutable { work(*self); });
  }

  void SendHead(int32_t stream, const Response& head, std::string body, bool ended) {
    StreamState* const state = Find(stream);
    if (state == nullptr || state->responded) return;
    state->responded = true;
    Append(*state, std::move(body), ended);
    const std::string status = StrCat(head.status);
    std::vector<nghttp2_nv> fields;
    const auto add = [&](std::string_view name, std::string_view value) {
      fields.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                        reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                        NGHTTP2_NV_FLAG_NONE});
    };
    add(":status", status);
    const std::string date = HttpDate(ToUnixMs(context_.clock.Now()));
    add("date", date);
    const std::string length = StrCat(state->body.size());
    if (ended) add("content-length", length);
    for (const auto& [name, value] : head.headers) add(name, value);
    nghttp2_data_provider provider{};
    provider.source.ptr = this;
    provider.read_callback = ReadBody;
    const bool no_body = state->head_request || (ended && state->body.empty());
    nghttp2_submit_response(session_, stream, fields.data(), fields.size(), no_body ? nullptr : &provider);
    Send();
  }

  void SendData(int32_t stream, std::string bytes, bool ended) {
    StreamState* const state = Find(stream);
    if (state == nullptr || !state->responded || state->ended) return;
    Append(*state, std::move(bytes), ended);
    if (state->body.size() - state->body_sent > context_.options.stream_queue_bytes_max) return Close();
    nghttp2_session_resume_data(session_, stream);
    Send();
  }

 private:
  struct StreamState {
    Request request;
    std::string body;  // Of the response, from body_sent on not yet sent.
    size_t body_sent = 0;
    size_t header_bytes = 0;
    bool head_request = false;
    bool dispatched = false;
    bool refused = false;
    bool refusal_sent = false;
    bool reset_when_answered = false;
    size_t discarded_bytes = 0;
    bool responded = false;
    bool ended = false;  // The response's body is complete.
    size_t counted_body_bytes = 0;
    std::chrono::nanoseconds last_progress{};  // The request's begin; then when the peer last took of the response.
    std::shared_ptr<std::atomic<bool>> stream_closed;
    std::shared_ptr<std::atomic<size_t>> queued_bytes;
  };

  std::shared_ptr<Http2Connection> Self() { return std::static_pointer_cast<Http2Connection>(shared_from_this()); }

  StreamState* Find(int32_t stream) {
    const auto found = streams_.find(stream);
    return found == streams_.end() ? nullptr : &found->second;
  }

  void Append(StreamState& state, std::string bytes, bool ended) {
    if (state.body_sent > 0 && state.body_sent == state.body.size()) {
      state.body.clear();
      state.body_sent = 0;
    }
    if (state.body_sent == state.body.size()) state.last_progress = context_.clock.Monotonic();
    state.body += bytes;
    if (state.queued_bytes != nullptr) state.queued_bytes->store(state.body.size() - state.body_sent);
    state.ended = state.ended || ended;
  }

  void ArmTimer() {
    timer_.expires_after(std::min<std::chrono::nanoseconds>(kCheckInterval, context_.options.idle_timeout));
    timer_.async_wait([self = Self()](error_code error) {
      if (error || self->closed_) return;
      self->CheckTimes();
      if (!self->closed_) self->ArmTimer();
    });
  }

  // Idle connections end; so do streams whose request does not arrive, or whose response the peer does not take.
  void CheckTimes() {
    const ServerOptions& options = context_.options;
    const std::chrono::nanoseconds now = context_.clock.Monotonic();
    if (streams_.empty()) {
      if (now - last_heard_ >= options.idle_timeout) Close();
      return;
    }
    for (auto& [id, state] : streams_) {
      const std::chrono::nanoseconds waited = now - state.last_progress;
      const bool slow_request = !state.dispatched && waited >= options.request_timeout;
      const bool stuck = state.body_sent < state.body.size() && waited >= options.write_timeout;
      if (slow_request && !state.refused) {
        state.reset_when_answered = true;
        Refuse(id, state, 408);
        continue;
      }
      if (slow_request) {
        ResetRefused(id, state);
        continue;
      }
      if (!stuck) continue;
      context_.refused.Add(1);
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    }
    Send();
  }

  void Read() {
    read_buffer_.resize(kReadBytes);
    stream_->ReadSome(read_buffer_, [self = Self()](error_code error, size_t size) {
      if (self->closed_) return;
      if (error) return self->Close();
      self->Receive({self->read_buffer_.data(), size});
      if (!self->closed_) self->Read();
    });
  }

  void Receive(std::string_view bytes) {
    last_heard_ = context_.clock.Monotonic();
    const ssize_t used =
        nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    if (used < 0) {
      context_.refused.Add(1);
      nghttp2_session_terminate_session(session_, NGHTTP2_PROTOCOL_ERROR);
      close_when_written_ = true;
    }
    Send();
  }

  void SetWriting(bool writing) {
    if (writing == writing_) return;
    writing_ = writing;
    context_.writing.fetch_add(writing ? 1 : -1);
  }

  // Takes what nghttp2 has to say, one write at a time.
  void Send() {
    if (closed_ || writing_) return;
    SetWriting(true);  // Before streams end below: who waits for them waits for their bytes too.
    out_.clear();
    while (out_.size() < (1 << 20)) {
      const uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size < 0) {
        SetWriting(false);
        return Close();
      }
      if (size == 0) break;
      out_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
    }
    if (out_.empty()) {
      SetWriting(false);
      const bool done = nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
      const bool over = done || (context_.draining && streams_.empty());
      if (close_when_written_ || over) Close();
      return;
    }
    write_timer_.expires_after(context_.options.write_timeout);
    write_timer_.async_wait([self = Self()](error_code error) {
      if (!error) self->Close();
    });
    stream_->WriteAll(out_, [self = Self()](error_code error, size_t) {
      self->write_timer_.cancel();
      self->SetWriting(false);
      if (error) return self->Close();
      self->Send();
    });
  }

  void Dispatch(int32_t id, StreamState& state) {
    state.dispatched = true;
    Request request = std::move(state.request);
    request.peer = peer_;
    request.http2 = true;
    request.tls = stream_->tls();
    state.head_request = request.method == "HEAD";
    context_.requests.Add(1);
    context_.in_flight.fetch_add(1);
    const bool good = DecodeTarget(request);
    auto exchange = std::make_shared<Http2Exchange>(Self(), id, std::move(request));
    state.stream_closed = exchange->stream_closed_;
    state.queued_bytes = exchange->queued_bytes_;
    if (!good) return exchange->Respond(Response::Text(400, "the request target holds malformed escapes\n"));
    context_.handler(std::move(exchange));
  }

  // Answers a request that is not all there. What still comes of it is thrown away for a while: many clients take a
  // reset while they are sending for a failure, and miss the answer.
  void Refuse(int32_t id, StreamState& state, int status) {
    context_.refused.Add(1);
    state.refused = true;
    state.last_progress = context_.clock.Monotonic();
    context_.body_bytes.fetch_sub(state.counted_body_bytes);
    state.counted_body_bytes = 0;
    state.request = {};
    const std::string text = StrCat(status);
    std::string_view name = ":status";
    const nghttp2_nv field{reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                           reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())), name.size(), text.size(),
                           NGHTTP2_NV_FLAG_NONE};
    nghttp2_submit_response(session_, id, &field, 1, nullptr);
  }

  // A reset that is submitted before the answer is out would take it away.
  void ResetRefused(int32_t id, StreamState& state) {
    state.reset_when_answered = true;
    if (state.refusal_sent) nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
  }

  uint32_t CountReset() {
    const std::chrono::nanoseconds now = context_.clock.Monotonic();
    if (now - resets_began_ > kResetsWindow) {
      resets_began_ = now;
      resets_ = 0;
    }
    return ++resets_;
  }

  static Http2Connection& Of(void* user) { return *static_cast<Http2Connection*>(user); }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      Of(user).streams_[frame->hd.stream_id].last_progress = Of(user).context_.clock.Monotonic();
    }
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* user) {
    Http2Connection& self = Of(user);
    StreamState* const state = self.Find(frame->hd.stream_id);
    if (state == nullptr || state->dispatched || state->refused) return 0;
    state->header_bytes += name_size + value_size + 32;
    if (state->header_bytes > self.context_.options.header_bytes_max) {
      self.Refuse(frame->hd.stream_id, *state, 431);
      return 0;
    }
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":method") {
      state->request.method = std::move(text);
    } else if (key == ":path") {
      state->request.target = std::move(text);
    } else if (key == ":authority") {
      state->request.headers.emplace_back("host", std::move(text));
    } else if (!key.starts_with(':')) {
      state->request.headers.emplace_back(std::string(key), std::move(text));
    }
    return 0;
  }

  static int OnData(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* bytes, size_t size, void* user) {
    Http2Connection& self = Of(user);
    StreamState* const state = self.Find(stream);
    if (state == nullptr || state->dispatched) return 0;
    if (state->refused) {
      state->discarded_bytes += size;
      if (state->discarded_bytes > kDiscardFactor * self.context_.options.body_bytes_max) {
        self.ResetRefused(stream, *state);
      }
      return 0;
    }
    if (state->request.body.size() + size > self.context_.options.body_bytes_max) {
      self.Refuse(stream, *state, 413);
      return 0;
    }
    if (self.context_.body_bytes.fetch_add(size) + size > self.context_.options.all_bodies_bytes_max) {
      self.context_.body_bytes.fetch_sub(size);
      self.context_.refused.Add(1);
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_REFUSED_STREAM);  // May be tried again.
      return 0;
    }
    state->counted_body_bytes += size;
    state->request.body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2Connection& self = Of(user);
    const bool request_part = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (request_part && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      StreamState* const state = self.Find(frame->hd.stream_id);
      if (state != nullptr && !state->dispatched && !state->refused) self.Dispatch(frame->hd.stream_id, *state);
    }
    if (frame->hd.type == NGHTTP2_RST_STREAM && self.CountReset() > kResetsMax) {
      self.context_.refused.Add(1);
      nghttp2_session_terminate_session(self.session_, NGHTTP2_ENHANCE_YOUR_CALM);
    }
    return 0;
  }

  static int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    StreamState* const state = Of(user).Find(frame->hd.stream_id);
    if (state == nullptr || !state->refused) return 0;
    state->refusal_sent = true;
    if (state->reset_when_answered) Of(user).ResetRefused(frame->hd.stream_id, *state);
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, int32_t stream, uint32_t, void* user) {
    Http2Connection& self = Of(user);
    const auto found = self.streams_.find(stream);
    if (found == self.streams_.end()) return 0;
    self.context_.body_bytes.fetch_sub(found->second.counted_body_bytes);
    if (found->second.stream_closed != nullptr) found->second.stream_closed->store(true);
    if (found->second.dispatched) self.context_.in_flight.fetch_sub(1);
    self.streams_.erase(found);
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t stream, uint8_t* into, size_t size, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    Http2Connection& self = Of(source->ptr);
    StreamState* const state = self.Find(stream);
    if (state == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const size_t left = state->body.size() - state->body_sent;
    if (left == 0 && !state->ended) return NGHTTP2_ERR_DEFERRED;
    const size_t count = std::min(left, size);
    std::memcpy(into, state->body.data() + state->body_sent, count);
    state->body_sent += count;
    state->last_progress = self.context_.clock.Monotonic();
    if (state->queued_bytes != nullptr) state->queued_bytes->store(left - count);
    if (state->ended && count == left) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }

  ServerContext& context_;
  const std::unique_ptr<ByteStream> stream_;
  const std::string peer_;
  asio::steady_timer timer_;
  asio::steady_timer write_timer_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, StreamState> streams_;
  std::string read_buffer_;
  std::string out_;
  std::atomic<bool> closed_{false};
  std::chrono::nanoseconds last_heard_{};
  std::chrono::nanoseconds resets_began_{};
  uint32_t resets_ = 0;  // Since then.
  bool writing_ = false;
  bool close_when_written_ = false;
};

Http2Exchange::~Http2Exchange() {
  if (!answered_) {
    connection_->Post(
        [stream = stream_](Http2Connection& c) { c.SendHead(stream, Response::Text(500, ""), "no answer\n", true); });
  } else {
    connection_->Post([stream = stream_](Http2Connection& c) { c.SendData(stream, "", true); });
  }
}

void Http2Exchange::Respond(Response response) {
  if (answered_.exchange(true)) return;
  connection_->Post([stream = stream_, response = std::move(response)](Http2Connection& c) {
    c.SendHead(stream, response, response.body, true);
  });
}

void Http2Exchange::BeginStream(Response head) {
  if (answered_.exchange(true)) return;
  connection_->Post(
      [stream = stream_, head = std::move(head)](Http2Connection& c) { c.SendHead(stream, head, "", false); });
}

void Http2Exchange::Write(std::string bytes) {
  connection_->Post([stream = stream_, bytes = std::move(bytes)](Http2Connection& c) mutable {
    c.SendData(stream, std::move(bytes), false);
  });
}

void Http2Exchange::Finish() {
  connection_->Post([stream = stream_](Http2Connection& c) { c.SendData(stream, "", true); });
}

bool Http2Exchange::closed() const { return connection_->closed() || stream_closed_->load(); }

}  // namespace

std::shared_ptr<Connection> MakeHttp2Connection(ServerContext& context, std::unique_ptr<ByteStream> stream,
                                                std::string peer) {
  return std::make_shared<Http2Connection>(context, std::move(stream), std::move(peer));
}

}  // namespace tailrace::api::http
